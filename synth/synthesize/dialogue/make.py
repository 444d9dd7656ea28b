"""Dialogues of several turns: a simulated user and an assistant, asked in turn."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from curation.checks.typed_result import CheckResult
from curation.errors import InputError
from curation.model import Generator

from ...drop import Drop
from ...synthesised import Synthesised
from ..account import accounted, sample
from ..attempt import Attempt, attempted, source_of
from .options import DialogueOptions
from .talk import Talk, assistant_ask, hear_assistant, hear_user, talks, user_ask

METHOD = ORIGIN = "dialogue"


def dialogue(
    rows: pl.DataFrame,
    generator: Generator,
    options: DialogueOptions,
    seed: int,
    user: Generator | None = None,
) -> Synthesised:
    """Let a simulated user and an assistant talk about every document or topic, or on from every first prompt.

    As UltraChat (Ding et al., arXiv 2305.14233, section 3) with two models or one, from seeds as Baize (Xu et al.,
    arXiv 2304.01196), but every turn is a request of its own and is checked before the next is asked for. A turn that
    fails ends the dialogue before its exchange; what is left is kept where it is long enough.

    Args:
        rows: `tables.DOCUMENTS`, or `synth.rows.ROWS`, whose prompts are first turns.
        generator: the model that answers.
        options: see `DialogueOptions`.
        seed: of the draws.
        user: the model that plays the user; none for the generator itself.

    Returns:
        Samples of kind `prompt_completion`: the turns up to the first question, and all that follow; or with
        `rows: turn` one for each answer. A ledger row for every request that is in none.

    Raises:
        InputError: when there are no rows.
    """
    if not rows.height:
        raise InputError(f"{METHOD}: found no rows, expected at least one")
    every = list(rows.iter_rows(named=True))
    held = [talk for row in every for talk in talks(row, options)]
    for _ in range(options.max_exchanges):
        asking = [talk for talk in held if talk.over is None and not talk.waits]
        turns = [user_ask(talk, options, seed) for talk in asking]
        for talk, attempt in zip(asking, attempted(turns, user or generator), strict=True):
            hear_user(talk, attempt, options)
        answering = [talk for talk in held if talk.over is None]
        turns = [assistant_ask(talk, options, seed) for talk in answering]
        for talk, attempt in zip(answering, attempted(turns, generator), strict=True):
            hear_assistant(talk, attempt, options)
    samples: list[dict[str, Any]] = []
    unused: dict[str, Drop] = {}
    for talk in held:
        talk.over = talk.over or "max_exchanges"
        drop = None
        if len(talk.exchanges) < options.min_exchanges:
            detail = {"exchanges": len(talk.exchanges), "over": talk.over}
            drop = Drop("too_short", float(len(talk.exchanges)), float(options.min_exchanges), detail=detail)
            unused[talk.source.id] = drop
        else:
            samples += _samples(talk, options)
        for attempt in talk.attempts:
            attempt.settle(drop)
    attempts = [attempt for talk in held for attempt in talk.attempts]
    sources = [source_of(row) for row in every]
    return accounted(METHOD, "prompt_completion", sources, attempts, samples, unused, _report(held, options))


def _samples(talk: Talk, options: DialogueOptions) -> list[dict[str, Any]]:
    """One row of the whole dialogue, or one for each answer in it."""
    turns = [{"role": role, "content": content} for role, content in talk.turns]
    answers = [answer for _, answer in talk.exchanges]
    first = len(talk.opening) or 1  # the turns before the first answer
    requests = [attempt.key for attempt in talk.attempts if attempt.drop is None]
    if options.rows == "dialogue":
        content = {"prompt": turns[:first], "completion": turns[first:]}
        made = answers[-1].generation(
            METHOD, exchanges=len(answers), over=talk.over, dialogue=talk.number, requests=requests
        )
        checks = _weakest([attempt for attempt in talk.attempts if attempt.drop is None])
        return [sample(ORIGIN, talk.source, content, made, checks, talk.number)]
    rows = []
    for place, answer in enumerate(answers):
        at = first + 2 * place
        content = {"prompt": turns[:at], "completion": turns[at : at + 1]}
        made = answer.generation(METHOD, exchange=place, over=talk.over, dialogue=talk.number, requests=requests)
        rows.append(sample(ORIGIN, talk.source, content, made, answer.checks, talk.number))
    return rows


def _weakest(attempts: Sequence[Attempt]) -> list[CheckResult]:
    """Of each check the turn with the lowest score, in the order of the checks."""
    weakest: dict[str, CheckResult] = {}
    for check in (check for attempt in attempts for check in attempt.checks):
        if check.name not in weakest or check.score < weakest[check.name].score:
            weakest[check.name] = check
    return list(weakest.values())


def _report(held: Sequence[Talk], options: DialogueOptions) -> dict[str, Any]:
    kept = [talk for talk in held if len(talk.exchanges) >= options.min_exchanges]
    return {
        "dialogues": {"begun": len(held), "kept": len(kept)},
        "exchanges": {str(n): found for n, found in sorted(Counter(len(talk.exchanges) for talk in kept).items())},
        "over": dict(sorted(Counter(str(talk.over) for talk in held).items())),
        "turn_characters": {
            role: _mean([len(content) for talk in kept for said, content in talk.turns if said == role])
            for role in ("user", "assistant")
        },
    }


def _mean(lengths: Sequence[int]) -> float | None:
    return sum(lengths) / len(lengths) if lengths else None
