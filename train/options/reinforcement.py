"""Settings of reward models and of learning from rewards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from curation.checks.typed import ANSWER_KINDS
from curation.errors import InputError

# What leaving the start costs unless said, a nat: where the price counts in the loss, and in the reward.
PRICE_IN_LOSS, PRICE = 0.2, 0.05


def _require(valid: bool, field_name: str, found: object, expected: str) -> None:
    if not valid:
        raise InputError(f"{field_name} is {found!r}, expected {expected}")


@dataclass(frozen=True)
class RewardModel:
    """Training of a reward model (method `reward`).

    Attributes:
        held_out: share of the prompts, chosen by their content, whose pairs are not trained on but measure the model.
        centre: weight of the squared sum of a pair's rewards, which keeps them around 0 (arXiv 2312.09244); 0 for none.
    """

    held_out: float = 0.1
    centre: float = 0.0

    def __post_init__(self) -> None:
        _require(0 <= self.held_out < 1, "reward.held_out", self.held_out, "a share of at least 0 and below 1")
        _require(self.centre >= 0, "reward.centre", self.centre, "a number of at least 0")


@dataclass(frozen=True)
class Reinforcement:
    """What an answer is rewarded for, how answers are drawn, and what leaving the start costs (ppo, rloo, grpo).

    The reward is the sum of those rewards that are set, each times its weight. With `gate`, the two reward models count
    as one: the first is of safety, the second of helpfulness (Llama 2, arXiv 2307.09288, section 3.2.2).

    Attributes:
        count: reward for each time that this text stands in the answer, none where it is empty.
        count_limit: most times that are rewarded.
        count_weight: of the reward `count`.
        check: kind of `curation.checks` that decides whether an answer is right (1, else 0), for rows that do not name
            their own under `check`. Without it and without such rows there is no reward of this kind.
        check_weight: of the reward `check`.
        reward_models: folders of reward models (sequence classification with one output).
        model_weights: of the reward models, 1 each unless given.
        gate: probability that an answer is safe below which only its safety counts.
        no_end_penalty: taken off the reward of an answer that is cut off before its end token.
        kl_weight: price of leaving the model that training starts from, a nat. Unset, 0.2 for `ppo` with its price in
            the loss (`ppo.kl_in`), 0.05 otherwise.
        max_new_tokens: longest answer, tokens.
        temperature: of the drawing, and of the probabilities that are trained. Nothing is cut from the distribution.
        answers: answers to each prompt of a step (rloo and grpo, which compare them; at least 2).
        clip: how far from 1 the ratio of probabilities may move an answer's weight (epsilon).
    """

    count: str = ""
    count_limit: int = 10
    count_weight: float = 1.0
    check: str = ""
    check_weight: float = 1.0
    reward_models: tuple[Path, ...] = ()
    model_weights: tuple[float, ...] = ()
    gate: float | None = None
    no_end_penalty: float = 1.0
    kl_weight: float | None = None
    max_new_tokens: int = 64
    temperature: float = 1.0
    answers: int = 4
    clip: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "reward_models", tuple(Path(path) for path in self.reward_models))
        object.__setattr__(self, "model_weights", tuple(self.model_weights))
        models, weights = len(self.reward_models), len(self.model_weights)
        _require(self.count_limit >= 1, "reinforcement.count_limit", self.count_limit, "at least 1")
        _require(self.check in ("", *ANSWER_KINDS), "reinforcement.check", self.check,
                 "one of " + ", ".join(ANSWER_KINDS))  # fmt: skip
        if self.gate is not None:
            _require(0 < self.gate < 1, "reinforcement.gate", self.gate, "a probability between 0 and 1")
            _require(models == 2, "reinforcement.reward_models", f"{models} models",
                     "two with a gate: of safety, then of helpfulness")  # fmt: skip
            models = 1
        _require(weights in (0, models), "reinforcement.model_weights", f"{weights} weights", f"{models} or none")
        for name in ("no_end_penalty", "kl_weight"):
            value = getattr(self, name)
            _require(value is None or value >= 0, f"reinforcement.{name}", value, "a number of at least 0")
        _require(self.max_new_tokens >= 1, "reinforcement.max_new_tokens", self.max_new_tokens, "at least 1")
        _require(self.temperature > 0, "reinforcement.temperature", self.temperature, "a number above 0")
        _require(self.answers >= 2, "reinforcement.answers", self.answers, "at least 2")
        _require(0 < self.clip < 1, "reinforcement.clip", self.clip, "a number between 0 and 1")

    def price(self, in_loss: bool) -> float:
        """Of leaving the start, a nat: as given, or what serves where it counts."""
        return self.kl_weight if self.kl_weight is not None else PRICE_IN_LOSS if in_loss else PRICE


@dataclass(frozen=True)
class Ppo:
    """Proximal policy optimisation (arXiv 2203.02155; 1707.06347).

    Attributes:
        epochs: passes over the answers of a step.
        minibatches: optimiser steps a pass; it divides `batch_size`.
        gamma: discount of later rewards.
        lam: lambda of generalised advantage estimation.
        value_clip: how far the critic's value may move from that of the drawing.
        critic: folder that the critic starts from: a reward model, or a model without a head; the policy's own start
            unless given.
        critic_learning_rate: its peak; that of the policy unless given.
        shared: policy, reference, critic and reward models are one frozen base with adapters. For the tuning `lora`,
            and for reward models that were trained with `lora` from the same base.
        kl_in: where `kl_weight` counts: in the `loss`, times the divergence of the whole distribution at each token,
            beside advantages of size one (as GRPO has it, from drawn tokens: arXiv 2402.03300, section 4.1.1), or in
            the `reward` of each drawn token (arXiv 2203.02155), where no price holds the policy still.
        kl_target: how far from the start the policy is to be held, nats an answer: the price is doubled after a step
            half as far again, and halved, down to `kl_weight`, after one within two thirds of it (arXiv 1707.06347,
            section 4; a target for the divergence from the start: arXiv 1909.08593, section 2.2).
        ptx: files of training rows that keep old skills in the policy (PPO-ptx), none unless given.
        ptx_weight: of their loss a token.
    """

    epochs: int = 4
    minibatches: int = 1
    gamma: float = 1.0
    lam: float = 0.95
    value_clip: float = 0.2
    critic: Path | None = None
    critic_learning_rate: float | None = None
    shared: bool = False
    kl_in: Literal["reward", "loss"] = "loss"
    kl_target: float | None = None
    ptx: tuple[Path, ...] = ()
    ptx_weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "ptx", tuple(Path(path) for path in self.ptx))
        object.__setattr__(self, "critic", None if self.critic is None else Path(self.critic))
        for name in ("epochs", "minibatches"):
            _require(getattr(self, name) >= 1, f"ppo.{name}", getattr(self, name), "at least 1")
        for name in ("gamma", "lam"):
            _require(0 <= getattr(self, name) <= 1, f"ppo.{name}", getattr(self, name), "a number from 0 to 1")
        _require(self.value_clip > 0, "ppo.value_clip", self.value_clip, "a number above 0")
        rate = self.critic_learning_rate
        _require(rate is None or rate > 0, "ppo.critic_learning_rate", rate, "a number above 0")
        _require(self.kl_in in ("reward", "loss"), "ppo.kl_in", self.kl_in, "reward or loss")
        target = self.kl_target
        _require(target is None or target > 0, "ppo.kl_target", target, "a number above 0")
        _require(self.ptx_weight > 0, "ppo.ptx_weight", self.ptx_weight, "a number above 0")
        _require(not (self.shared and self.critic), "ppo.critic", str(self.critic),
                 "none with shared, where the critic is an adapter of the policy's base")  # fmt: skip
