"""Answers drawn from the policy, and what every model says of their tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList

from ...devices import processes, sharding
from ...losses import policy, tokens
from ...options.reinforcement import Reinforcement
from ..drawn import RowDraws
from ..rewards import Answer, Rewards, side_by_side
from .actors import Actors


@dataclass(frozen=True)
class Rollout:
    """The answers of a step. Places are those of the tokens from the second on: what is predicted, and from where.

    Attributes:
        ids: int64 (rows, length) of prompt and answer, filled up on the right.
        attention: int64 (rows, length).
        mask: boolean (rows, length - 1), the answers' tokens.
        log_probs: float32 (rows, length - 1) of the tokens under the policy that drew them.
        reference: the same under the reference.
        values: float32 (rows, length - 1), the critic's before each token.
        scores: float32 (rows,), rewards of whole answers.
        parts: of the scores, by name, float32 (rows,) each.
        ended: share of the answers with an end token.
        order: int64 (rows,) in which rows passed through the models: the first pass of the updates keeps it.
    """

    ids: torch.Tensor
    attention: torch.Tensor
    mask: torch.Tensor
    log_probs: torch.Tensor
    reference: torch.Tensor
    values: torch.Tensor
    scores: torch.Tensor
    parts: dict[str, torch.Tensor]
    ended: float
    order: torch.Tensor


def generation_config(options: Reinforcement, end_ids: frozenset[int], pad: int) -> GenerationConfig:
    """Plain drawing from the whole distribution, which is the one that is trained."""
    return GenerationConfig(
        do_sample=True, temperature=options.temperature, top_k=0, top_p=1.0, repetition_penalty=1.0,
        max_new_tokens=options.max_new_tokens, eos_token_id=sorted(end_ids), pad_token_id=pad, use_cache=True,
        disable_compile=True,
    )  # fmt: skip


@torch.no_grad()
def draw(
    model: Any, prompts: Sequence[Sequence[int]], config: GenerationConfig, rows: int, device: torch.device,
    seeds: Sequence[int] | None = None,
) -> list[list[int]]:  # fmt: skip
    """An answer to each prompt, its end token included where it has one.

    Args:
        model: a causal one of transformers, or of PEFT.
        prompts: token ids.
        config: of `generation_config`.
        rows: prompts that are answered at once.
        device: of the model.
        seeds: of each answer (`drawn.row_seeds`), torch's own state unless given.
    """
    # Settings of the model's folder (a penalty, a cut of the distribution) would otherwise fill what ours leave.
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    model.generation_config = base.generation_config = config
    ends = set(config.eos_token_id)
    found = []
    with sharding.kept_whole(model):
        for start in range(0, len(prompts), rows):
            ids, attention = side_by_side(prompts[start : start + rows], config.pad_token_id, device, left=True)
            draws = LogitsProcessorList()
            if seeds is not None:
                draws.append(RowDraws(seeds[start : start + rows], config.temperature, device))
            made = model.generate(
                input_ids=ids, attention_mask=attention, generation_config=config, logits_processor=draws,
                synced_gpus=False,
            )  # fmt: skip
            for row in made[:, ids.shape[1] :].tolist():
                end = next((place for place, token in enumerate(row) if token in ends), len(row) - 1)
                found.append(row[: end + 1])
    return found


def answers_of(
    rows: Sequence[Mapping[str, Any]], drawn: Sequence[Sequence[int]], tokenizer: Any, end_ids: frozenset[int]
) -> list[Answer]:
    """The drawn tokens as answers to their prompts."""
    texts = tokenizer.batch_decode(drawn, skip_special_tokens=True)
    return [Answer(row, ids, text, ids[-1] in end_ids) for row, ids, text in zip(rows, drawn, texts, strict=True)]


@torch.no_grad()
def observe(
    actors: Actors, rewards: Rewards, answers: Sequence[Answer], pad: int, micro: int, temperature: float,
    device: torch.device,
) -> Rollout:  # fmt: skip
    """What all models say of the answers, in the very parts of a batch in which the first pass of the updates reads
    them: a matrix product's last bits depend on its shape, and the first ratio of probabilities shall be exactly 1.

    Each process gives the answers that it has drawn and gets the rollout of all.
    """
    scores, parts = rewards(answers)
    scores, parts = processes.gathered(scores), {name: processes.gathered(each) for name, each in parts.items()}
    answers = processes.gathered_rows(answers)
    sequences = [[*answer.row["input_ids"], *answer.ids] for answer in answers]
    ids, attention = side_by_side(sequences, pad, device)
    mask = torch.zeros(ids.shape, dtype=torch.bool, device=device)
    for number, answer in enumerate(answers):
        begin = len(answer.row["input_ids"])
        mask[number, begin : begin + len(answer.ids)] = True
    order = torch.randperm(len(answers))
    log_probs, reference, values = (torch.zeros(len(answers), ids.shape[1] - 1, device=device) for _ in range(3))
    for part in processes.share(order.split(micro)):
        given = ids[part], attention[part]
        log_probs[part] = of_tokens(actors.logits(*given), ids[part], mask[part], temperature)
        reference[part] = of_tokens(actors.reference_logits(*given), ids[part], mask[part], temperature)
        values[part] = actors.values(*given)[:, :-1]
    processes.add_up(log_probs, reference, values)
    ended = sum(answer.ended for answer in answers) / len(answers)
    return Rollout(ids, attention, mask[:, 1:], log_probs, reference, values, scores.to(device), parts, ended, order)


def of_tokens(logits: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor, temperature: float) -> torch.Tensor:
    """Log-probabilities (rows, length - 1) of the tokens in the mask (rows, length), as they were drawn; else 0."""
    return tokens.log_probabilities(logits / temperature, ids.masked_fill(~mask, tokens.IGNORED))[0]


def whitened_advantages(
    rollout: Rollout, kl_weight: float, gamma: float, lam: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Whitened advantages and returns (rows, length - 1) of a rollout's answers."""
    rewards = policy.token_rewards(rollout.log_probs, rollout.reference, rollout.scores, rollout.mask, kl_weight)
    gains, returns = policy.advantages(rewards, rollout.values, rollout.mask, gamma, lam)
    return policy.whiten(gains, rollout.mask), returns
