"""What the answers come to: how far people agree with each other and with each rule, written down and in words."""

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from curation import storage
from curation.metrics.intervals import wilson
from curation.review import agreement, answers, estimates

from .deck import Deck
from .journal import Answer, journals

RATED = pl.Schema({**agreement.RATINGS, "left": pl.String()})


def write(deck: Deck) -> dict[str, Any]:
    """Write `answers.parquet` and `agreement.json` of a deck from the journals; what stands in the latter.

    Equal answers give equal bytes, in whatever order they were given.

    Raises:
        InputError: for a damaged journal.
    """
    given = ratings(journals(deck.folder))
    table = "samples" if deck.kind == "pairs" else "documents"
    reviewed = answers.reviewed(given, deck.cards, table)
    storage.write_parquet(reviewed, deck.folder / "answers.parquet")
    found = summarise(deck, reviewed, given.height - reviewed.height)
    text = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    storage.write_text(text + "\n", deck.folder / "agreement.json")
    return found


def ratings(people: Mapping[str, Mapping[str, Answer]]) -> pl.DataFrame:
    """Answers of everyone as rows: `agreement.RATINGS` and the side that stood on the left."""
    rows = [(row, name, each.answer, each.left) for name, given in people.items() for row, each in given.items()]
    return pl.DataFrame(rows, schema=RATED, orient="row")


def reviewed(deck: Deck) -> pl.DataFrame:
    """The answers on a deck, schema `answers.REVIEWED`."""
    return answers.reviewed(ratings(journals(deck.folder)), deck.cards)


def summarise(deck: Deck, reviewed: pl.DataFrame, elsewhere: int) -> dict[str, Any]:
    """Agreement and estimates as JSON values.

    Args:
        deck: the sample.
        reviewed: schema `answers.REVIEWED`.
        elsewhere: answers to rows that are not in the sample.
    """
    decided = reviewed.filter(pl.col("answer") != "unsure")
    people = agreement.by_person(decided)
    facts: dict[str, Any] = {
        "kind": deck.kind,
        "rows": deck.cards.height,
        "answers_to_other_rows": elsewhere,
        "reviewers": [_person(deck, name, part) for (name,), part in reviewed.group_by("reviewer")],
        "people": [_two(one, other, people) for one, other in combinations(sorted(people), 2)],
        "krippendorff_alpha": agreement.krippendorff_alpha(list(people.values())),
    }
    facts["reviewers"].sort(key=lambda person: person["name"])
    found = agreement.majority(decided.select("row_id", "reviewer", "answer"))
    facts["decided"] = found["answer"].count()
    facts["tied"] = found["answer"].null_count()
    if deck.kind == "pairs":
        return {**facts, **_sides(deck, decided, found)}
    judged = deck.cards.join(found, on="row_id", how="left")
    return {
        **facts,
        "measures": estimates.measures(judged).to_dicts(),
        "overrides": answers.overrides_from(reviewed).height,
    }


def _person(deck: Deck, name: str, rows: pl.DataFrame) -> dict[str, Any]:
    """How often one person gave each answer; of rows, how often as the run decided."""
    counts = {str(answer): int(count) for answer, count in rows.group_by("answer").len().sort("answer").iter_rows()}
    person: dict[str, Any] = {"name": name, "answered": rows.height, "answers": counts}
    if deck.kind == "rows":
        decided = rows.filter(pl.col("answer").is_in(answers.DECIDED))
        mine = dict(decided.select("row_id", "answer").iter_rows())
        run = {row: "keep" if kept else "drop" for row, kept in decided.select("row_id", "kept").iter_rows()}
        same, both = agreement.observed(mine, run)
        person |= {"as_the_run": same, "decided": both, "kappa_with_run": agreement.cohen_kappa(mine, run)}
    return person


def _two(one: str, other: str, people: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    same, both = agreement.observed(people[one], people[other])
    low, high = wilson(same, both)
    kappa = agreement.cohen_kappa(people[one], people[other])
    return {"people": [one, other], "rows": both, "same": same, "low": low, "high": high, "cohen_kappa": kappa}


def _sides(deck: Deck, decided: pl.DataFrame, found: pl.DataFrame) -> dict[str, Any]:
    """How often each side was the better one by majority, and how often people took the one on the left."""
    wins = {side: int((found["answer"] == side).sum()) for side in (*deck.sides, "tie")}
    without_ties = wins[deck.sides[0]] + wins[deck.sides[1]]
    chosen = decided.filter(pl.col("answer") != "tie")
    left = int((chosen["answer"] == chosen["left"]).sum())
    return {
        "sides": list(deck.sides),
        "wins": wins,
        "first_wins": _share(wins[deck.sides[0]], without_ties),
        "left_taken": _share(left, chosen.height),
    }


def _share(count: int, of: int) -> dict[str, Any]:
    low, high = wilson(count, of)
    return {"count": count, "of": of, "share": count / of if of else None, "low": low, "high": high}


def per_cent(share: float | None, low: float, high: float) -> str:
    """A share with its interval in words."""
    return "not answered" if share is None else f"{share:.0%} ({low:.0%} to {high:.0%})"


def coefficient(value: float | None) -> str:
    """A coefficient of agreement in words; not defined where everyone gave one and the same answer."""
    return "not defined" if value is None else f"{value:.2f}"


def files(deck: Deck) -> Sequence[Path]:
    """The files that `write` wrote."""
    return deck.folder / "answers.parquet", deck.folder / "agreement.json"
