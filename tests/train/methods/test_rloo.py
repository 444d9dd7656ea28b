import json
from pathlib import Path

import pytest

from train import models
from train.methods.setup import Progress
from train.options.blocks import Blocks
from train.options.reinforcement import Reinforcement
from train.options.run import Source, TrainOptions
from train.training import train


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "prompts.jsonl"
    rows = [{"prompt": [{"role": "user", "content": word}]} for word in ("ab", "cd", "ef", "gh")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def options(model: Path, prompts: Path, **given: object) -> TrainOptions:
    return TrainOptions(**{
        "model": str(model), "data": (Source(prompts),), "method": "rloo", "tuning": "full", "steps": 4,
        "batch_size": 4, "learning_rate": 3e-3, "threads": 1, "checkpoint_steps": 2,
        "reinforcement": Reinforcement(count="e", max_new_tokens=6, answers=4), **given,
    })  # fmt: skip


class Stopped(Exception):
    """Raised in the middle of a run."""


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(tiny_model: Path, prompts: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == 3:
            raise Stopped

    given = options(tiny_model, prompts)
    with pytest.raises(Stopped):
        train(given, tmp_path / "stopped", stop)
    again, whole = train(given, tmp_path / "stopped"), train(given, tmp_path / "whole")
    assert again.resumed_from == 2 and whole.resumed_from == 0
    for name in ("model.safetensors", "run_card.json"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name
    measures = whole.card["measures"]
    assert {"reward", "kl", "entropy", "completions/clipped_ratio", "reward_count"} <= set(measures)
    assert all(len(values) == 4 for values in measures.values())
    assert measures["kl"][0] == pytest.approx(0, abs=1e-6) and measures["kl"][-1] != 0


def test_adapters_and_new_blocks_learn_too(tiny_model: Path, prompts: Path, tmp_path: Path) -> None:
    for tuning in ("lora", "blocks"):
        report = train(options(tiny_model, prompts, tuning=tuning, steps=1, blocks=Blocks(2, 1)), tmp_path / tuning)
        models.causal_lm(report.folder)
