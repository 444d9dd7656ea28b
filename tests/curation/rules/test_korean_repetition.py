"""Shares of repeated characters against their plain definitions."""

import unicodedata
from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.rules import korean_repetition
from curation.rules.korean_repetition import DUPLICATE_GRAM, RUN, TOP_GRAM


def letters(text: str) -> str:
    kept = [character for character in text if unicodedata.category(character)[0] in "LMN"]
    return "".join(character.lower() if character.isascii() else character for character in kept)


def plain(text: str) -> tuple[float, float, float]:
    of = letters(text)
    if not of:
        return 0.0, 0.0, 0.0
    seen, marked = set(), np.zeros(len(of), bool)
    for at in range(len(of) - DUPLICATE_GRAM + 1):
        gram = of[at : at + DUPLICATE_GRAM]
        marked[at : at + DUPLICATE_GRAM] |= gram in seen
        seen.add(gram)
    grams = [of[at : at + TOP_GRAM] for at in range(len(of) - TOP_GRAM + 1)]
    top = np.zeros(len(of), bool)
    if grams and max(Counter(grams).values()) > 1:
        counts: Counter[str] = Counter()
        best, most = "", 1
        for gram in grams:
            counts[gram] += 1
            if counts[gram] > most:
                best, most = gram, counts[gram]
        for at, gram in enumerate(grams):
            top[at : at + TOP_GRAM] |= gram == best
    runs, at = 0, 0
    while at < len(of):
        end = at
        while end < len(of) and of[end] == of[at]:
            end += 1
        runs += end - at if end - at >= RUN else 0
        at = end
    return marked.mean(), top.mean(), runs / len(of)


def measured(texts: list[str]) -> list[tuple[float, ...]]:
    series = pl.Series(texts, dtype=pl.String)
    shares = (korean_repetition.duplicate_share, korean_repetition.top_share, korean_repetition.run_share)
    return list(zip(*(share(series).to_list() for share in shares), strict=True))


@settings(max_examples=25)
@given(st.lists(st.text("가나다aA1 .ㅋ\U0001d400é😀", max_size=120), max_size=6))
def test_the_plain_definitions(texts: list[str]) -> None:
    assert measured(texts) == [plain(text) for text in texts]


def test_by_hand() -> None:
    phrase = "오늘 본 영화는 정말 재미있었다. 또 볼 생각입니다."  # 20 letters
    assert measured(
        [phrase, f"{phrase} {phrase.replace(' ', '')}", "굿굿굿굿굿 좋다", "가나다라 가나다라마바", ""]
    ) == [
        (0.0, 0.0, 0.0),
        (0.5, 8 / 40, 0.0),
        (0.0, 5 / 7, 5 / 7),
        (0.0, 0.8, 0.0),
        (0.0, 0.0, 0.0),
    ]


def test_slices_and_long_texts() -> None:
    texts = pl.Series(["가나다", "가" * 100_000, "라마바"])
    assert korean_repetition.run_share(texts[1:]).to_list() == [1.0, 0.0]
    assert korean_repetition.duplicate_share(texts)[1] > 0.999


def test_the_three_are_compiled_once() -> None:
    """A kernel that is given another is found in no cache: each process would compile it and lengthen the cache."""
    texts = pl.Series(["가나다라 마바사"])
    for share in (korean_repetition.duplicate_share, korean_repetition.top_share, korean_repetition.run_share):
        share(texts)
    assert len(korean_repetition._score_rows.signatures) == 1
