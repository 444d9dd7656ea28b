"""A step that reads weights is refused before anything runs where what it names will have none."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from curation.errors import InputError
from pipelines.recipe import load, ready
from pipelines.whole_models import without_weights
from train.options.compatibility import BESIDE, NO_WEIGHTS

DATA = [{"path": "rows.jsonl"}]
TUNED = {"job": "train", "model": "base", "data": DATA}
CLEANED = {"job": "curate", "inputs": ["x.jsonl"]}
EXAMINED = {"job": "evaluate", "models": {"base": "base", "tuned": "step:tuned"}, "tasks": ["t.jsonl"]}
OF_TUNED: dict[str, tuple[str, dict[str, Any]]] = {
    "merge": ("models", {"job": "merge", "models": ["base", "step:tuned"]}),
    "a merge's base": ("base", {"job": "merge", "models": ["a", "b"], "base": "step:tuned", "method": "ties"}),
    "train": ("model", {**TUNED, "model": "step:tuned"}),
    "expand": ("model", {"job": "expand", "model": "step:tuned", "data": ["x.jsonl"]}),
    "grades": ("reinforcement.reward_models", {**TUNED, "method": "grpo",
                                               "reinforcement": {"reward_models": ["step:tuned"]}}),
    "values": ("ppo.critic", {**TUNED, "method": "ppo", "reinforcement": {"check": "number"},
                              "ppo": {"critic": "step:tuned"}}),
    "chooses": ("reward_model", {"job": "synthesize", "method": "best_of", "model": "base", "data": ["x.jsonl"],
                                 "best_of": {"choose": "reward"}, "reward_model": "step:tuned"}),
}  # fmt: skip


def made(steps: dict[str, Any], unless: dict[str, Any] | None = None) -> Any:
    return ready({"steps": steps, "unless": unless or {}}, "r.yaml", Path("nowhere"))


def refused(steps: dict[str, Any], unless: dict[str, Any] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        made(steps, unless)
    return str(caught.value)


@pytest.mark.parametrize("tuning", BESIDE)
@pytest.mark.parametrize("reads", OF_TUNED)
def test_what_stands_beside_its_base_is_no_model_for_a_step_that_reads_weights(tuning: str, reads: str) -> None:
    key, step = OF_TUNED[reads]
    assert refused({"tuned": {**TUNED, "tuning": tuning}, "next": step}) == (
        f"r.yaml: steps.next.{key}: found step:tuned, which leaves what tuning {tuning} learns beside its base, "
        f"expected a step that leaves a whole model: {NO_WEIGHTS[tuning]}"
    )
    for whole in ("lora", "full", "blocks"):
        assert made({"tuned": {**TUNED, "tuning": whole}, "next": step})


def test_a_step_that_leaves_rows_is_no_model() -> None:
    said = refused({"cleaned": CLEANED, "merged": {"job": "merge", "models": ["base", "step:cleaned"]}})
    assert said == ("r.yaml: steps.merged.models: found step:cleaned, a curate step, which leaves no model, expected "
                    "one that does")  # fmt: skip


def test_what_stands_beside_its_base_may_be_asked_through_transformers() -> None:
    tuned = {**TUNED, "tuning": "prefix"}
    assert made({"tuned": tuned, "examined": EXAMINED})
    assert made({"tuned": tuned, "examined": {**EXAMINED, "engine": {"kind": "transformers"}}})
    said = refused({"tuned": tuned, "examined": {**EXAMINED, "engine": {"kind": "vllm"}}})
    assert said == ("r.yaml: steps.examined.models: found step:tuned, and what tuning prefix learns beside its base is "
                    "not served by the engine vllm, expected the engine transformers")  # fmt: skip
    assert made({"tuned": TUNED, "examined": {**EXAMINED, "engine": {"kind": "vllm"}}})


def test_a_step_that_another_stands_for_leaves_what_that_one_leaves() -> None:
    steps = {"tuned": {**TUNED, "tuning": "loreft"}, "examined": EXAMINED, "again": TUNED,
             "merged": {"job": "merge", "models": ["base", "step:again"]}}  # fmt: skip
    assert made(steps)
    rule = {"step": "examined", "forgotten_under": 0.1}
    assert "steps.merged.models: found step:again, which leaves what tuning loreft" in refused(
        steps, {"again": {**rule, "use": "step:tuned"}}
    )
    assert made(steps, {"again": {**rule, "use": "base"}})


def test_a_folder_is_known_before_anything_runs(tmp_path: Path) -> None:
    folder = tmp_path / "tuned-before"
    folder.mkdir()
    (folder / "base.json").write_text(json.dumps({"tuning": "prompt", "name": "raw", "fingerprint": "f"}))
    steps = {"tuned": TUNED, "merged": {"job": "merge", "models": ["step:tuned", str(folder)]}}
    said = refused(steps)
    assert said == (f"r.yaml: steps.merged.models: {folder}: found what tuning prompt learned beside the model raw, "
                    "expected a whole model: a soft prompt is an input before every row, no change of weights, so that "
                    "it cannot be merged or trained on")  # fmt: skip
    beside = {"job": "merge", "models": ["step:tuned", folder.name]}  # a name in the recipe's own folder
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({"steps": {"tuned": TUNED, "merged": beside}}, sort_keys=False))
    with pytest.raises(InputError, match=f"steps.merged.models: {folder}: .* a soft prompt is an input"):
        load(tmp_path / "r.yaml")
    rule = {"step": "examined", "forgotten_under": 0.1, "use": str(folder)}
    assert "unless.again.use: " in refused({"tuned": TUNED, "examined": EXAMINED, "again": TUNED}, {"again": rule})
    (folder / "config.json").write_text("{}")
    assert without_weights(folder) is None and made(steps)


@pytest.mark.parametrize("text", ["{", "[]", '{"tuning": "prompt"}'])
def test_a_statement_that_cannot_be_read_is_left_to_its_reader(tmp_path: Path, text: str) -> None:
    (tmp_path / "base.json").write_text(text)
    assert without_weights(tmp_path) is None
