"""Check digits against published numbers and against plain arithmetic."""

import math
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.pii import checks


def verdicts(check, *texts: str) -> list[bool]:
    return check(pl.Series(texts, dtype=pl.String)).to_list()


@pytest.mark.parametrize(
    ("check", "right", "length"),
    [
        (checks.luhn, ("4111111111111111", "378282246310005", "30569309025904", "4222222222222"), (12, 19)),
        (checks.resident, ("8001011000008", "8506125000003", "0207318000004"), (13, 13)),
        (checks.business, ("1208123456", "2208800015"), (10, 10)),
        (checks.routing, ("021000021", "011401533"), (9, 9)),
    ],
)
def test_any_single_wrong_digit_is_noticed(check, right, length) -> None:
    assert verdicts(check, *right) == [True] * len(right)
    for text in right:
        last = [text[:-1] + str((int(text[-1]) + step) % 10) for step in range(1, 10)]
        assert not any(verdicts(check, *last))
    few, many = length
    assert verdicts(check, "", "0" * (few - 1), "0" * (many + 1), "a" * few, right[0] + " ") == [False] * 5
    assert verdicts(check) == []


def test_iban() -> None:
    # examples of the registry of ISO 13616
    right = ("DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947", "MT84MALT011000012345MTLCAST001S")
    assert verdicts(checks.iban, *right) == [True] * 4
    assert verdicts(checks.iban, *(text[:-1] + ("1" if text[-1] != "1" else "2") for text in right)) == [False] * 4
    assert verdicts(checks.iban, *(text[:2] + text[3] + text[2] + text[4:] for text in right)) == [False] * 4
    assert verdicts(checks.iban, "", "DE", "de89370400440532013000", "DE89-3704") == [False] * 4
    assert verdicts(checks.iban) == []


@given(st.text("ABCXYZ0123456789", min_size=11, max_size=30), st.sampled_from(["DE", "GB", "ZZ"]))
def test_iban_is_the_remainder_of_one_long_number(rest: str, country: str) -> None:
    number = "".join(str(int(character, 36)) for character in rest + country + "00")
    text = f"{country}{98 - int(number) % 97:02}{rest}"
    assert verdicts(checks.iban, text) == [True]


@given(st.lists(st.text("abc가1", max_size=12), max_size=8))
def test_entropy(texts: list[str]) -> None:
    expected = []
    for text in texts:
        counts = Counter(text.encode()).values()
        expected.append(-sum(n / sum(counts) * math.log2(n / sum(counts)) for n in counts))
    assert checks.entropy(pl.Series(texts, dtype=pl.String)).to_list() == pytest.approx(expected)
