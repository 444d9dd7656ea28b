"""Preference pairs: the best of several answers against the worst, by checks, rewards or a judge."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import polars as pl

from curation import tables
from curation.checks import beside
from curation.checks.typed_result import graded
from curation.errors import InputError
from curation.metrics.text import normalise_answer
from curation.model import Generator, Request, Sampling

from ...drop import Drop
from ...synthesised import Synthesised
from ..account import accounted, sample
from ..attempt import Ask, Attempt, Source, attempted, draws, source_of
from ..problem import Problem, judge_form, problems
from ..reward import Reward, rewards
from .judge import Comparison, bias, compare, shares
from .options import PreferencesOptions
from .pair import Pair, best_and_worst

METHOD = "preferences"
ORIGIN = "preference"


@dataclass(frozen=True)
class Preferences(Synthesised):
    """Pairs, and apart from them the rows whose best and worst answer are equally good.

    Attributes:
        ties: as `samples`; empty unless ties are kept. Which answer is `chosen` in them means nothing.
    """

    ties: pl.DataFrame


@dataclass
class _Row:
    """A row with its different answers, their scores and the pair they give."""

    problem: Problem
    answers: list[Attempt]
    scores: list[float | None] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    pair: Pair | None = None
    drop: Drop | None = None


def preferences(
    rows: pl.DataFrame,
    generator: Generator,
    options: PreferencesOptions,
    seed: int,
    reward: Reward | None = None,
    judge: Generator | None = None,
) -> Preferences:
    """Draw several answers for every row and pair its best with its worst.

    Only answers of sound form are compared: a pair of a whole answer and one that was cut off would teach lengths.

    Args:
        rows: `synth.rows.ROWS`; `by: checks` needs `answer` and asks no others.
        generator: the model that answers.
        options: see `PreferencesOptions`.
        seed: of the draws.
        reward: for `by: reward`.
        judge: the model that compares, for `by: judge`; none for the generator itself.

    Returns:
        Samples of kind `preference`, one a row at most, with the check `margin`; ties apart or in the ledger; a ledger
        row for every other request, those of the judge included.

    Raises:
        InputError: when there are no rows, or no reward function where one is needed.
    """
    if options.by == "reward" and reward is None:
        raise InputError("preferences option by is 'reward' but there is no reward function, expected one")
    every = problems(rows, METHOD)
    asked = [one for one in every if one.checkable or options.by != "checks"]
    drawn = attempted([ask for one in asked for ask in draws(_ask(one, options, seed), options.samples)], generator)
    found = _different(asked, drawn, options)
    _score(found, reward, judge or generator, options)
    pairs: list[dict[str, Any]] = []
    ties: list[dict[str, Any]] = []
    for one in found:
        made = _settle(one, options)
        if made is not None:
            (ties if one.drop is not None else pairs).append(made)
    attempts = [*drawn, *(attempt for one in found for two in one.comparisons for attempt in two.attempts)]
    unused = {one.source.id: Drop("not_checkable") for one in every}
    unused |= {one.problem.source.id: one.drop for one in found if one.drop is not None}
    sources = [one.source for one in every]
    report = _report(found, options)
    return _result(accounted(METHOD, "preference", sources, attempts, pairs, unused, report, ties), ties)


def ranked(rankings: pl.DataFrame, options: PreferencesOptions) -> Preferences:
    """Pairs from answers that have scores already: no model is asked.

    Args:
        rankings: `tables.samples_schema("ranking")`: several `responses` a prompt with as many `scores`.
        options: `min_margin` and `ties` are used.

    Raises:
        InputError: when there are no rows, or a row has not as many scores as responses.
    """
    if not rankings.height:
        raise InputError(f"{METHOD}: found no rows, expected at least one")
    pairs: list[dict[str, Any]] = []
    ties: list[dict[str, Any]] = []
    sources: list[Source] = []
    unused: dict[str, Drop] = {}
    margins: list[float] = []
    for row in rankings.iter_rows(named=True):
        source = source_of(row)
        sources.append(source)
        texts = ["\n".join(turn["content"] for turn in turns) for turns in row["responses"]]
        if len(texts) != len(row["scores"]):
            raise InputError(f"row {source.id} has {len(row['scores'])} scores for {len(texts)} responses")
        pair = best_and_worst(row["scores"], [len(text) for text in texts])
        drop = _refusal(pair, options)
        if drop is not None:
            unused[source.id] = drop
        if pair is not None and (drop is None or (drop.rule == "tie" and options.ties == "keep")):
            content = {
                "prompt": row["prompt"],
                "chosen": row["responses"][pair.chosen],
                "rejected": row["responses"][pair.rejected],
            }
            generation = tables.canonical_json({"method": METHOD, "by": "column", "scores": row["scores"]})
            margin = graded("margin", pair.margin, options.min_margin, "best less worst")
            made = sample(ORIGIN, source, content, generation, [margin])
            (pairs if drop is None else ties).append(made)
            margins += [pair.margin] if drop is None else []
    report = {"by": "column", "ties": sum(drop.rule == "tie" for drop in unused.values()), "margin": _spread(margins)}
    return _result(accounted(METHOD, "preference", sources, [], pairs, unused, report, ties), ties)


def _result(made: Synthesised, ties: Sequence[Mapping[str, Any]]) -> Preferences:
    frame = pl.DataFrame(list(ties), schema=tables.samples_schema("preference"))
    return Preferences(made.samples, made.ledger, made.report, frame)


def _ask(problem: Problem, options: PreferencesOptions, seed: int) -> Ask:
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed)
    return Ask(problem.source, Request(f"{problem.source.id}/{METHOD}", problem.prompt, sampling))


def _different(asked: Sequence[Problem], drawn: Sequence[Attempt], options: PreferencesOptions) -> list[_Row]:
    """Rows with those of their answers that are of sound form and differ; the others are dropped."""
    rows = {one.source.id: _Row(one, []) for one in asked}
    seen: dict[tuple[str, str], Attempt] = {}
    for attempt in drawn:
        row = rows[attempt.source.id]
        if judge_form(attempt, row.problem, options.min_language):
            twin = seen.setdefault((attempt.source.id, normalise_answer(attempt.text)), attempt)
            if twin is attempt:
                row.answers.append(attempt)
            else:
                attempt.drop = Drop("repeated", duplicate_of=twin.key, similarity=1.0)
    return list(rows.values())


def _score(rows: Sequence[_Row], reward: Reward | None, judge: Generator, options: PreferencesOptions) -> None:
    """Give every answer its score."""
    if options.by == "checks":
        every = [(row, attempt) for row in rows for attempt in row.answers]
        rights = beside.each(lambda one: one[0].problem.right(one[1].text), every, lambda one: one[0].problem.item.runs)
        for (row, attempt), right in zip(every, rights, strict=True):
            attempt.checks = (*attempt.checks, right)
            row.scores.append(float(right.passed))
    elif options.by == "reward" and reward is not None:
        given = rewards(reward, [(row.problem.item.prompt, one.text) for row in rows for one in row.answers])
        scores = iter(given)
        for row in rows:
            row.scores = [next(scores) for _ in row.answers]
    else:
        texts = {row.problem.source.id: (row.problem, [one.text for one in row.answers]) for row in rows}
        compared = compare(texts, judge, options)
        for row in rows:
            row.comparisons = compared[row.problem.source.id]
            row.scores = shares(len(row.answers), row.comparisons)


def _settle(row: _Row, options: PreferencesOptions) -> dict[str, Any] | None:
    """The sample of a row, also that of a tie which is kept; every request of the row is settled."""
    row.pair = best_and_worst(row.scores, [len(one.text) for one in row.answers])
    row.drop = _refusal(row.pair, options)
    if not row.answers:
        row.drop = Drop("no_sound_answer")
    elif len(row.answers) == 1:
        row.drop = Drop("one_answer", detail={"answer": row.answers[0].text})
    elif row.pair is not None and row.drop is None and not _head_to_head(row, row.pair):
        row.drop = Drop("tie", row.pair.margin, detail={"because": "the judge did not prefer it to the worst itself"})
    kept = row.pair is not None and (row.drop is None or (row.drop.rule == "tie" and options.ties == "keep"))
    if row.pair is None or not kept:
        for attempt in row.answers:
            attempt.settle(row.drop)
    else:
        for place, attempt in enumerate(row.answers):
            inside = place in (row.pair.chosen, row.pair.rejected)
            attempt.settle(None if inside else Drop("neither_best_nor_worst", row.scores[place]))
    for comparison in row.comparisons:
        for attempt in comparison.attempts:
            attempt.settle(None if kept else row.drop)
    return _sample(row, row.pair, options) if kept and row.pair is not None else None


def _refusal(pair: Pair | None, options: PreferencesOptions) -> Drop | None:
    """Why two answers are no pair: they have no scores, or scores that are too near."""
    if pair is None:
        return Drop("not_scored")
    if pair.margin <= 0 or pair.margin < options.min_margin:
        return Drop("tie", pair.margin, options.min_margin)
    return None


def _head_to_head(row: _Row, pair: Pair) -> bool:
    """Whether a judge, where there is one, preferred the best to the worst when it compared just these."""
    direct = [one for one in row.comparisons if {one.one, one.other} == {pair.chosen, pair.rejected}]
    return all(one.winner == pair.chosen for one in direct)


def _sample(row: _Row, pair: Pair, options: PreferencesOptions) -> dict[str, Any]:
    chosen, rejected = row.answers[pair.chosen], row.answers[pair.rejected]
    content = {
        "prompt": row.problem.item.row["prompt"],
        "chosen": [{"role": "assistant", "content": chosen.text}],
        "rejected": [{"role": "assistant", "content": rejected.text}],
    }
    other = rejected.response
    generation = chosen.generation(
        METHOD,
        by=options.by,
        scores={"chosen": row.scores[pair.chosen], "rejected": row.scores[pair.rejected]},
        rejected={
            "request": rejected.ask.request.id,
            "sample": rejected.ask.request.sample,
            "tokens": len(other.token_ids),
            "finish_reason": other.finish_reason,
        },
        judged=[attempt.key for one in row.comparisons for attempt in one.attempts],
    )
    margin = graded("margin", pair.margin, options.min_margin, "best less worst")
    return sample(ORIGIN, chosen.source, content, generation, (*chosen.checks, margin))


def _report(rows: Sequence[_Row], options: PreferencesOptions) -> dict[str, Any]:
    paired = [(row, row.pair) for row in rows if row.pair is not None and row.drop is None]
    ratios = [len(row.answers[pair.chosen].text) / len(row.answers[pair.rejected].text) for row, pair in paired]
    comparisons = [comparison for row in rows for comparison in row.comparisons]
    return {
        "by": options.by,
        "different_answers": dict(sorted(Counter(str(len(row.answers)) for row in rows).items())),
        "ties": sum(row.drop is not None and row.drop.rule == "tie" for row in rows),
        "margin": _spread([pair.margin for _, pair in paired]),
        "length_ratio": _spread(ratios),
        "judge": bias(comparisons) if options.by == "judge" else None,
    }


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    return {"lowest": min(values), "median": median(values), "highest": max(values)} if values else None
