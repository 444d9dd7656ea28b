"""The evaluate job as a user has it: one run with every control, looked at from all sides."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import torch
from safetensors.torch import load_file, save_file

import pipelines.demo
from curation import tables
from curation.selection import AdaptiveOptions
from pipelines import cli
from pipelines.jobs import evaluations, rehearse

SEED_MODEL = Path(pipelines.demo.__file__).parent / "seed_model"
COLOURS = ("red", "blue", "green", "brown", "black", "white")


def chat(name: str, asked: str, metric: str, **more: object) -> dict:
    return {"id": name, "prompt": [{"role": "user", "content": asked}], "metric": metric, **more}


def write(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module", autouse=True)
def here() -> Iterator[None]:
    """Models are opened in this process: six others would each import what this one has (`test_child` is of those)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.jobs.evaluate.call", lambda function, *arguments: function(*arguments))
        yield


@pytest.fixture(scope="module")
def done(here: None, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The seed model, a copy of it as a sham, and one with noise on its weights, on old tasks and a new one."""
    folder = tmp_path_factory.mktemp("evaluate")
    noisy = folder / "noisy"
    shutil.copytree(SEED_MODEL, noisy)
    torch.manual_seed(3)
    weights = load_file(noisy / "model.safetensors")
    save_file({name: one + 0.05 * one.float().std() * torch.randn(one.shape) if one.dim() > 1 else one
               for name, one in weights.items()}, noisy / "model.safetensors", metadata={"format": "pt"})  # fmt: skip
    choices = [chat(f"{n}", f"The colour is {one}. Which colour is it?", "choice", references=[one],
                    choices=[one, COLOURS[n - 1]], **({"split": "train"} if n > 3 else {}))
               for n, one in enumerate(COLOURS)]  # fmt: skip
    sums = [chat(f"s{n}", f"What is {n} plus 1?", "check", check="number", references=[str(n + 1)]) for n in range(4)]
    sums += [chat(f"c{n}", f"Name a fruit that is {one}.", "check", check="regex", pattern="(?s).*") for n, one in
             enumerate(COLOURS[:4])]  # fmt: skip
    sums += [{**row, "id": f"d{row['id']}", "split": "train"} for row in
             [chat("x", "Say 7.", "check", check="number", references=["7"]),
              chat("y", "Say 8.", "check", check="number", references=["8"])]]  # fmt: skip
    texts = [{"id": str(n), "text": f"Once there was a {one} bird in a {one} tree.", "metric": "bits_per_byte"}
             for n, one in enumerate(COLOURS)]  # fmt: skip
    files = [write(folder / f"{name}.jsonl", rows) for name, rows in
             (("colours", choices), ("sums", sums), ("birds", texts))]  # fmt: skip
    arguments = ["evaluate", "--model", f"seed={SEED_MODEL}", "--model", f"sham={SEED_MODEL}", "--model",
                 f"noisy={noisy}", *(part for file in files for part in ("--tasks", file)), "--out", folder / "run",
                 "--new-task", "colours", "--sham", "sham", "--stage", "noisy=colours", "--shots", 2, "--clusters", 2,
                 "--drift", 3, "--set", "engine.kind=transformers", "--set", "resamples=200",
                 "--set", "max_tokens=12"]  # fmt: skip
    assert run(*arguments, "--margin", 0.3) == 0
    place = folder / "run" / "evaluation" / "evaluate"
    return SimpleNamespace(
        folder=folder, run=folder / "run", place=place, files=files, arguments=arguments,
        facts=json.loads((folder / "run/work/facts.json").read_text())["evaluate"],
        scores=pl.concat([pl.read_parquet(file) for file in sorted(place.glob("*.parquet"))]),
    )  # fmt: skip


def test_every_item_is_scored_under_every_model_and_rows_to_show_are_not(done: SimpleNamespace) -> None:
    tables.check(done.scores, tables.EVALUATION)
    lengths = {(task, metric): count for task, metric, count in
               done.scores.group_by("task", "metric").len().iter_rows()}  # fmt: skip
    assert lengths == {("colours", "choice"): 12, ("colours", "choice_per_byte"): 12, ("sums", "check"): 24,
                       ("birds", "bits_per_byte"): 18}  # fmt: skip
    passed = done.scores.filter(pl.col("item").str.starts_with("c") & (pl.col("metric") == "check"))
    assert passed["score"].min() == 1.0


def test_the_plan_was_there_first_and_names_the_margin(done: SimpleNamespace) -> None:
    plan = json.loads((done.place / "plan.json").read_text())
    assert (plan["margin"], plan["shots"], plan["sham"]) == (0.3, 2, "sham")
    assert plan["chance"] == {"colours": 0.5}
    assert sorted(plan["asked"]) == ["birds", "colours", "sums"]
    assert done.facts["plan"]["fingerprint"] == tables.fingerprint(plan)
    order = [json.loads(line)["task"] for line in (done.run / "manifest.jsonl").read_text().splitlines()]
    assert order[0] == "evaluate/plan" and order[1] == "evaluate/examine/00"


def test_a_margin_that_comes_after_the_scores_is_refused(done: SimpleNamespace, refused) -> None:
    assert "margin: found 0.5 where scores exist that were made with 0.3" in refused(*done.arguments, "--margin", 0.5)
    message = refused("forgetting", done.run, "--out", done.folder / "f.json", "--margin", 0.5)
    assert "--margin: found 0.5, and the evaluations fixed 0.3" in message


def test_what_no_answer_could_change_is_refused_before_any(done: SimpleNamespace, refused) -> None:
    models = ["evaluate", "--model", f"a={SEED_MODEL}", "--model", f"b={SEED_MODEL}", "--out", done.folder / "refused"]
    birds = [*models, "--tasks", done.files[2]]
    for named in (["--new-task", "birs"], ["--stage", "b=birs"]):
        assert "new_tasks: found 'birs', expected tasks of the task files (birds)" in refused(*birds, *named)
    assert "drift: found no old task whose answers are generated" in refused(*birds, "--drift", 3)
    sums = [*models, "--tasks", done.files[1], "--new-task", "sums", "--drift", 3]
    assert "drift: found no old task" in refused(*sums)
    assert not (done.folder / "refused" / "evaluation").exists()


def test_the_same_model_measured_again_is_the_same(done: SimpleNamespace) -> None:
    assert done.facts["repeated"]["items"] == 4 + 4 + 8 + 6
    assert (done.facts["repeated"]["unlike"], done.facts["repeated"]["reworded"]) == (0, 0)
    same = [row for row in done.facts["comparison"] if row["model"] == "sham"]
    assert {row["difference"] for row in same} == {0.0}
    said = {row["task"]: (row["kept"], row["equivalent"]) for row in same if row["metric"] != "choice_per_byte"}
    assert said["birds"] == (True, True), "not a bit has changed"
    assert said["colours"] == (False, False), "four items, all as before, do not rule out that three in ten are lost"


def test_drift_is_nothing_for_the_same_and_something_for_another(done: SimpleNamespace) -> None:
    sham, noisy = done.facts["drift"]
    assert (sham["model"], sham["forward"], sham["reverse"]) == ("sham", 0.0, 0.0)
    assert noisy["forward"] > 1e-3 and noisy["answers"] == 3


def test_the_others_stand_beside_the_sham_and_stages_in_a_matrix(done: SimpleNamespace) -> None:
    assert done.facts["sham"]["name"] == "sham"
    assert {row["model"] for row in done.facts["sham"]["summary"]} == {"noisy"}
    score, bits = done.facts["sequences"]
    assert [row["stage"] for row in score["matrix"]] == ["seed", "noisy"]
    assert [task["task"] for task in score["tasks"]] == ["sums", "colours"]
    before, after = (row["cells"][0]["mean"] for row in bits["matrix"])
    assert before != after  # bits a byte: the best is the lowest
    assert bits["measures"]["forgetting"]["mean"] == pytest.approx(after - min(before, after))


def test_what_was_forgotten_by_region_steers_a_rehearsal(done: SimpleNamespace) -> None:
    from synth.rehearse import plan

    assert set(done.scores.filter(task="sums")["cluster"]) == {0, 1}
    split = done.scores.filter((pl.col("task") == "sums") & (pl.col("model") == "seed")).sort("item")
    assert split["cluster"].to_list() == [0] * 4 + [1] * 4  # fruit and sums, apart
    table = rehearse._evaluation(str(done.place))
    planned = plan(table, rehearse._items([str(file) for file in done.files]), ["sums"], AdaptiveOptions())
    assert set(planned.regions["sums"].texts) == {0, 1}
    assert {row["cluster"] for row in done.facts["clusters"] if row["task"] == "sums"} == {0, 1}


def test_forgetting_reads_the_run_and_writes_the_same_figures(done: SimpleNamespace, capsys) -> None:
    out = done.folder / "forgetting.json"
    assert run("forgetting", done.run, "--out", out, "--resamples", 200, "--margin", 0.3) == 0
    facts = json.loads(out.read_text())
    assert facts["comparison"] == [{**row, "stage": ""} for row in done.facts["comparison"]]
    assert facts["sequences"] == done.facts["sequences"]
    said = capsys.readouterr().out
    for words in ("backward transfer (BWT)", "beyond the sham", "margin 0.3, fixed before there were scores"):
        assert words in said, said


@pytest.mark.vllm
def test_vllm_scores_as_transformers_does(done: SimpleNamespace) -> None:
    arguments = ["evaluate", "--model", f"seed={SEED_MODEL}", "--out", done.folder / "vllm", "--shots", 2, "--set",
                 "engine.kind=vllm", "--set", "max_tokens=12",
                 *(part for file in done.files for part in ("--tasks", file))]  # fmt: skip
    assert run(*arguments) == 0
    other = pl.read_parquet(done.folder / "vllm/evaluation/evaluate/00.parquet")
    both = other.join(done.scores.filter(model="seed"), on=["task", "item", "metric"])
    assert both.height == other.height == 22
    bits = both.filter(metric="bits_per_byte")
    assert (bits["score"] - bits["score_right"]).abs().max() < 2e-2  # type: ignore[operator]
    assert (both["score"] - both["score_right"]).abs().mean() < 0.1  # type: ignore[operator]


def test_evaluations_of_several_seeds_are_one_table(done: SimpleNamespace, tmp_path: Path) -> None:
    for seed in (1, 2):
        done.scores.with_columns(seed=pl.lit(seed, pl.Int64)).write_parquet(tmp_path / f"{seed}.parquet")
    found = evaluations.read([str(tmp_path / f"{seed}.parquet") for seed in (1, 2)])
    assert found.scores["seed"].unique().sort().to_list() == [1, 2]
    facts = evaluations.forgetting(found, evaluations.Wanted(new_tasks=["colours"], resamples=200))
    assert facts["seeds"] == [1, 2] and facts["margin"] is None
