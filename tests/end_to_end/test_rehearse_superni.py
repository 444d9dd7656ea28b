"""Tasks of the SSR paper, made up by a model trained on the spot: quotas, copies and cut-off instances counted anew."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks import rehearsal
from pipelines.recipe import load
from pipelines.runner import run_recipe

pytestmark = [pytest.mark.shared_data, pytest.mark.slow, pytest.mark.long]

MODEL = Path(__file__).resolve().parents[2] / "pipelines" / "demo" / "seed_model"
TASKS = ("para", "pos")
STEPS = ("tuned", "nearest", "tokens", "real_random")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("superni")
    path = rehearsal.recipe(folder, shared_data, MODEL, TASKS, 200, 40, per_task=4, prompts_per_task=60, samples=1,
                            max_tokens=96, engine={"kind": "transformers"})  # fmt: skip
    tree = json.loads(path.read_text(encoding="utf-8"))
    tree["steps"] = {name: tree["steps"][name] for name in STEPS}
    path.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    finished = run_recipe(load(path), folder / "run", lambda line: None)
    return folder, {name: output.facts for name, output in finished.outputs.items()}


def test_no_quota_is_exceeded_and_shortfalls_are_said(run: tuple[Path, dict[str, Any]]) -> None:
    folder, facts = run
    for step in ("nearest", "real_random"):
        samples = pl.read_parquet(folder / "run" / "samples" / step / "rehearse.parquet")
        for task in TASKS:
            kept, told = samples.filter(pl.col("task") == task).height, facts[step]["tasks"][task]
            assert kept == told["kept"] <= 4 == told["wanted"]
            assert facts[step]["shortfall"].get(task, 0) == 4 - kept
    assert facts["nearest"]["samples"] >= 1 and facts["real_random"]["samples"] == 8
    assert facts["tokens"]["wanted"] == 2000 >= facts["tokens"]["spent"] > 0


def test_nothing_is_copied_repeated_or_cut_off(run: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = run
    demos = [json.loads(line) for line in (folder / "demos.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["task"] for row in demos} == set(TASKS) and len(demos) > 20
    for step in ("nearest", "tokens"):
        found = rehearsal.counted(folder / "run", step, demos)
        assert found["rows"] >= 1 and (found["copies"], found["equal"], found["cut off"]) == (0, 0, 0)


def test_every_request_is_a_sample_or_a_ledger_row(run: tuple[Path, dict[str, Any]]) -> None:
    folder, facts = run
    for step in ("nearest", "tokens"):
        samples = pl.read_parquet(folder / "run" / "samples" / step / "rehearse.parquet")
        ledger = pl.read_parquet(folder / "run" / "ledger" / step / "rehearse.parquet").filter(stage="rehearse")
        assert samples.height + ledger.height == facts[step]["requests"] == 120
