"""What learning from rewards and preferences is tried on; with the long tests, what it shows under one seed."""

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks import liked_sums, rewards
from benchmarks.liked_sums import MODEL, NEW_TOKENS, OLD_ITEMS, UNSEEN, Inputs
from train.evaluation.forgetting import summarise
from train.options.reinforcement import Ppo, Reinforcement
from train.training import train


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rewards")


@pytest.fixture(scope="module")
def given(out: Path) -> Inputs:
    return liked_sums.inputs(out / "inputs")


def test_nothing_is_measured_on_what_was_trained_on(given: Inputs) -> None:
    held_out = [row["prompt"] for row in rows(given.held_out)]
    assert held_out == [liked_sums.asked(a, b) for a, b in given.unseen] and len(held_out) == UNSEEN
    trained_on = [row["prompt"] for path in (given.pairs, given.prompts) for row in rows(path)]
    assert len(trained_on) == 800 and not any(prompt in trained_on for prompt in held_out)
    old = {json.dumps(row["prompt"]) for row in rows(given.old)}
    tests = [row for path in given.tests for row in rows(path)]
    assert len(given.tests) == 16 and len(tests) == 16 * OLD_ITEMS
    assert not any(row["task"] == "add" or json.dumps(row["prompt"]) in old for row in tests)


def test_liked_is_the_even_one_of_two_neighbours_near_the_sum(given: Inputs) -> None:
    for row in rows(given.pairs) + rows(given.held_out):
        a, b = map(int, row["prompt"][0]["content"].removeprefix("Add: ").split(" + "))
        even, odd = (int(row[side].removeprefix("The sum is ").removesuffix(".")) for side in ("chosen", "rejected"))
        assert even % 2 == 0 and abs(even - odd) == 1 and max(abs(even - a - b), abs(odd - a - b)) <= 3


@pytest.fixture(scope="module")
def judge(given: Inputs, out: Path) -> Path:
    return rewards.reward_model(given, 1, out)


@pytest.mark.long
def test_ppo_learns_what_a_reward_model_has_learned_and_is_held(given: Inputs, judge: Path, out: Path) -> None:
    before = liked_sums.measured(MODEL, given, out / "before.json")
    assert rewards.PRICES["0.2 in the loss"] == (Reinforcement().price(in_loss=True), {"kl_in": Ppo().kl_in}), "unset"
    found = {}
    for name in ("0.05 in the reward", "0.2 in the loss"):
        price, settings = rewards.PRICES[name]
        trained = train(rewards.ppo(given, 1, judge, 10, 1e-4, price or 0.0, **settings), out / name)
        found[name] = liked_sums.measured(trained.folder, given)
    free, held = found.values()
    assert before["even"] < 0.6 and free["even"] > 0.8 and held["even"] > 0.8
    assert held["kl_answer"] < 0.5 * free["kl_answer"] and held["right"] > free["right"]


@pytest.mark.long
@pytest.mark.parametrize("method", rewards.DRAWN)
def test_comparing_answers_raises_reward_and_preference_on_unseen_prompts(
    method: str, given: Inputs, judge: Path, out: Path
) -> None:
    settings = rewards.options(
        method, given, 1, steps=15, batch_size=16, learning_rate=3e-4,
        reinforcement=Reinforcement(max_new_tokens=NEW_TOKENS, reward_models=(judge,)),
    )  # fmt: skip
    report = train(settings, out / method)
    before, after = liked_sums.measured(MODEL, given, out / "before.json"), liked_sums.measured(report.folder, given)
    assert after["even"] > before["even"] + 0.2 and after["preferred"] > before["preferred"] + 0.1


@pytest.mark.long
def test_old_rows_beside_ppo_lower_what_is_forgotten(given: Inputs, out: Path) -> None:
    scores = [liked_sums.kept(MODEL, given, "seed model", 0)]
    for name, old in (("without", ()), ("with", (given.old,))):
        report = train(rewards.counted(given, 1, rewards.PTX_RATE, ptx=old), out / name)
        scores.append(liked_sums.kept(report.folder, given, name, 1))
    found = {row["model"]: row for row in summarise(pl.concat(scores), "seed model", resamples=500).to_dicts()}
    assert found["without"]["forgotten_low"] > 0.5 and found["with"]["forgotten_high"] < 0.2
