"""The numbers of a text, exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.checks.typed_numbers import numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50", ["2469/2"]),
        ("-3, then 10-5 and - 7", ["-3", "10", "5", "7"]),
        ("-$5 and $-6 and \u22127", ["-5", "-6", "-7"]),
        ("3/4 of .5 and 1e3", ["3/4", "1/2", "1000"]),
        ("1/0", ["1", "0"]),
        ("2 million and 3 millions", ["2000000", "3"]),
        ("3만 5천 원", ["35000"]),
        ("1억 2,000만 원", ["120000000"]),
        ("1만2345명, 2백만", ["12345", "2000000"]),
        ("3조각을 든 5천사", ["3", "5"]),
        ("B12, COVID-19 and \uff11\uff12", ["19", "12"]),
        ("file_7 and --5", ["5"]),  # part of a name, and a dash of two signs
        ("#### 18", ["18"]),
        ("none at all", []),
    ],
)
def test_numbers(text: str, expected: list[str]):
    assert numbers(text) == [Fraction(value) for value in expected]


def test_korean_units_can_be_left_out():
    assert numbers("3만", korean_units=False) == [3]


@given(st.fractions(min_value=0, max_value=10**12, max_denominator=1))
def test_numbers_with_thousands(value: Fraction):
    assert numbers(f"It is {int(value):,}.") == [value]
