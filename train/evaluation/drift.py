"""How far a model has moved from the one it was trained from, on what that one would say: exact KL divergence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import torch

from curation import chat, tables
from curation.errors import InputError
from curation.metrics import intervals

from .. import models
from ..tunings import beside
from .tasks import GENERATED, Prompt, Task


@dataclass(frozen=True)
class Said:
    """What the seed answered to a prompt, and whether it came to its end."""

    prompt: Prompt
    answer: str
    ended: bool
    source: str


@dataclass(frozen=True)
class Drift:
    """KL divergence in nats per token of the seed's own answers, with the 95 % interval of a bootstrap over sources.

    `forward` is KL(seed || model): what the seed would say that the model no longer expects. `reverse` is
    KL(model || seed) at the same places: what the model would say that the seed would not; none where the model has
    tokens that the seed has not, since it is infinite there.
    """

    forward: float
    low: float | None
    high: float | None
    reverse: float | None
    answers: int
    tokens: int


def said_by(seed: pl.DataFrame, items: Sequence[Task], new_tasks: Sequence[str], count: int) -> list[Said]:
    """The seed's greedy answers to old prompts, from its evaluation: `count` of them, tasks taking turns.

    Which items of a task come first is decided by a hash of their ids. Empty answers are passed over.

    Args:
        seed: rows of the seed alone, schema `tables.EVALUATION`.
        items: what was asked, with the same ids.
        new_tasks: tasks that training is to teach, which are not old.
        count: most that are wanted.

    Raises:
        InputError: when there is no answer to an old prompt.
    """
    by_id = {(item.task, item.id): item for item in items}
    answered = seed.filter(pl.col("metric").is_in(GENERATED) & ~pl.col("task").is_in(list(new_tasks)))
    turns: list[tuple[int, str, Said]] = []
    for (task,), part in sorted(answered.partition_by("task", as_dict=True).items(), key=lambda pair: str(pair[0])):
        rows = part.select("item", "prediction", "finish_reason", "source").rows()
        kept = [row for row in sorted(rows, key=lambda row: tables.fingerprint([task, row[0]])) if row[1]]
        for turn, (name, answer, reason, source) in enumerate(kept):
            prompt = by_id[str(task), name].prompt
            turns.append((turn, str(task), Said(prompt, answer, reason == "stop", source)))
    if not turns:
        raise InputError("drift: the base has no answer to an old prompt, expected old tasks with generated answers")
    return [said for _, _, said in sorted(turns, key=lambda entry: entry[:2])[:count]]


@torch.inference_mode()
def measure(seed: Path, model: Path, said: Sequence[Said], resamples: int = 2000, draw: int = 0) -> Drift:
    """Exact divergence over the whole vocabulary at each token of the seed's answers, end token included.

    Both models are in memory, in float32, and read one answer at a time; nothing is sampled.

    Args:
        seed: folder of the model that training started from.
        model: folder of the trained model, whole or beside its base (`train.tunings.beside`).
        said: the seed's answers; what is longer than either model reads is cut at its start.
        resamples: of the interval.
        draw: seed of the bootstrap.

    Raises:
        InputError: when the model's vocabulary does not hold the seed's.
    """
    tokenizer = models.tokenizer(seed)
    _check_vocabulary(tokenizer, models.tokenizer(model), model)
    first, second = _opened(seed), _opened(model)
    longest = min(models.context_length(seed), _room(model))
    sums: list[tuple[float, float, int]] = []
    for one in said:
        ids, start = _tokens(tokenizer, one)
        cut = max(0, len(ids) - longest)
        tokens, begin = torch.tensor([ids[cut:]]), max(1, start - cut)
        before, after = (_distribution(each, tokens, begin) for each in (first, second))
        if after.shape[-1] < before.shape[-1]:
            raise InputError(f"{model}: it has {after.shape[-1]} tokens and the base {before.shape[-1]}, expected as "
                             "many or more")  # fmt: skip
        same = after.shape[-1] == before.shape[-1]
        shared = after[:, : before.shape[-1]]
        forward = float((before.exp() * (before - shared)).sum())
        reverse = float((shared.exp() * (shared - before)).sum()) if same else float("nan")
        sums.append((forward, reverse, len(before)))
    return _summed(sums, [one.source for one in said], resamples, draw)


def _summed(sums: Sequence[tuple[float, float, int]], sources: list[str], resamples: int, draw: int) -> Drift:
    tokens = [count for _, _, count in sums]
    total = sum(tokens)
    forward, reverse = (sum(one[at] for one in sums) / total for at in (0, 1))
    low, high = None, None
    if len(set(sources)) > 1:
        each = [one[0] / one[2] for one in sums]
        low, high = intervals.interval(each, sources, resamples=resamples, seed=draw, weights=tokens)
    return Drift(forward, low, high, None if reverse != reverse else reverse, len(sums), total)


def _check_vocabulary(seed: Any, other: Any, model: Path) -> None:
    known, found = seed.get_vocab(), other.get_vocab()
    odd = sorted(token for token, number in known.items() if found.get(token) != number)
    if odd:
        raise InputError(f"{model}: token {odd[0]!r} of the base is another one here, expected the base's tokenizer, "
                         "perhaps with tokens added")  # fmt: skip


def _opened(folder: Path) -> Any:
    if (folder / "config.json").is_file():
        return models.causal_lm(folder).eval()
    loaded = models.causal_lm(beside.base_of(folder, beside.statement(folder))).eval()
    beside.attach(loaded, folder)
    return loaded


def _room(folder: Path) -> int:
    if (folder / "config.json").is_file():
        return models.context_length(folder)
    return models.context_length(beside.base_of(folder, beside.statement(folder))) - beside.room(folder)


def _tokens(tokenizer: Any, said: Said) -> tuple[list[int], int]:
    """Ids of prompt and answer, and where the answer begins; a raw prompt has at least the start token before it."""
    if isinstance(said.prompt, str):
        asked = list(tokenizer(said.prompt)["input_ids"])
    else:
        asked = list(tokenizer(chat.render(tokenizer, said.prompt), add_special_tokens=False)["input_ids"])
    answer = list(tokenizer(said.answer, add_special_tokens=False)["input_ids"])
    return [*asked, *answer, *([tokenizer.eos_token_id] if said.ended else [])], len(asked)


def _distribution(model: Any, tokens: torch.Tensor, start: int) -> torch.Tensor:
    """Log-probabilities of every token at each place from `start` on: float32 of shape (places, vocabulary)."""
    places = tokens.shape[1] - start
    logits = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), use_cache=False).logits
    return logits[0, -places - 1 : -1].float().log_softmax(-1)
