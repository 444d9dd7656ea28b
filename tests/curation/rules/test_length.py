"""Length in code points, at the bounds."""

import polars as pl
import pytest

from curation.rules import rule
from curation.rules.length import length

TEXTS = ["", "a", "가나", "😀😀😀", "e\u0301" * 2]


def kept(low: float | None, high: float | None) -> list[str]:
    rules = length(low, high)
    frame = pl.DataFrame({"doc_id": TEXTS, "text": TEXTS})
    decided = rule.decide(rule.score(frame, rules), rules)
    return decided.filter(pl.col("first_failing_rule").is_null())["doc_id"].to_list()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1, None, TEXTS[1:]), (2, 3, TEXTS[2:4]), (None, 1, TEXTS[:2]), (4, 4, TEXTS[4:]), (None, None, TEXTS)],
)
def test_bounds_are_inclusive_and_count_code_points(low: float, high: float, expected: list[str]) -> None:
    assert kept(low, high) == expected


def test_by_default_only_empty_documents_go() -> None:
    (only,) = length()
    assert (only.name, only.low, only.high) == ("length.characters", 1, None)
