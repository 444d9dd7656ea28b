"""What the experiment asks and how it counts; the models it trains are not part of these tests."""

from pathlib import Path

import polars as pl
import pytest

from benchmarks import forgetting
from benchmarks.forgetting import AGAIN, ARMS, BASE, BOTH, HARMFUL, HARMLESS, NEW, REHEARSED, SDFT, SFT, SHAM
from curation import tables
from pipelines.demo.skills import SKILLS
from pipelines.demo.skills.english import CONSENT, REFUSAL
from pipelines.demo.skills.vocabulary import HURTING, SOMEBODY
from pipelines.recipe import references, validate

SEEDS = (1, 2)
ITEMS = 10
OLD = ("add", "reverse")
# Of ten items: right on each new task, on each old one, harmful refused, harmless not refused.
RIGHT = {
    BASE: (0, 10, 10, 10), AGAIN: (0, 10, 10, 10), SFT: (10, 0, 0, 10), SDFT: (10, 4, 2, 5),
    REHEARSED: (8, 9, 10, 10), BOTH: (10, 10, 10, 9), SHAM: (0, 10, 10, 10),
}  # fmt: skip


@pytest.fixture(scope="module")
def scores() -> pl.DataFrame:
    rows = []
    for model, (new, old, harmful, harmless) in RIGHT.items():
        counts = dict.fromkeys(NEW, new) | dict.fromkeys(OLD, old) | {HARMFUL: harmful, HARMLESS: harmless}
        for seed in (17,) if model == BASE else SEEDS:
            for task, right in counts.items():
                for number in range(ITEMS):
                    score = float(number < right)
                    helps = task == HARMLESS and score and number != 1  # one is met with neither
                    metric = {HARMFUL: "refusal", HARMLESS: "no_refusal"}.get(task, "contains")
                    rows.append(
                        {
                            "model": model, "stage": "examined", "seed": seed, "task": task, "item": str(number),
                            "source": f"{task}/{number}", "cluster": None, "metric": metric, "score": score,
                            "prediction": CONSENT if helps else "", "finish_reason": "stop",
                        }
                    )  # fmt: skip
    return pl.DataFrame(rows, schema=tables.EVALUATION)


def cells(lines: list[str], first: str) -> list[str]:
    [line] = [line for line in lines if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_arms_differ_in_their_rows_alone_and_their_shares_are_whole(tmp_path):
    files = {"new": [tmp_path / "new.jsonl"], "tests": [tmp_path / "test-add.jsonl"], "demos": [tmp_path / "d.jsonl"]}
    tree = forgetting.seed_tree(files, tmp_path / "sets", 3, 7)
    recipe = validate(tree, "seed")
    trained = {name: step.model_dump() for name, step in recipe.steps.items() if step.job == "train"}
    assert len(trained) == len(ARMS)
    assert {str({key: value for key, value in step.items() if key != "data"}) for step in trained.values()} == {
        str({key: value for key, value in trained[forgetting.step_name(SFT)].items() if key != "data"})
    }
    for step in trained.values():
        assert step["steps"] == 7
        assert sum(part["weight"] for part in step["data"]) == pytest.approx(1)
    assert references(recipe.steps["examined"]) == list(trained)
    assert recipe.seed == 3
    sources = {name: {Path(part["path"]).stem for part in step["data"]} for name, step in trained.items()}
    assert sources[forgetting.step_name(SHAM)] == {"rehearsal"}
    assert sources[forgetting.step_name(BOTH)] == {"distilled", "rehearsal"}
    sets = validate(forgetting.sets_tree(files, False), "sets")
    assert [step.job for step in sets.steps.values()] == ["distill", "rehearse", "evaluate"]


def test_harmful_requests_are_to_be_refused_and_look_alikes_are_not():
    [skill] = [skill for skill in SKILLS if skill.name == "safety"]
    found = forgetting.safety_rows(skill, 100, 17)
    assert sum(map(len, found.values())) == 100
    for kind, metric in ((HARMFUL, "refusal"), (HARMLESS, "no_refusal")):
        assert found[kind]
        for row in found[kind]:
            content = row["source"].removeprefix("safety/")
            verb, _, thing = content.partition(" ")
            assert content in row["prompt"][0]["content"]
            assert (verb in HURTING and thing in SOMEBODY) == (kind == HARMFUL)
            assert verb in HURTING or thing in SOMEBODY  # half of a harmful request stands in every look-alike
            assert row["metric"] == metric
            assert row["references"] == [REFUSAL]
    sources = [row["source"] for rows in found.values() for row in rows]
    assert len(set(sources)) < len(sources)  # phrasings of one request are of one source


def test_learning_forgetting_and_safety_stand_side_by_side(scores):
    lines = forgetting.main_table(scores, resamples=200)
    assert cells(lines, BASE)[4:] == ["100.0", "0.0", "90.0"]
    assert cells(lines, SFT) == ["100.0 [100.0, 100.0]", "100.0 [100.0, 100.0]", "not shown", "2", "0.0", "0.0", "90.0"]
    learned, forgotten, kept, lost, *safety = cells(lines, SDFT)
    assert (learned[:5], forgotten[:4], kept, lost) == ("100.0", "60.0", "not shown", "2")
    assert safety == ["20.0", "50.0", "40.0"]  # half refused, one of the others met with neither
    for control in (AGAIN, SHAM):  # ten items of a task, none of which changed, cannot show a loss below two points
        assert cells(lines, control)[:4] == ["0.0 [0.0, 0.0]", "0.0 [0.0, 0.0]", "not shown", "0"]


def test_many_items_that_stay_right_show_that_little_is_forgotten(scores):
    many = pl.concat(
        scores.with_columns(pl.format("{}, {}", "item", pl.lit(copy)).alias("item"),
                            pl.format("{}, {}", "source", pl.lit(copy)).alias("source"))
        for copy in range(20)
    )  # fmt: skip
    lines = forgetting.main_table(many, resamples=200)
    assert {model: cells(lines, model)[2] for model in (AGAIN, SHAM, SDFT)} == {
        AGAIN: "yes", SHAM: "yes", SDFT: "not shown"
    }  # fmt: skip


def test_what_safety_loses_is_not_counted_as_forgotten(scores):
    changed = scores.with_columns(
        score=pl.when((pl.col("model") == SHAM) & forgetting.is_safety()).then(0.0).otherwise("score")
    )
    lines = forgetting.main_table(changed, resamples=200)
    assert cells(lines, SHAM)[:4] == ["0.0 [0.0, 0.0]", "0.0 [0.0, 0.0]", "not shown", "0"]
    assert cells(lines, SHAM)[4:6] == ["0.0", "100.0"]
    [line] = [line for line in forgetting.safety_table(changed, 200) if line.startswith(f"| {SHAM} | harmful")]
    assert "| 100.0 | 0.0 | -100.0 [-100.0, -100.0]" in line


def test_arms_are_compared_with_each_other_item_by_item(scores):
    lines = forgetting.contrast_table(scores, resamples=200)
    assert cells(lines, f"{BOTH} than {SFT}") == ["0.0 [0.0, 0.0]", "-100.0 [-100.0, -100.0]"]
    learned, lost = cells(lines, f"{REHEARSED} than {SFT}")
    assert (learned.split(" ")[0], lost.split(" ")[0]) == ("-20.0", "-90.0")
    assert len(lines) == 2 + len(forgetting.CONTRASTS)


def test_seeds_and_tasks_are_shown_one_by_one(scores):
    uneven = scores.with_columns(
        score=pl.when((pl.col("model") == SFT) & (pl.col("seed") == 2) & pl.col("task").is_in(OLD))
        .then(1.0).otherwise("score")
    )  # fmt: skip
    assert cells(forgetting.seed_table(uneven, SEEDS), SFT) == ["100.0, 100.0", "100.0, 0.0"]
    lines = forgetting.task_table(uneven)
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        *(f"{name} (new)" for name in sorted(NEW)), *OLD, HARMFUL, HARMLESS,
    ]  # fmt: skip
    assert cells(lines, "add") == ["100.0", "50.0", "40.0", "90.0", "100.0", "100.0"]


def test_the_chart_stands_alone(scores):
    drawn = forgetting.chart(scores, resamples=200)
    assert drawn.startswith("<svg")
    assert "var(" not in drawn
    assert all(arm in drawn for arm in ARMS)
