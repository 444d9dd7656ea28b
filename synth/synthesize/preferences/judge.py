"""A model as judge of two answers: it says an id and nothing else, and is asked in both orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from curation.model import Generator, Guide, Request, Sampling

from ...drop import Drop
from .. import own
from ..attempt import Ask, Attempt, attempted, language_of
from ..problem import Problem
from .options import CRITERIA, PreferencesOptions

FIRST, SECOND, NEITHER = IDS = ("A", "B", "C")
_MAX_TOKENS = 4  # an id is one token of nearly every tokenizer


@dataclass(frozen=True)
class Comparison:
    """Two answers of a row, by their places among its answers, compared in both orders.

    Attributes:
        winner: place of the better one, none for a tie.
        void: an order has no readable verdict, so that nothing is known.
        consistent: both orders say the same.
    """

    one: int
    other: int
    winner: int | None
    void: bool
    consistent: bool
    attempts: tuple[Attempt, Attempt]


def compare(
    answers: Mapping[str, tuple[Problem, Sequence[str]]], judge: Generator, options: PreferencesOptions
) -> dict[str, list[Comparison]]:
    """Compare all answers of each row two by two, each pair in both orders, greedily.

    A judge prefers what stands first or last (Zheng et al., arXiv 2306.05685, section 3.3): a verdict that does not
    survive the change of places is a tie. What it says is an id or void; nothing that it writes is kept.

    Args:
        answers: problem and different answers, by id of the row.
        judge: the model that compares.
        options: criteria and language.
    """
    asks: list[Ask] = []
    places: list[tuple[str, int, int]] = []
    for name, (problem, texts) in answers.items():
        for one, other in combinations(range(len(texts)), 2):
            asks.append(_ask(problem, texts, one, other, options))
            asks.append(_ask(problem, texts, other, one, options))
            places.append((name, one, other))
    attempts = attempted(asks, judge)
    compared: dict[str, list[Comparison]] = {name: [] for name in answers}
    for (name, one, other), first, second in zip(places, attempts[::2], attempts[1::2], strict=True):
        compared[name].append(_comparison(one, other, first, second))
    return compared


def shares(count: int, comparisons: Sequence[Comparison]) -> list[float | None]:
    """Share of its comparisons that each answer won, a tie counting half; none for one that was never compared."""
    won, of = [0.0] * count, [0] * count
    for one in comparisons:
        if not one.void:
            for place in (one.one, one.other):
                won[place] += 0.5 if one.winner is None else float(one.winner == place)
                of[place] += 1
    return [score / times if times else None for score, times in zip(won, of, strict=True)]


def bias(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """How the judge behaved: verdicts that could not be read or changed with the places, and the share of the first."""
    verdicts = [attempt.text for one in comparisons for attempt in one.attempts if attempt.text in IDS]
    decided = [verdict for verdict in verdicts if verdict != NEITHER]
    return {
        "comparisons": len(comparisons),
        "void": sum(one.void for one in comparisons),
        "inconsistent": sum(not one.consistent and not one.void for one in comparisons),
        "ties": sum(one.consistent and one.winner is None and not one.void for one in comparisons),
        "first_named": sum(verdict == FIRST for verdict in decided) / len(decided) if decided else None,
    }


def _ask(problem: Problem, texts: Sequence[str], first: int, second: int, options: PreferencesOptions) -> Ask:
    language = language_of(problem.item.question, options.language)
    template = own.form("preferences", "judge", language, options.templates)
    values = {
        "question": problem.item.question,
        "first": texts[first],
        "second": texts[second],
        "criteria": options.criteria or CRITERIA[language],
    }
    sampling = Sampling(_MAX_TOKENS, guide=Guide(choice=IDS))
    name = f"{problem.source.id}/judge-{first}-{second}"
    return Ask(problem.source, Request(name, problem.about(template, values), sampling), template)


def _comparison(one: int, other: int, first: Attempt, second: Attempt) -> Comparison:
    """What both orders say together; an answer that is no id is dropped as `not_an_id`."""
    said: list[int | None] = []
    for attempt, places in ((first, (one, other)), (second, (other, one))):
        if attempt.drop is None and attempt.text not in IDS:
            attempt.drop = Drop("not_an_id", detail={"expected": list(IDS)})
        if attempt.drop is None:
            said.append({FIRST: places[0], SECOND: places[1]}.get(attempt.text))
    void = len(said) < 2
    consistent = not void and said[0] == said[1]
    return Comparison(one, other, said[0] if consistent else None, void, consistent, (first, second))
