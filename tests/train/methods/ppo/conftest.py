"""Runs of PPO about to start, on a tiny model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from train import models
from train.data.encoding import Encoder
from train.methods.ppo import method
from train.methods.setup import Setup
from train.options.reinforcement import Ppo, Reinforcement
from train.options.run import Source, TrainOptions
from train.tunings.tuning import load

WORDS = ("ab", "cd", "ef", "gh")


@pytest.fixture(scope="session")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prompts") / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": [{"role": "user", "content": word}]}) + "\n" for word in WORDS))
    return path


@pytest.fixture
def begun(tiny_model: Path, prompts: Path, tmp_path: Path) -> Callable[..., Setup]:
    """A setup from options that differ from those of the tests; its rows are as `prepare` makes them."""

    def make(**given: Any) -> Setup:
        options = TrainOptions(**{
            "model": str(tiny_model), "data": (Source(prompts),), "method": "ppo", "tuning": "full", "steps": 2,
            "batch_size": 4, "learning_rate": 1e-3, "threads": 1, "schedule": "constant", "warmup": 0.0,
            "reinforcement": Reinforcement(count="a", max_new_tokens=6), "ppo": Ppo(epochs=2, minibatches=2), **given,
        })  # fmt: skip
        tokenizer = models.tokenizer(tiny_model)
        prepared = method.prepare(options, Encoder(tokenizer, frozenset({1}), 64, "drop"))
        return Setup(options, load(options, tiny_model, tmp_path), tokenizer, prepared, tmp_path, None, None)

    return make
