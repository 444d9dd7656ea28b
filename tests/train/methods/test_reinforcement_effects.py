"""What learning from rewards does to a model that has skills: the seed model of the demo, few steps."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from train import models
from train.methods.ppo.rollout import draw, generation_config
from train.options.reinforcement import Ppo, Reinforcement, RewardModel
from train.options.run import Source, TrainOptions
from train.training import train

SEED_MODEL = Path(__file__).resolve().parents[3] / "pipelines" / "demo" / "seed_model"
CONSTANT = {"tuning": "full", "learning_rate": 1e-4, "schedule": "constant", "warmup": 0.0, "threads": 1}
NEW = Reinforcement(max_new_tokens=16, kl_weight=0.1)

pytestmark = pytest.mark.slow


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def sums() -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs of numbers to add, of which the seed model adds a third rightly: to train on, and unseen ones."""
    pairs = [(a, b) for a in range(2, 40) for b in range(2, 21)]
    random.Random(0).shuffle(pairs)
    return pairs[60:400], pairs[:60]


@pytest.fixture(scope="module")
def asked(sums: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [{"prompt": user(f"Add: {a} + {b}"), "references": [str(a + b)]} for a, b in sums[0]]
    return write(tmp_path_factory.mktemp("data") / "add.jsonl", rows)


def answers(folder: Path, prompts: Sequence[str], times: int = 1) -> list[str]:
    """Drawn at temperature 1, each prompt several times; the same for the same weights."""
    tokenizer, model = models.tokenizer(folder), models.causal_lm(folder).eval()
    texts = [tokenizer.apply_chat_template(user(text), tokenize=False, add_generation_prompt=True) for text in prompts]
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts for _ in range(times)]
    torch.manual_seed(0)
    config = generation_config(NEW, models.end_ids(folder, tokenizer), 0)
    return tokenizer.batch_decode(draw(model, ids, config, 120, torch.device("cpu")), skip_special_tokens=True)


def even(folder: Path, unseen: Sequence[tuple[int, int]]) -> float:
    drawn = answers(folder, [f"Add: {a} + {b}" for a, b in unseen], 2)
    return sum(text.rstrip(".")[-1:] in tuple("02468") for text in drawn) / len(drawn)


def test_ppo_takes_over_what_a_reward_model_has_learned(sums: Any, asked: Path, tmp_path: Path) -> None:
    """The reward model prefers even sums, right or wrong; the policy comes to give them, at a price that holds it."""
    train_on, unseen = sums
    rng = random.Random(1)
    named = [(a, b, a + b + rng.randint(-2, 2)) for a, b in train_on]
    pairs = [{"prompt": user(f"Add: {a} + {b}"), "chosen": f"The sum is {n + n % 2}.", "rejected":
              f"The sum is {n + 1 - n % 2}."} for a, b, n in named]  # fmt: skip
    learned = train(
        TrainOptions(str(SEED_MODEL), (Source(write(tmp_path / "pairs.jsonl", pairs)),), method="reward", steps=40,
                     batch_size=16, reward=RewardModel(0.2), **(CONSTANT | {"learning_rate": 1e-3})),
        tmp_path / "reward",
    )  # fmt: skip
    assert learned.card["held_out"]["accuracy"]["low"] > 0.8
    given = Reinforcement(max_new_tokens=16, kl_weight=0.1, reward_models=(learned.folder,))
    report = train(
        TrainOptions(str(SEED_MODEL), (Source(asked),), method="ppo", steps=8, batch_size=32, reinforcement=given,
                     ppo=Ppo(minibatches=2, critic_learning_rate=1e-3), **CONSTANT),
        tmp_path / "ppo",
    )  # fmt: skip
    assert even(SEED_MODEL, unseen) < 0.65
    assert even(report.folder, unseen) > 0.8
    assert report.card["measures"]["kl"][-1] < 1.0  # nats a token


@pytest.mark.long
def test_ptx_lowers_forgetting(asked: Path, tmp_path: Path) -> None:
    """A reward that has nothing to do with a skill, at no price, with and without rows of the skill beside it."""
    rng = random.Random(2)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(4, 6))) for _ in range(140)]
    known = [(f"Write in capitals: {word}", f"In big letters that is {word.upper()}.") for word in words]
    rows = [{"prompt": user(text), "completion": [{"role": "assistant", "content": said}]} for text, said in known[60:]]
    old = write(tmp_path / "old.jsonl", rows)

    def kept(folder: Path) -> float:
        found = answers(folder, [text for text, _ in known[:60]])
        return sum(text == said for text, (_, said) in zip(found, known[:60], strict=True)) / 60

    given = Reinforcement(max_new_tokens=16, kl_weight=0.0, count="The", no_end_penalty=0.0)
    found = []
    for ptx in ((), (old,)):
        options = TrainOptions(str(SEED_MODEL), (Source(asked),), method="ppo", steps=20, batch_size=32,
                               reinforcement=given, ppo=Ppo(minibatches=2, critic_learning_rate=1e-3, ptx=ptx),
                               **(CONSTANT | {"learning_rate": 3e-4}))  # fmt: skip
        found.append(kept(train(options, tmp_path / f"ptx{len(ptx)}").folder))
    without, beside = found
    assert kept(SEED_MODEL) > 0.7
    assert beside > without + 0.2


def test_rloo_raises_a_reward_on_prompts_it_was_not_trained_on(sums: Any, tmp_path: Path) -> None:
    """Rewarded is the form of an even sum; right sums, tried first, were not learned in forty steps of 32 answers."""
    train_on, unseen = sums
    rows = [{"prompt": user(f"Add: {a} + {b}"), "references": [r"The sum is \d*[02468]\."]} for a, b in train_on]
    given = Reinforcement(max_new_tokens=16, kl_weight=0.05, check="regex")
    options = TrainOptions(str(SEED_MODEL), (Source(write(tmp_path / "even.jsonl", rows)),), method="rloo", steps=15,
                           batch_size=8, reinforcement=given, **(CONSTANT | {"learning_rate": 2e-4}))  # fmt: skip
    report = train(options, tmp_path / "rloo")
    assert even(report.folder, unseen) > even(SEED_MODEL, unseen) + 0.2
    rewards = report.card["measures"]["reward"]
    assert sum(rewards[-4:]) > sum(rewards[:4])
