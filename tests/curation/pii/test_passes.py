"""What is common to all searches: boundaries, order of kinds, and no pattern that reaches into a placeholder."""

import polars as pl
import pytest

from curation.pii import find, passes


def frame(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["before", "found", "after"], orient="row")


def test_inside() -> None:
    rows = frame(
        ("", "12", ""), ("a", "12", ""), ("가", "12", "는"), ("1.", "12", ""), ("", "12", ".5"), ("x-", "12", "-x")
    )
    assert rows.select(passes.inside()).to_series().to_list() == [False, True, False, True, True, True]


def test_the_first_kind_asked_for_wins_and_null_is_no() -> None:
    rows = frame(("", "12", ""), ("", "3", ""))
    accepted = {"a": pl.col("found") == "12", "b": pl.lit(True), "c": pl.lit(None, pl.Boolean)}
    assert passes.first_kind(rows, accepted, ("b", "a", "c"))["kind"].to_list() == ["a", "b"]
    assert passes.first_kind(rows, accepted, ("b",))["kind"].to_list() == ["b", "b"]
    assert passes.first_kind(rows, accepted, ("c",))["kind"].to_list() == ["", ""]
    assert passes.whole(rows).select("lead", "trail").sum().row(0) == (0, 0)


@pytest.mark.parametrize("search", find._PASSES[1:], ids=lambda search: search.kinds[0])
def test_no_candidate_holds_the_start_of_a_placeholder(search: passes.Pass) -> None:
    secrets = [
        "a@ex.io",
        "010-1234-5678",
        "4111 1111 1111 1111",
        "token=a8F3kLm29QzXa8F3kLm29QzX",
        "https://a:bcd@e.fr/?key=a1b2c3d4",
    ]
    texts = pl.Series([secret[:at] + "<" + secret[at:] for secret in secrets for at in range(len(secret) + 1)])
    assert not any("<" in found for found in texts.str.extract_all(search.pattern).explode().drop_nulls())


def test_hints_are_in_every_candidate() -> None:
    texts = [
        "a@ex.io",
        "a [at] b.com",
        "010-1234-5678",
        "555 1234",
        "64-17-512",
        "2001:4860::8888",
        "8.8.4.4",
        "+82 2 123 4567",
    ]
    texts += [
        "http://a:bcd@e.fr",
        "key=a1b2c3d4e5f6a7b8",
        "<EMAIL>",
        "user-0123456789ab@example.org",
        "AKIA" + "A" * 16,
    ]
    rows = pl.DataFrame({"text": texts})
    for search in find._PASSES:
        matches = rows.filter(pl.col("text").str.contains(search.pattern))
        assert matches.height and matches.filter(search.may_match(pl.col("text"))).equals(matches)
