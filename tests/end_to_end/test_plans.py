"""Plans carried out on the seed model with a few rows: the loop that ends, questions before documents, a kill."""

import importlib
import json
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import child, cli, jobs
from pipelines.demo import tasks
from pipelines.demo.main import MODEL
from pipelines.demo.skills import SKILLS
from pipelines.plans import PLANS

pytestmark = pytest.mark.slow
OLD, NEW = "reverse", "twice"
SMALL = (
    "*.engine.kind=transformers", "*.engine.chunk=8", "*.threads=1", "*.batch_size=4", "*.steps=4", "*.epochs=1",
    "*.learning_rate=1e-3", "*.checkpoint_steps=2", "*.resamples=100", "*.repeat=false",
)  # fmt: skip
SHORT = (
    "examined-1.max_tokens=32", "examined-2.max_tokens=32", "rehearsed-2.max_tokens=64", "*.prompts_per_task=4",
    "*.samples=1",
)  # fmt: skip


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


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What `keepwise run` says; its jobs run in this process, which reads the libraries once, not for each of them."""

    def here(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    for found in pkgutil.iter_modules(jobs.__path__, f"{jobs.__name__}."):
        module = importlib.import_module(found.name)
        if getattr(module, "call", None) is child.call:
            monkeypatch.setattr(module, "call", here)

    def run(*arguments: str | Path) -> str:
        with pytest.raises(SystemExit) as ended:
            cli.main(["run", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert not ended.value.code, err
        return out

    return run


def test_the_loop_ends_when_little_is_forgotten_and_says_so_and_goes_on_when_the_margin_is_narrow(rows, tmp_path, said):
    run = tmp_path / "run"
    out = said(*adaptive(rows, 5.0), "--out", run)
    assert {name for name, why in states(run).items() if why} == {"rehearsed-2", "tuned-2", "examined-2"}
    assert "tuned-2 (train): not needed, examined-1 shows" in out and "tuned-1 stands for it" in out
    assert sorted(path.name for path in (run / "model").iterdir()) == ["tuned-1"]
    assert "Not needed: examined-1 shows" in (run / "report.html").read_text()
    assert "Nothing to do" in said(*adaptive(rows, 5.0), "--out", run)
    weights = (run / "model" / "tuned-1" / "model.safetensors").read_bytes()
    said(*adaptive(rows, 1e-9), "--out", run, *set_("unless.rehearsed-2.forgotten_under=-9",
         "unless.tuned-2.forgotten_under=-9", "unless.examined-2.forgotten_under=-9"))  # fmt: skip
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


TO_THE_END = {  # of each plan what it is given (`@` is the folder of the files), and the models that it leaves
    "pit": ("documents=@pages.jsonl new_documents=@pages.jsonl questions=@asked.jsonl key=page", "read learned"),
    "pit++": (
        "documents=@pages.jsonl new_documents=@pages.jsonl questions=@asked.jsonl key=page",
        "questioned read learned",
    ),
    "ssr": ("data=@demonstrations.jsonl data=@new-tasks.jsonl per_task=2", "learned-1 learned-2"),
    "cpt-sft-dpo": (
        "documents=@pages.jsonl data=@asked.jsonl preferences=@pairs.jsonl merge=true",
        "read tuned preferred merged",
    ),
    "cpt-sft-orpo": ("documents=@pages.jsonl data=@asked.jsonl preferences=@pairs.jsonl", "read tuned preferred"),
    "new-knowledge": ("data=@mixed.jsonl documents=@pages.jsonl samples=2", "questioned read tuned"),
    "adaptive": (
        f"data=@new-tasks.jsonl demos=@demonstrations.jsonl new_tasks={NEW} tasks=@test-{NEW}.jsonl margin=5",
        "tuned-1",
    ),
    "best-of": ("data=@known.jsonl samples=2", "tuned-1"),
    "dapt": ("documents=@pages.jsonl task_texts=@pages.jsonl replay=@replay.jsonl", "domain task"),
    "tapt": ("task_texts=@pages.jsonl", "task"),
    "new-words": ("documents=@pages.jsonl tokens=3 tied=true", "words new-rows learned settled"),
}


@pytest.fixture(scope="module")
def everything(rows: Path) -> Path:
    """Files for every plan: pairs, and rows that the seed model can answer beside some that it cannot."""
    user, answer = ({"role": role, "content": ""} for role in ("user", "assistant"))
    skills = [skill for skill in SKILLS if skill.name in ("add", "capitals")]
    known = [
        {"prompt": [user | {"content": item.prompt}], "completion": [answer | {"content": item.completion}],
         "answer": item.answer, "check": "short_answer"}
        for skill in skills for item in skill.items("train", 6, 4)
    ]  # fmt: skip
    unknown = [
        {"prompt": [user | {"content": f"How many windows has house {n}?"}],
         "completion": [answer | {"content": str(n + 2)}], "answer": str(n + 2), "check": "short_answer"}
        for n in range(6)
    ]  # fmt: skip
    pairs = [{"prompt": row["prompt"], "chosen": row["completion"], "rejected": [answer | {"content": "No."}]}
             for row in known]  # fmt: skip
    for name, found in {"known": known, "mixed": [*known, *unknown], "pairs": pairs}.items():
        (rows / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    (rows / "replay.jsonl").write_text(
        "".join(json.dumps({"text": f"Replay of a rainy day {n}."}) + "\n" for n in range(6))
    )
    return rows


@pytest.mark.long
@pytest.mark.parametrize("plan", PLANS)
def test_every_plan_goes_to_its_end(plan, everything, tmp_path, said):
    words, left = TO_THE_END[plan]
    with_ = [f"--with={word}".replace("@", f"{everything}/") for word in words.split()]
    small = [setting for setting in SMALL if setting.startswith(("*.engine", "*.threads", "*.steps", "*.resamples"))]
    said(plan, "--model", MODEL, *with_, f"--with=tasks={everything}/test-{OLD}.jsonl", "--out", tmp_path / "run",
         *set_(*small))  # fmt: skip
    assert {path.name for path in (tmp_path / "run" / "model").iterdir()} == set(left.split())
    page = (tmp_path / "run" / "report.html").read_text()
    assert all(name in page for name in left.split())
