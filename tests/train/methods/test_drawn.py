from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from curation import tables
from train import models
from train.data.preparation import Prepared
from train.methods import drawn
from train.methods.setup import Setup
from train.options.reinforcement import Reinforcement
from train.options.run import Source, TrainOptions


@pytest.fixture
def given(tiny_model: Path, tmp_path: Path) -> Setup:
    options = TrainOptions(
        str(tiny_model), (Source(tmp_path),), method="rloo", batch_size=6, micro_batch_size=3,
        reinforcement=Reinforcement(count="a", kl_weight=0.3, answers=4, temperature=0.8, max_new_tokens=9, clip=0.1),
    )  # fmt: skip
    rows = [
        {"prompt": "ask", "turns": None, "references": ["3"], "check": "number", "choices": [], "input_ids": [7, 8]}
    ]
    prepared = Prepared(Dataset.from_list(rows), 1, np.array([2]), {}, tables.empty(tables.LEDGER))
    tuned: Any = SimpleNamespace(folder=tiny_model)
    return Setup(options, tuned, models.tokenizer(tiny_model), prepared, tmp_path, None, None)


def test_a_step_is_of_prompts_each_with_its_answers(given: Setup) -> None:
    found = drawn.arguments(given)
    assert (found["per_device_train_batch_size"], found["gradient_accumulation_steps"]) == (3, 8)
    assert (found["num_generations"], found["max_completion_length"]) == (4, 9)
    assert found["beta"] == 0.3, "TRL's own is 0 for GRPO"
    assert (found["temperature"], found["top_p"], found["top_k"], found["epsilon"]) == (0.8, 1.0, 0, 0.1)
    assert found["shuffle_dataset"] is False


def test_prompts_are_given_as_tokens(given: Setup) -> None:
    (row,) = drawn.dataset(given)
    assert row["prompt"] == [7, 8] and row["asked"] == "ask"


def test_rewards_are_ours_and_their_parts_are_told(given: Setup) -> None:
    told: dict[str, float] = {}
    columns = {name: 2 * [drawn.dataset(given)[0][name]] for name in (*drawn.COLUMNS, "asked")}
    found = drawn.judge(given)(
        prompts=[[7, 8]] * 2, completions=["aa 3", "b"], completion_ids=[[9, 1], [9]], trainer_state=None,
        log_extra=None, log_metric=told.__setitem__, **columns,
    )  # fmt: skip
    assert found == [3.0, -1.0], "two letters and a right number; nothing, and no end"
    assert told == {"reward_count": 1.0, "reward_check": 0.5}


def test_a_row_draws_from_its_distribution_whoever_its_neighbours_are() -> None:
    scores = torch.tensor([0.0, 1.0, 2.0, -torch.inf])
    seeds, cpu = drawn.row_seeds(3, 1, 4000), torch.device("cpu")
    together = drawn.RowDraws(seeds, 0.5, cpu)(torch.empty(0), scores.repeat(4000, 1)).softmax(-1)
    assert (together.max(-1).values == 1).all(), "generate has no other choice"
    expected = torch.softmax(scores / 0.5, -1)
    deviation = (expected * (1 - expected) / 4000).sqrt()
    assert ((together.mean(0) - expected).abs() <= 5 * deviation).all()
    alone = drawn.RowDraws(seeds[7:9], 0.5, cpu)(torch.empty(0), scores.repeat(2, 1)).softmax(-1)
    assert torch.equal(alone, together[7:9])
    assert len({*drawn.row_seeds(3, 1, 2), *drawn.row_seeds(3, 2, 2), *drawn.row_seeds(4, 1, 2)}) == 6


def test_what_is_drawn_hangs_on_seed_and_step() -> None:
    found = []
    for seed, step in ((1, 2), (1, 2), (1, 3), (2, 2)):
        drawn.seed_step(seed, step)
        found.append(torch.rand(3).tolist())
    assert found[0] == found[1] and found[1] != found[2] and found[1] != found[3]
