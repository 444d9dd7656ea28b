"""Plans carried out on the seed model with a few rows: the loop that ends, questions before documents, a kill."""

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.demo import tasks
from pipelines.demo.main import MODEL

pytestmark = pytest.mark.slow
OLD, NEW = "reverse", "twice"
SMALL = (
    "*.engine.kind=transformers", "*.engine.chunk=8", "*.threads=1", "*.batch_size=4", "*.steps=4", "*.epochs=1",
    "*.learning_rate=1e-3", "*.checkpoint_steps=2", "*.resamples=100", "*.repeat=false",
    "*.prompts_per_task=4", "*.samples=1",
)  # fmt: skip
SHORT = ("examined-1.max_tokens=32", "examined-2.max_tokens=32", "rehearsed-2.max_tokens=64")


def first(path: Path, count: int, name: str) -> Path:
    """Leave the first rows of a task in a file."""
    lines = [line for line in path.read_text().splitlines(keepends=True) if json.loads(line)["task"] == name]
    path.write_text("".join(lines[:count]))
    return path


def set_(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    written = tasks.write_tasks(folder, seed=5, small=True)
    first(written["new"][0], 8, NEW)
    first(written["demos"][0], 4, OLD)
    for path in written["tests"]:
        if path.stem in (f"test-{OLD}", f"test-{NEW}"):
            first(path, 4, path.stem.removeprefix("test-"))
    pages = [{"text": f"The house of {n} has {n + 2} windows and a red door.", "page": n} for n in range(6)]
    (folder / "pages.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pages))
    asked = [{"prompt": f"How many windows has house {n}?", "completion": f"{n + 2}", "page": n} for n in range(6)]
    (folder / "asked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    return folder


def adaptive(rows: Path, margin: float) -> list[str]:
    given = {
        "data": "new-tasks.jsonl",
        "demos": "demonstrations.jsonl",
        "tasks": f"[test-{OLD}.jsonl, test-{NEW}.jsonl]",
    }
    words = [f"--with={key}={value.replace('test-', f'{rows}/test-') if '[' in value else rows / value}"
             for key, value in given.items()]  # fmt: skip
    words += [f"--with=new_tasks={NEW}", f"--with=margin={margin}", "--with=rounds=2", "--with=per_task=2"]
    return ["adaptive", "--model", str(MODEL), *words, *set_(*SMALL, *SHORT)]


def states(run: Path) -> dict[str, str | None]:
    """Of each step, why it was not needed, as the report has it."""
    report = json.loads((run / "report.json").read_text())
    return {step["name"]: step["facts"].get("not_needed", {}).get("why") for step in report["steps"]}


def test_the_loop_ends_when_little_is_forgotten_and_says_so_and_goes_on_when_the_margin_is_narrow(
    rows, tmp_path, keepwise
):
    run = tmp_path / "run"
    ended = keepwise("run", *adaptive(rows, 5.0), "--out", run)
    assert ended.code == 0, ended.err
    assert {name for name, why in states(run).items() if why} == {"rehearsed-2", "tuned-2", "examined-2"}
    assert "tuned-2 (train): not needed, examined-1 shows" in ended.out and "tuned-1 stands for it" in ended.out
    assert sorted(path.name for path in (run / "model").iterdir()) == ["tuned-1"]
    assert "Not needed: examined-1 shows" in (run / "report.html").read_text()
    again = keepwise("run", *adaptive(rows, 5.0), "--out", run)
    assert "Nothing to do" in again.out
    weights = (run / "model" / "tuned-1" / "model.safetensors").read_bytes()
    ended = keepwise("run", *adaptive(rows, 1e-9), "--out", run, *set_("unless.rehearsed-2.forgotten_under=-9",
                     "unless.tuned-2.forgotten_under=-9", "unless.examined-2.forgotten_under=-9"))  # fmt: skip
    assert ended.code == 0, ended.err
    assert not any(states(run).values())
    assert (run / "model" / "tuned-1" / "model.safetensors").read_bytes() == weights
    card = json.loads((run / "model" / "tuned-2" / "run_card.json").read_text())
    assert sorted(card["sources"]) == ["new-tasks.jsonl", "rehearsed-2"]
    facts = json.loads((run / "report.json").read_text())["steps"][2]["facts"]
    assert facts["forgotten"] and facts["tasks"][OLD]["wanted"] == 2


def pit(rows: Path) -> list[str]:
    given = [f"--with={key}={rows / name}" for key, name in
             (("documents", "pages.jsonl"), ("new_documents", "pages.jsonl"), ("questions", "asked.jsonl"),
              ("tasks", f"test-{OLD}.jsonl"))]  # fmt: skip
    return ["pit", "--model", str(MODEL), *given, "--with=key=page", *set_(*SMALL, "examined.max_tokens=32")]


@pytest.mark.long
def test_a_plan_killed_in_its_stages_ends_with_the_same_bytes(rows, tmp_path, keepwise, contents):
    whole, run = tmp_path / "whole", tmp_path / "run"
    ended = keepwise("run", *pit(rows), "--out", whole)
    assert ended.code == 0, ended.err
    moments = [
        lambda: any((run / "work" / "read").rglob("trainer_state.json")),
        lambda: (run / "model" / "read").is_dir(),
        lambda: any((run / "work" / "learned").rglob("trainer_state.json")),
        lambda: (run / "evaluation" / "examined" / "00.parquet").is_file(),
    ]
    for when in moments:
        assert keepwise.killed(when, "run", *pit(rows), "--out", run), "the run ended before it was killed"
    ended = keepwise("run", *pit(rows), "--out", run)
    assert ended.code == 0, ended.err
    assert contents(run) == contents(whole)
    assert {name.split("/")[1] for name in contents(run) if name.startswith("model/")} == {"read", "learned"}
    source = pl.read_parquet(run / "work" / "read" / "source-0.parquet")
    assert source["text"].null_count() == 6 and source["text"].is_null().to_list()[:2] == [True, False]
