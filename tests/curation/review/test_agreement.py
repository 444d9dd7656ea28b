"""Agreement beyond chance, against published examples and by hand."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.review import agreement


def answers(values: str) -> dict[str, str]:
    """A person's answers to rows 0, 1, ...: a character each, a full stop for none."""
    return {str(row): value for row, value in enumerate(values) if value != "."}


def test_kappa_of_two_readers_of_fifty_proposals() -> None:
    # both yes 20, first alone 5, second alone 10, both no 15: observed .7, by chance .5
    first = answers("y" * 25 + "n" * 25)
    second = answers("y" * 20 + "n" * 5 + "y" * 10 + "n" * 15)
    assert agreement.observed(first, second) == (35, 50)
    assert agreement.cohen_kappa(first, second) == pytest.approx(0.4)


def test_kappa_counts_only_rows_that_both_answered() -> None:
    assert agreement.cohen_kappa(answers("yyn."), answers("yyny")) == pytest.approx(1.0)
    assert agreement.observed(answers("yyn."), answers(".yy")) == (1, 2)


@pytest.mark.parametrize(("first", "second"), [("", "yy"), ("yy", "yy"), ("y.", ".y")])
def test_kappa_is_not_defined_without_rows_or_variety(first: str, second: str) -> None:
    assert agreement.cohen_kappa(answers(first), answers(second)) is None


def test_alpha_of_two_observers_krippendorff_2011_a() -> None:
    # Krippendorff (2011), section A: binary data, two observers, no missing data: .095
    people = [answers("0100000010"), answers("1110010000")]
    assert agreement.krippendorff_alpha(people) == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_four_observers_with_missing_answers_krippendorff_2011_c() -> None:
    # Krippendorff (2011), section C: nominal data, any number of observers, missing data: .743
    people = [answers(row) for row in ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")]
    assert agreement.krippendorff_alpha(people) == pytest.approx(0.743, abs=5e-4)


def test_alpha_by_hand() -> None:
    # rows kk, kd, dd: o = 2 of 6 ordered pairs differ; 3 k and 3 d: 1 - 5 * 2 / (36 - 18) = 4/9
    assert agreement.krippendorff_alpha([answers("kkd"), answers("kdd")]) == pytest.approx(4 / 9)


@pytest.mark.parametrize("people", [[], ["kkd"], ["k..", ".k."], ["kkk", "kkk"]])
def test_alpha_is_not_defined_without_pairs_or_variety(people: list[str]) -> None:
    assert agreement.krippendorff_alpha([answers(person) for person in people]) is None


sheets = st.lists(st.text("kdu.", min_size=8, max_size=8), min_size=2, max_size=4)


@given(sheets, st.randoms())
def test_alpha_depends_on_no_order_and_is_at_most_one(people: list[str], random) -> None:
    first = agreement.krippendorff_alpha([answers(person) for person in people])
    shuffled = [dict(random.sample(list(answers(person).items()), len(answers(person)))) for person in people]
    random.shuffle(shuffled)
    assert agreement.krippendorff_alpha(shuffled) == first
    assert first is None or first <= 1


def ratings(sheets: dict[str, str]) -> pl.DataFrame:
    rows = [(row, who, value) for who, sheet in sheets.items() for row, value in answers(sheet).items()]
    return pl.DataFrame(rows, schema=agreement.RATINGS, orient="row")


def test_majority_and_ties() -> None:
    found = agreement.majority(ratings({"a": "kkd.", "b": "kdd.", "c": "d.d."}))
    assert found.rows() == [("0", "k", 3), ("1", None, 2), ("2", "d", 3)]


def test_no_answers_have_no_majority() -> None:
    assert agreement.majority(ratings({})).height == 0


def test_answers_of_each_person() -> None:
    assert agreement.by_person(ratings({"b": "k.", "a": "dk"})) == {"a": {"0": "d", "1": "k"}, "b": {"0": "k"}}
