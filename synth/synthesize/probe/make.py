"""Which of several prompt forms a model answers best: chosen on one half of the rows, measured on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import ceil
from typing import Any

import polars as pl

from curation.errors import InputError
from curation.metrics.intervals import paired_bootstrap, wilson
from curation.model import Generator, Request, Sampling

from ...distill.item import order
from ...drop import Drop
from ...prompts import Template, load
from ...synthesised import Synthesised
from ..account import accounted, sample
from ..attempt import Ask, Attempt, attempted, language_of
from ..own import own_template
from ..problem import Problem, checks_of_each, problems
from .options import PLAIN, ProbeOptions

METHOD = ORIGIN = "probe"
Tried = dict[str, dict[str, Attempt]]  # attempt by prompt form and id of the row


def probe(rows: pl.DataFrame, generator: Generator, options: ProbeOptions, seed: int) -> Synthesised:
    """Compare prompt forms on a development split, and answer every row with the best of them.

    The winner's score on the development split is the best of several and so too high; what it gains over the
    baseline is measured on a test split that had no part in the choice, with a paired interval.

    Args:
        rows: `synth.rows.ROWS`; those with `answer` are compared on, all are answered.
        generator: the model.
        options: see `ProbeOptions`.
        seed: of the split, which depends on no order of the rows.

    Returns:
        Samples of kind `prompt_completion`: the row's own prompt and the winner's answer to it, where that is verified
        (for a row without an answer, of sound form). A ledger row for every other request. The report names the winner
        with its text.

    Raises:
        InputError: when fewer than four rows have an answer.
    """
    every = problems(rows, METHOD)
    development, test = _split([one for one in every if one.checkable], options, seed)
    tried: Tried = {name: {} for name in options.names}
    _try(tried, development, options.names, generator, options)
    scores = {name: _right(tried[name], development) for name in options.names}
    winner = max(options.names, key=lambda name: (sum(scores[name]), -options.names.index(name)))
    _try(tried, test, tuple(dict.fromkeys((options.baseline, winner))), generator, options)
    _try(tried, [one for one in every if not one.checkable], (winner,), generator, options)
    test_report = _gain(tried, test, winner, options, seed)  # before drops, which hide what was right
    samples, unused = [], {}
    for one in every:
        attempt = tried[winner][one.source.id]
        failed = next((check for check in attempt.checks if not check.passed), None)
        attempt.settle(Drop.failed(failed) if failed is not None else None)
        if attempt.drop is None:
            samples.append(_sample(one, attempt, winner))
        else:
            unused[one.source.id] = attempt.drop
    for name in options.names:
        for attempt in tried[name].values():
            if name != winner:
                attempt.settle(Drop("other_form", float(attempt.verified), detail={"form": name, "winner": winner}))
    attempts = [attempt for name in options.names for attempt in tried[name].values()]
    report = {
        "winner": {"name": winner, "texts": _texts(winner, every, options)},
        "development": {name: _accuracy(found, tried[name], development, options) for name, found in scores.items()},
        "test": test_report,
    }
    sources = [one.source for one in every]
    return accounted(METHOD, "prompt_completion", sources, attempts, samples, unused, report)


def _split(checkable: Sequence[Problem], options: ProbeOptions, seed: int) -> tuple[list[Problem], list[Problem]]:
    """Development and test split, both of at least two rows, by the hash of seed and row id."""
    if len(checkable) < 4:
        raise InputError(
            f"{METHOD}: {len(checkable)} rows have an answer, expected at least 4 to choose and to test on"
        )
    ordered = sorted(checkable, key=lambda one: order(one.source.id, seed))
    count = min(max(2, ceil(options.development * len(ordered))), len(ordered) - 2)
    if options.max_development:
        count = min(count, max(2, options.max_development))
    return ordered[:count], ordered[count:]


def _try(
    tried: Tried, rows: Sequence[Problem], names: Sequence[str], generator: Generator, options: ProbeOptions
) -> None:
    """Answer rows in the given forms, greedily, and check the answers."""
    asked = [(name, one) for name in names for one in rows]
    asks = [_ask(one, name, options) for name, one in asked]
    attempts = attempted(asks, generator)
    whole = [(one, attempt) for (_, one), attempt in zip(asked, attempts, strict=True) if attempt.drop is None]
    for (_, attempt), checks in zip(whole, checks_of_each(whole, options.min_language), strict=True):
        attempt.checks = checks
    for (name, one), attempt in zip(asked, attempts, strict=True):
        tried[name][one.source.id] = attempt


def _ask(problem: Problem, name: str, options: ProbeOptions) -> Ask:
    template = _template(name, language_of(problem.item.question, options.language), options)
    prompt = problem.prompt if template is None else problem.about(template, {"question": problem.item.question})
    request = Request(f"{problem.source.id}/{METHOD}-{name}", prompt, Sampling(options.max_tokens))
    return Ask(problem.source, request, template)


def _template(name: str, language: str, options: ProbeOptions) -> Template | None:
    """The template of a form, none for the row's own prompt."""
    if name == PLAIN:
        return None
    for number, text in enumerate(options.templates):
        if name == f"templates[{number}]":
            return own_template(text, ("question",), f"probe option templates[{number}]")
    return load(f"{name}.{language}")


def _right(found: Mapping[str, Attempt], rows: Sequence[Problem]) -> list[float]:
    """1 for each row whose answer passed every check, else 0, in the order of the rows."""
    return [float(found[one.source.id].verified) for one in rows]


def _sample(problem: Problem, attempt: Attempt, winner: str) -> dict[str, Any]:
    content = {
        "prompt": problem.item.row["prompt"],
        "completion": [{"role": "assistant", "content": attempt.text}],
    }
    return sample(ORIGIN, attempt.source, content, attempt.generation(METHOD, form=winner), attempt.checks)


def _texts(winner: str, every: Sequence[Problem], options: ProbeOptions) -> dict[str, str]:
    """Text of the winning form by language of the rows; none for the rows' own prompt."""
    languages = sorted({language_of(one.item.question, options.language) for one in every})
    found = {language: _template(winner, language, options) for language in languages}
    return {language: template.text for language, template in found.items() if template is not None}


def _accuracy(
    scores: Sequence[float], found: Mapping[str, Attempt], rows: Sequence[Problem], options: ProbeOptions
) -> dict[str, Any]:
    right = int(sum(scores))
    low, high = wilson(right, len(scores), options.confidence)
    generated = [len(found[one.source.id].response.token_ids) for one in rows]
    return {
        "right": right,
        "of": len(scores),
        "share": right / len(scores),
        "low": low,
        "high": high,
        "tokens": sum(generated) / len(generated),
    }


def _gain(tried: Tried, test: Sequence[Problem], winner: str, options: ProbeOptions, seed: int) -> dict[str, Any]:
    """Baseline and winner on the test split, and their paired difference; none where the baseline won."""
    before, after = _right(tried[options.baseline], test), _right(tried[winner], test)
    gain = None
    if winner != options.baseline:
        gain = asdict(paired_bootstrap(before, after, confidence=options.confidence, seed=seed))
    return {
        "rows": len(test),
        "baseline": {"name": options.baseline, **_accuracy(before, tried[options.baseline], test, options)},
        "winner": {"name": winner, **_accuracy(after, tried[winner], test, options)},
        "gain": gain,
        "gain_shown": gain is not None and gain["low"] > 0,
    }
