"""The optimiser steps that PPO takes on one step's answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import get_scheduler

from ...devices import processes, sharding
from ...losses import policy, tokens
from ...options.run import TrainOptions
from ..rewards import side_by_side
from .actors import Actors
from .rollout import Rollout, of_tokens

ROUNDING = {"cpu": 0.0}  # how far the first ratio may be from 1: elsewhere kernels may choose an order of their own
ELSEWHERE = 1e-2


@dataclass(frozen=True)
class Learner:
    """What moves the weights.

    Attributes:
        policy, critic: weights that move, by name.
        optimiser: over both, a group each.
        scheduler: of the learning rates, stepped with every optimiser step.
    """

    policy: Mapping[str, torch.nn.Parameter]
    critic: Mapping[str, torch.nn.Parameter]
    optimiser: torch.optim.Optimizer
    scheduler: Any


@dataclass(frozen=True)
class Old:
    """Rows of old skills for the ptx term, one a prompt: token ids and labels."""

    ids: Sequence[Sequence[int]]
    labels: Sequence[Sequence[int]]


def learner(actors: Actors, options: TrainOptions, steps: int) -> Learner:
    """AdamW on policy and critic over the optimiser steps of a run of `steps` steps."""
    moving, critic = actors.moving()
    given = options.ppo
    groups = [
        {"params": list(moving.values()), "lr": options.learning_rate},
        {"params": list(critic.values()), "lr": given.critic_learning_rate or options.learning_rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=options.weight_decay)
    total = steps * given.epochs * given.minibatches
    scheduler = get_scheduler(options.schedule, optimiser, round(options.warmup * total), total)
    return Learner(moving, critic, optimiser, scheduler)


def update(
    actors: Actors, learn: Learner, rollout: Rollout, gains: torch.Tensor, returns: torch.Tensor, old: Old | None,
    options: TrainOptions, pad: int, micro: int, price: float = 0.0,
) -> dict[str, float]:  # fmt: skip
    """Take a step's optimiser steps.

    Args:
        actors: policy and critic.
        learn: their optimiser.
        rollout: the answers.
        gains, returns: (rows, length - 1) whitened advantages, and what the critic is to predict.
        old: rows of the ptx term, none without it.
        options: of the run.
        pad: token to fill up rows with.
        micro: rows that pass through the models at once; processes share a minibatch in such parts.
        price: of the divergence from the reference in the loss.

    Returns:
        Means over the optimiser steps: `loss`, `policy_loss`, `value_loss`, `clip_fraction`, `ratio`, `entropy`, with
        `old` `ptx_loss`, with `price` `divergence` (nats a token); and `first_ratio`, the one of all tokens of the
        first optimiser step that is furthest from 1.

    Raises:
        RuntimeError: where the first ratio is not 1: the answers were not drawn from these weights.
    """
    rows = options.batch_size // options.ppo.minibatches
    found: dict[str, float] = {}
    first = 1.0
    count = 0
    for epoch in range(options.ppo.epochs):
        order = rollout.order if epoch == 0 else torch.randperm(len(rollout.ids))
        for minibatch in order.split(rows):
            told, ratio = _accumulate(actors, rollout, gains, returns, old, options, pad, minibatch.split(micro), price)
            if count == 0:
                first = ratio
                device = rollout.ids.device.type
                if abs(first - 1) > ROUNDING.get(device, ELSEWHERE):
                    raise RuntimeError(f"the first ratio of probabilities is {first!r}, expected 1")
            sharding.add_up_gradients([*learn.policy.values(), *learn.critic.values()])
            for moving in (learn.policy, learn.critic):
                torch.nn.utils.clip_grad_norm_(moving.values(), options.max_grad_norm)
            learn.optimiser.step()
            learn.scheduler.step()
            learn.optimiser.zero_grad()
            count += 1
            for name, value in told.items():
                found[name] = found.get(name, 0.0) + value
    return {name: value / count for name, value in found.items()} | {"first_ratio": first}


def _accumulate(
    actors: Actors, rollout: Rollout, gains: torch.Tensor, returns: torch.Tensor, old: Old | None,
    options: TrainOptions, pad: int, parts: Sequence[torch.Tensor], price: float,
) -> tuple[dict[str, float], float]:  # fmt: skip
    """Gradients of this process's share of a minibatch, a part at a time, as if it passed at once; what all processes
    measured, and their furthest ratio."""
    everything = torch.cat(list(parts))
    total = rollout.mask[everything].sum()
    learned = (
        0 if old is None else sum(label != tokens.IGNORED for row in everything.tolist() for label in old.labels[row])
    )
    told: dict[str, float] = {}
    furthest = 1.0
    for part in processes.share(parts):
        mask, ids, attention = rollout.mask[part], rollout.ids[part], rollout.attention[part]
        share = mask.sum() / total
        with torch.no_grad():
            reference = actors.reference_logits(ids, attention) if price else None
        logits = actors.logits(ids, attention)
        drawn = torch.nn.functional.pad(mask, (1, 0))
        log_probs = of_tokens(logits, ids, drawn, options.reinforcement.temperature)
        loss, clipped = policy.policy_loss(
            log_probs, rollout.log_probs[part], gains[part], mask, options.reinforcement.clip
        )
        measured = {"policy_loss": loss, "clip_fraction": clipped}
        if reference is not None:
            temperature = options.reinforcement.temperature
            apart = policy.divergence(logits[:, :-1] / temperature, reference[:, :-1] / temperature)
            measured["divergence"] = policy.masked_mean(apart, mask)
            loss = loss + price * measured["divergence"]
        (loss * share).backward()
        with torch.no_grad():
            ratio = torch.exp(log_probs - rollout.log_probs[part])[mask]
            far = float(ratio[(ratio - 1).abs().argmax()])
            furthest = far if abs(far - 1) > abs(furthest - 1) else furthest
            entropy = policy.masked_mean(_entropy(logits.detach()[:, :-1], options.reinforcement.temperature), mask)
        values = actors.values(ids, attention)[:, :-1]
        value = policy.value_loss(values, rollout.values[part], returns[part], mask, options.ppo.value_clip)
        (value * share).backward()
        measured |= {"value_loss": value, "ratio": ratio.mean(), "entropy": entropy}
        for name, tensor in measured.items():
            told[name] = told.get(name, 0.0) + float(tensor.detach() * share)
        if old is not None and learned:
            nll = _old(actors, old, part, pad, ids.device) / learned
            (nll * options.ppo.ptx_weight).backward()
            told["ptx_loss"] = told.get("ptx_loss", 0.0) + float(nll.detach())
    sums = torch.tensor(list(told.values()), dtype=torch.float64, device=total.device)
    processes.add_up(sums)
    told = dict(zip(told, sums.tolist(), strict=True))
    furthest = max(processes.gathered(torch.tensor([furthest], dtype=torch.float64)).tolist(), key=lambda r: abs(r - 1))
    told["loss"] = told["policy_loss"] + told["value_loss"] + options.ppo.ptx_weight * told.get("ptx_loss", 0.0)
    told["loss"] += price * told.get("divergence", 0.0)
    return told, furthest


def _old(actors: Actors, old: Old, part: torch.Tensor, pad: int, device: torch.device) -> torch.Tensor:
    """Negative log-likelihood of old rows, the sum over their learned tokens."""
    ids, attention = side_by_side([old.ids[row] for row in part.tolist()], pad, device)
    labels, _ = side_by_side([old.labels[row] for row in part.tolist()], tokens.IGNORED, device)
    return -tokens.log_probabilities(actors.logits(ids, attention), labels)[0].sum()


def _entropy(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Entropy in nats of each place's distribution, (rows, length)."""
    log_probs = torch.log_softmax(logits.float() / temperature, dim=-1)
    return -(log_probs.exp() * log_probs).sum(-1)
