import json
from pathlib import Path

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from pipelines.jobs.evaluations import Wanted, forgetting, read, write
from pipelines.report.forgetting import controls


def scores(model: str, values: list[float], seed: int = 0, stage: str = "s", task: str = "t") -> pl.DataFrame:
    rows = [{"model": model, "stage": stage, "seed": seed, "task": task, "item": str(n), "source": str(n),
             "metric": "contains", "score": value} for n, value in enumerate(values)]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.EVALUATION)


BASE, LATER = [1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]


def run(folder: Path, *frames: pl.DataFrame, **plan: object) -> str:
    """A run's folder with one evaluation, as the job leaves it."""
    step = folder / "evaluation" / "examined"
    step.mkdir(parents=True)
    for number, frame in enumerate(frames):
        frame.write_parquet(step / f"{number:02d}.parquet")
    (step / "plan.json").write_text(json.dumps({"margin": None, **plan}))
    return str(folder)


def test_runs_of_several_seeds_are_put_together_and_a_base_counts_once(tmp_path: Path) -> None:
    named = [run(tmp_path / str(seed), scores("base", BASE, 0, f"s{seed}"), scores("tuned", LATER, seed), margin=0.1,
                 new_tasks=[], chance={"t": 0.25}) for seed in (1, 2, 3)]  # fmt: skip
    found = read(named)
    assert found.scores.height == 4 + 3 * 4 and found.chance == {"t": 0.25}
    facts = forgetting(found, Wanted(resamples=200, margin=0.1))
    assert (facts["base"], facts["models"], facts["margin"]) == ("base", ["base", "tuned"], 0.1)
    assert facts["sequences"][0]["seeds"] == 3
    assert facts["summary"][0]["forgotten"]["mean"] == pytest.approx(0.5)
    assert facts["scores"][0]["chance"] == 0.25
    write(facts, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == json.loads(json.dumps(facts))


def test_stages_of_several_runs_are_one_sequence(tmp_path: Path) -> None:
    first = run(tmp_path / "1", scores("base", BASE), scores("one", LATER), stages={"one": ["t"]})
    second = run(tmp_path / "2", scores("base", BASE), scores("two", BASE))
    facts = forgetting(read([first, second]), Wanted(stages={"one": ["t"], "two": []}, resamples=100))
    assert [row["stage"] for row in facts["sequences"][0]["matrix"]] == ["base", "one", "two"]
    assert facts["sequences"][0]["measures"]["learning"]["mean"] == -0.5
    assert forgetting(read([first]), Wanted(resamples=100))["sequences"][0]["tasks"][0]["stage"] == "one"
    with pytest.raises(InputError, match="--stage: found 'x', expected a model after the base"):
        forgetting(read([first]), Wanted(stages={"x": ["t"]}))


def test_a_margin_is_that_of_the_plans_or_none(tmp_path: Path) -> None:
    planned = run(tmp_path / "1", scores("base", BASE), scores("a", LATER), margin=0.1)
    other = run(tmp_path / "2", scores("b", LATER), margin=0.2)
    table = tmp_path / "table.parquet"
    pl.concat([scores("base", BASE), scores("a", LATER)]).write_parquet(table)
    with pytest.raises(InputError, match="--margin: found 0.3, and the evaluations fixed 0.1"):
        forgetting(read([planned]), Wanted(margin=0.3))
    with pytest.raises(InputError, match=r"several margins \(0.1, 0.2\)"):
        forgetting(read([planned, other]), Wanted())
    with pytest.raises(InputError, match="--margin: found 0.1, and the evaluations fixed none"):
        forgetting(read([str(table)]), Wanted(margin=0.1))
    assert forgetting(read([str(table)]), Wanted(resamples=100))["comparison"][0]["kept"] is None


def lm_eval(folder: Path, values: list[float], margin: float | None = None, task: str = "arc") -> None:
    """A folder as `lm_eval --log_samples --output_path` leaves it, with the margin in its metadata."""
    lines = [{"doc_id": n, "filter": "none", "metrics": ["acc", "acc_norm", "f1"], "acc": value, "acc_norm": value,
              "f1": 7.5, "arguments": {"gen_args_0": {}, "gen_args_1": {}}}
             for n, value in enumerate(values)]  # fmt: skip
    place = folder / "some__model"
    place.mkdir(parents=True)
    (place / f"samples_{task}_2026-11-21T00-00-00.0.jsonl").write_text(
        "".join(map("{}\n".format, map(json.dumps, lines)))
    )
    metadata = {"version": 1.0, "pretrained": "m"} | ({} if margin is None else {"keepwise_margin": margin})
    (place / "results_2026-11-21T00-00-00.0.json").write_text(json.dumps({"configs": {task: {"metadata": metadata}}}))


def test_what_lm_eval_wrote_is_compared_alike(tmp_path: Path) -> None:
    lm_eval(tmp_path / "before", BASE)
    lm_eval(tmp_path / "after", LATER)
    facts = forgetting(read([f"base={tmp_path / 'before'}", f"tuned={tmp_path / 'after'}"]), Wanted(resamples=100))
    assert facts["summary"][0]["forgotten"]["mean"] == 0.5  # a second view of the items counts once
    assert facts["scores"][0]["chance"] == 0.5 and facts["ignored"] == {"arc": ["f1"]}
    assert [task["metric"] for task in facts["sequences"][0]["tasks"]] == ["acc"]
    assert read([str(tmp_path / "before")]).scores["model"].unique().to_list() == ["before"]


MANY = [1.0] * 100


def test_a_margin_that_lm_eval_was_given_was_there_first(tmp_path: Path) -> None:
    for name in ("base", "tuned"):
        lm_eval(tmp_path / name, MANY, margin=0.1)
    found = read([f"{name}={tmp_path / name}" for name in ("base", "tuned")])
    facts = forgetting(found, Wanted(resamples=200))
    assert (facts["margin"], facts["margin_shown"], facts["comparison"][0]["kept"]) == (0.1, True, True)
    with pytest.raises(InputError, match="--margin: found 0.2, and the evaluations fixed 0.1, .*lm_eval --metadata"):
        forgetting(found, Wanted(margin=0.2))
    lm_eval(tmp_path / "later", MANY, margin=0.2)
    with pytest.raises(InputError, match=r"several margins \(0.1, 0.2\)"):
        forgetting(read([f"{name}={tmp_path / name}" for name in ("base", "later")]), Wanted())


def test_a_margin_given_beside_scores_of_lm_eval_is_taken_and_said_to_be(tmp_path: Path) -> None:
    for name in ("base", "tuned"):
        lm_eval(tmp_path / name, MANY)
    named = [f"{name}={tmp_path / name}" for name in ("base", "tuned")]
    facts = forgetting(read(named), Wanted(margin=0.1, resamples=200))
    assert (facts["margin"], facts["margin_shown"], facts["comparison"][0]["kept"]) == (0.1, False, True)
    assert controls(facts)[0].startswith(
        "margin 0.1, given beside scores of lm-eval, of which not all name one: nothing shows"
    )
    without = forgetting(read(named), Wanted(resamples=200))
    assert without["margin"] is without["margin_shown"] is without["comparison"][0]["kept"] is None
    for margin in (0.0, -0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="--margin: found .*, expected a number above 0"):
            forgetting(read(named), Wanted(margin=margin))


def test_a_margin_of_a_run_beside_scores_of_lm_eval_is_not_shown_for_these(tmp_path: Path) -> None:
    lm_eval(tmp_path / "base", MANY)
    lm_eval(tmp_path / "tuned", MANY)
    named = [f"{name}={tmp_path / name}" for name in ("base", "tuned")]
    planned = run(tmp_path / "1", scores("base", MANY), scores("tuned", MANY), margin=0.1)
    facts = forgetting(read([*named, planned]), Wanted(resamples=200))
    assert (facts["margin"], facts["margin_shown"]) == (0.1, False)
    with pytest.raises(InputError, match="--margin: found 0.2, and the evaluations fixed 0.1"):
        forgetting(read([*named, planned]), Wanted(margin=0.2))
    unplanned = run(tmp_path / "2", scores("base", MANY), scores("tuned", MANY))
    with pytest.raises(InputError, match="--margin: found 0.1, and the evaluations fixed none"):
        forgetting(read([*named, unplanned]), Wanted(margin=0.1))


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None])
def test_a_score_that_is_no_number_is_named(tmp_path: Path, score: float | None) -> None:
    named = run(tmp_path, scores("base", BASE), scores("tuned", [1.0, score, 0.0, 1.0]))  # type: ignore[list-item]
    with pytest.raises(
        InputError, match="item '1' of task 't' has the score .* under model 'tuned', expected a number"
    ):
        read([named])


def test_evaluations_that_asked_otherwise_are_not_compared(tmp_path: Path) -> None:
    first = run(tmp_path / "1", scores("base", BASE), asked={"t": "one"})
    assert read([first, run(tmp_path / "2", scores("a", LATER), asked={"t": "one", "u": "x"})]).scores.height == 8
    with pytest.raises(InputError, match="task 't' was asked otherwise in two of the evaluations"):
        read([first, run(tmp_path / "3", scores("a", LATER), asked={"t": "two"})])


@pytest.mark.parametrize("plan", ["{", "[]", '{"margin": NaN}', '{"margin": -1}', '{"margin": "0.1"}'])
def test_a_damaged_plan_is_named(tmp_path: Path, plan: str) -> None:
    named = run(tmp_path, scores("base", BASE))
    (tmp_path / "evaluation/examined/plan.json").write_text(plan)
    with pytest.raises(InputError, match="plan.json: found .*, expected "):
        read([named])


def test_what_is_no_evaluation_or_says_two_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for text in (str(tmp_path / "empty"), str(tmp_path / "nowhere"), f"a={tmp_path / 'nowhere'}"):
        with pytest.raises(InputError, match="found no evaluation there"):
            read([text])
    pl.DataFrame({"model": ["x"]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="no column 'stage'"):
        read([str(tmp_path / "other.parquet")])
    tables.empty(tables.EVALUATION).write_parquet(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="none.parquet: found no score in it"):
        read([str(tmp_path / "none.parquet")])
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(InputError, match="damaged.parquet: not readable"):
        read([str(tmp_path / "damaged.parquet")])
    twice = [run(tmp_path / "1", scores("m", BASE)), run(tmp_path / "2", scores("m", LATER))]
    with pytest.raises(InputError, match="model 'm' has two scores of task 't', item '\\d' under seed 0"):
        read(twice)
    near = [run(tmp_path / f"near{n}", scores("m", [0.5 + n * 1e-5] * 4)) for n in range(2)]
    assert read(near).scores["score"].to_list() == [0.5] * 4  # likelihoods of two runs, to the last bits
    with pytest.raises(InputError, match="--base: found 'x', expected one of the models"):
        forgetting(read(twice[:1]), Wanted(base="x"))
