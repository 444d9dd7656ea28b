"""How far people agree beyond chance, on answers that are names (nominal data)."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import polars as pl

RATINGS = pl.Schema({"row_id": pl.String, "reviewer": pl.String, "answer": pl.String})

Answers = Mapping[str, Hashable]  # of one person: row id -> answer


def observed(one: Answers, other: Answers) -> tuple[int, int]:
    """Rows on which two people gave the same answer, and rows that both answered."""
    shared = one.keys() & other.keys()
    return sum(one[row] == other[row] for row in shared), len(shared)


def cohen_kappa(one: Answers, other: Answers) -> float | None:
    """Agreement of two people beyond what their own shares of answers would give by chance (Cohen 1960).

    (observed - expected) / (1 - expected) over the rows that both answered: 1 for perfect agreement, 0 for chance.

    Returns:
        None where it is not defined: no row that both answered, or one and the same answer to all of them.
    """
    same, rows = observed(one, other)
    if not rows:
        return None
    shared = one.keys() & other.keys()
    first, second = Counter(one[row] for row in shared), Counter(other[row] for row in shared)
    by_chance = sum(count * second[answer] for answer, count in first.items())
    if by_chance == rows * rows:
        return None
    return (rows * same - by_chance) / (rows * rows - by_chance)


def krippendorff_alpha(people: Sequence[Answers]) -> float | None:
    """Agreement of any number of people, each of whom may have left rows out (Krippendorff, nominal metric).

    1 - observed / expected disagreement over the pairable answers ("Computing Krippendorff's Alpha-Reliability", 2011,
    section C): each ordered pair of a row's m answers counts 1 / (m - 1) times; a row with one answer does not count.

    Returns:
        None where it is not defined: no row with two answers, or one and the same answer to all such rows.
    """
    units: dict[str, list[Hashable]] = {}
    for answers in people:
        for row, answer in answers.items():
            units.setdefault(row, []).append(answer)
    disagreement = 0.0
    totals: Counter[Hashable] = Counter()
    for row in sorted(units):  # a fixed order of summing
        given = units[row]
        if len(given) < 2:
            continue
        counts = Counter(given)
        totals.update(counts)
        disagreement += (len(given) ** 2 - sum(count * count for count in counts.values())) / (len(given) - 1)
    answers_in_all = sum(totals.values())
    expected = answers_in_all**2 - sum(count * count for count in totals.values())
    if not expected:
        return None
    return 1 - (answers_in_all - 1) * disagreement / expected


def majority(ratings: pl.DataFrame) -> pl.DataFrame:
    """What most people answered to each row.

    Args:
        ratings: schema `RATINGS`, at most one row a person and row; answers that decide nothing left out before.

    Returns:
        `row_id`, `answer` (null where the two most frequent answers are equally many), `votes` (answers in all),
        sorted by `row_id`.
    """
    counted = ratings.group_by("row_id", "answer").len("count")
    by_row = counted.group_by("row_id").agg(
        pl.col("answer").sort_by("count", "answer", descending=[True, False]).first(),
        ((pl.col("count") == pl.col("count").max()).sum() > 1).alias("tied"),
        pl.col("count").sum().cast(pl.Int64).alias("votes"),
    )
    answer = pl.when("tied").then(None).otherwise(pl.col("answer"))
    return by_row.select("row_id", answer.alias("answer"), "votes").sort("row_id")


def by_person(ratings: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Answers of each person by row id, people sorted by name."""
    people: dict[str, dict[str, str]] = {}
    for row, reviewer, answer in ratings.select(RATINGS.names()).sort("reviewer", "row_id").iter_rows():
        people.setdefault(reviewer, {})[row] = answer
    return people
