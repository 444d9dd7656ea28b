"""Cutting: the pieces of a text are the text, searching what is left finds nothing more, time grows with the text."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import pii
from curation.pii import find

SECRETS = (
    *("kim@example.co.kr", "010-1234-5678", "121.78.45.200", "800101-1000008", "120-81-23456", "4111 1111 1111 1111"),
    *("DE89370400440532013000", "계좌 110-123-456789", "https://e.com/?token=a1b2c3d4e5", "key=a8F3kLm29QzX7pW1a8F3"),
    *("<EMAIL>", "https://a:b12@c.de", "주민번호 ", "card ", "user-0123456789ab@example.org", "version "),
)
TEXTS = st.lists(st.lists(st.sampled_from(SECRETS) | st.text("01-. @ae가:/", max_size=6)).map("".join), max_size=40)


@settings(max_examples=15)
@given(TEXTS)
def test_pieces_are_the_text_and_nothing_is_left(texts: list[str]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    cut = find.pieces(series, pii.KINDS)
    whole = dict(cut.group_by("row").agg(pl.col("piece").str.join("")).iter_rows())
    assert all(whole[row] == texts[row] for row in whole)
    for row, start, piece in cut.select("row", "start", "piece").iter_rows():
        assert texts[row][start : start + len(piece)] == piece
    assert cut.filter(pl.col("kind").is_not_null())["row"].unique().sort().to_list() == sorted(whole)
    # a text alone is cut as it is among others, and what was replaced stays replaced
    if texts:
        alone = find.pieces(series[:1], pii.KINDS)
        assert alone.equals(cut.filter(pl.col("row") == 0))
    left = pl.coalesce(pl.format("<{}>", pl.col("kind").str.to_uppercase()), "piece").str.join("")
    replaced = cut.group_by("row", maintain_order=True).agg(text=left)["text"]
    assert find.pieces(replaced, pii.KINDS).is_empty()


def test_no_text_and_no_kind() -> None:
    assert find.pieces(pl.Series([], dtype=pl.String), pii.KINDS).is_empty()
    assert find.pieces(pl.Series(["a@b.kr"]), ()).is_empty()


@pytest.mark.parametrize("mark", ["\ufdd0", "\ufdd0\ufdd1", "\ufdd1"])
def test_characters_used_inside_are_of_no_consequence(mark: str) -> None:
    cut = find.pieces(pl.Series([f"{mark}a@b.kr{mark}", mark * 3]), pii.KINDS)
    assert cut["piece"].to_list() == [mark, "a@b.kr", mark]


HOSTILE = (
    *("0123456789", "@", "a@", "a", "a.", "1-", "1234 ", "aB3", "key=", "eyJaaaaaaaaaaaa.", "//a:b", "a@b.", "DE89"),
    *("-----BEGIN PRIVATE KEY-----", "a (at) b ", "2001:", "https://e.com/?token=", "1.2.", "+82", "가", "a@ex.io "),
)


def test_hostile_text_ends() -> None:
    """Texts that make a search go far and come back with nothing: in quadratic time this would take many minutes."""
    texts = pl.Series([unit * (300_000 // len(unit)) for unit in HOSTILE])
    cut = find.pieces(texts, pii.KINDS)
    whole = cut.group_by("row", maintain_order=True).agg(pl.col("piece").str.join(""))
    assert whole["piece"].to_list() == texts.gather(whole["row"]).to_list()
