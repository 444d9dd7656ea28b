"""Every job of a recipe is interrupted, continued, repeated and changed, on a recipe of a few rows."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from pipelines.demo import tasks
from pipelines.demo.main import MODEL
from pipelines.demo.skills import SKILLS

pytestmark = [pytest.mark.slow, pytest.mark.long]
OLD, ROWS = [skill.name for skill in SKILLS[:2]], 12
JOBS = ("corpus", "distilled", "rehearsal", "tuned", "examined")


def first(path: Path, count: int, names: list[str]) -> None:
    """Leave the first rows of each of some tasks in a file."""
    lines = path.read_text().splitlines(keepends=True)
    kept = [[line for line in lines if json.loads(line)["task"] == name][:count] for name in names]
    path.write_text("".join(line for part in kept for line in part))


def recipe(folder: Path) -> Path:
    """A recipe of all five jobs through the portable engine, which starts soon; the demo is the same through vLLM."""
    written = tasks.write_tasks(folder, seed=5, small=True)
    first(written["new"][0], ROWS, ["twice"])
    first(written["demos"][0], 4, OLD)
    examined = [path for path in written["tests"] if path.stem in {f"test-{name}" for name in OLD}]
    for path in examined:
        first(path, 10, OLD)
    texts = [f"Sentence number {n} of this page says that the {n} of them have been with us for a while, and that "
             f"is all that there is to say about it in a page of this length. " * 3 for n in range(40)]  # fmt: skip
    (folder / "pages.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in [*texts, *texts[:9]]))
    portable = {"kind": "transformers", "chunk": 8}
    tree = {
        "name": "all five jobs",
        "seed": 5,
        "steps": {
            "corpus": {"job": "curate", "inputs": ["pages.jsonl"]},
            "distilled": {"job": "distill", "model": str(MODEL), "data": ["new-tasks.jsonl"], "canaries": 12,
                          "max_tokens": 48, "engine": {**portable, "chunk": 16}},
            "rehearsal": {"job": "rehearse", "model": str(MODEL), "demos": ["demonstrations.jsonl"], "per_task": 3,
                          "samples": 1, "max_tokens": 64, "engine": portable},
            "tuned": {"job": "train", "model": str(MODEL), "steps": 6, "batch_size": 4, "checkpoint_steps": 2,
                      "threads": 1, "data": [{"path": "step:distilled", "weight": 2},
                                             {"path": "step:rehearsal", "weight": 1}]},
            "examined": {"job": "evaluate", "models": {"seed": str(MODEL), "tuned": "step:tuned"}, "max_tokens": 32,
                         "tasks": [path.name for path in examined], "resamples": 100, "engine": portable},
        },
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
    return folder / "recipe.yaml"


@pytest.fixture(scope="module")
def whole(tmp_path_factory, keepwise) -> Path:
    """The recipe, carried out once without interruption."""
    folder = tmp_path_factory.mktemp("recipe")
    ended = keepwise("run", recipe(folder), "--out", folder / "run")
    assert ended.code == 0, ended.err
    return folder


def recorded(run: Path) -> list[str]:
    lines = (run / "manifest.jsonl").read_text().splitlines() if (run / "manifest.jsonl").is_file() else []
    return [json.loads(line)["task"] for line in lines if line.endswith("}")]


def test_a_recipe_killed_in_every_job_ends_with_the_same_bytes(whole, tmp_path, keepwise, contents):
    run = tmp_path / "run"
    moments = [
        lambda: (run / "work" / "engine.sqlite").is_file() and (run / "work" / "engine.sqlite").stat().st_size > 20_000,
        lambda: "distilled/distill" in recorded(run),
        lambda: any((run / "work" / "tuned").rglob("trainer_state.json")),
        lambda: (run / "evaluation" / "examined" / "00.parquet").is_file(),
    ]
    for when in moments:
        assert keepwise.killed(when, "run", whole / "recipe.yaml", "--out", run), "the run ended before it was killed"
    ended = keepwise("run", whole / "recipe.yaml", "--out", run)
    assert ended.code == 0, ended.err
    expected = contents(whole / "run")
    assert {name.split("/")[1] for name in expected} >= {"corpus", "distilled", "rehearsal", "tuned", "examined"}
    assert contents(run) == expected
    assert len(recorded(run)) == len(set(recorded(run))), "a finished task was done twice"


def test_a_second_run_does_nothing_and_says_so(whole, keepwise, contents):
    before, manifest = contents(whole / "run"), (whole / "run" / "manifest.jsonl").read_bytes()
    ended = keepwise("run", whole / "recipe.yaml", "--out", whole / "run")
    assert ended.code == 0, ended.err
    assert "Nothing to do" in ended.out
    assert contents(whole / "run") == before
    assert (whole / "run" / "manifest.jsonl").read_bytes() == manifest


@pytest.mark.parametrize(
    ("setting", "steps"),
    [
        ("corpus.minhash.threshold=0.9", {"corpus"}),
        ("distilled.max_tokens=2", {"distilled", "tuned", "examined"}),
        ("rehearsal.per_task=2", {"rehearsal", "tuned", "examined"}),
        ("tuned.learning_rate=1e-3", {"tuned", "examined"}),
        ("examined.resamples=120", {"examined"}),
    ],
)
def test_a_changed_setting_reruns_its_step_and_what_depends_on_it(whole, tmp_path, keepwise, setting, steps):
    run = tmp_path / "run"
    shutil.copytree(whole / "run", run)
    before = len(recorded(run))
    ended = keepwise("run", whole / "recipe.yaml", "--out", run, "--set", setting)
    assert ended.code == 0, ended.err
    added = recorded(run)[before:]
    assert {task.split("/")[0] for task in added} == steps
    assert "examined/examine/00" not in added, "the seed model did not change"
