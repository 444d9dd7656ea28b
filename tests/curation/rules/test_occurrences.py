"""Long lists are searched for where they may occur, and what is found is what one pattern of all entries finds."""

import random

import polars as pl
import pytest

from curation.rules import keywords, occurrences

PIECES = [
    "ass", "bake", "spy", "stop", "casino", "online", "사과", "자지", "보지", "않았다", "못", "는", "\u212aing", "ſtop",
    "씨발", "Straße", "e", "ing", "ed", "école", "네이버", "카페", "잠을", "12", "-", "\n", "\n\n", "\r\n", "\u2028",
    "i\u0307",
]  # fmt: skip
WORDS = [
    "ass", "bake", "spy", "stop", "online casino", "사과", "자지", "*보지", "king", "씨발*", "Straße", "e", "école",
    "네이버 카페", "ass-bake", "*e*", "- -", "잠을 자지",
]  # fmt: skip


def whole(words: list[str], allow: list[str], patterns: list[str], endings: str, texts: pl.Series) -> list[int]:
    """Hits by one pattern of all entries."""
    lists = keywords.Lists(tuple(words), tuple(patterns), tuple(allow))
    parts = [keywords._word(word, endings, True) for word in words]
    parts += [keywords.Parts("", f"(?:{pattern})", "", None) for pattern in patterns]
    masked = keywords._masked(lists)
    frame = pl.DataFrame({"text": texts})
    return frame.select(masked.str.count_matches(keywords._joined(parts))).to_series().to_list()


@pytest.mark.parametrize("seed", range(60))
def test_what_is_hit_is_what_one_pattern_of_all_hits(seed: int) -> None:
    draw = random.Random(seed)
    words, allow = draw.sample(WORDS, 6), draw.sample(["잠을 자지", "online casino", "spy\nstop", "école"], seed % 3)
    patterns, endings = [[], [r"\d+", r"a\s+b"]][seed % 4 == 3], draw.choice(["any", "particles", "none"])
    gaps = ["", " ", " ", "\n", "-", " \n\n", "."]
    texts = pl.Series(
        ["".join(draw.choice(PIECES) + draw.choice(gaps) for _ in range(draw.randint(0, 25))) for _ in range(8)] + [""]
    )
    texts = texts.str.to_uppercase() if seed % 5 == 4 else texts
    (rule,) = keywords.keywords(words=words, allow=allow, patterns=patterns, endings=endings)
    counted = pl.DataFrame({"text": texts}).select(rule.score).to_series().to_list()
    assert counted == whole(words, allow, patterns, endings, texts)


def test_only_entries_that_stand_in_the_text_are_tried() -> None:
    known = occurrences.index([("casino",), ("카지노",), ("online", "poker")], [], False)
    texts = pl.Series(["a page\non CASINOS\nand more", "nothing", "on line poker", "카지노에서", None])
    found = [(numbers, part.rows()) for numbers, part in occurrences.slices(texts, known)]
    assert found == [([0, 1], [(0, "on CASINOS"), (3, "카지노에서")])]


def test_an_entry_of_which_nothing_is_known_is_tried_everywhere() -> None:
    known = occurrences.index([("casino",), None], [], False)
    assert [(numbers, part.height) for numbers, part in occurrences.slices(pl.Series(["a", "b"]), known)] == [([1], 2)]
    assert occurrences.index([("ÉÉ",)], [], False).always == [0]  # whose case is not that of ASCII


def test_lines_of_one_hit_stay_together() -> None:
    known = occurrences.index([("online", "casino")], [], False)
    ((_, part),) = occurrences.slices(pl.Series(["before\nonline\n\n - \ncasino\nafter"]), known)
    assert part["text"].to_list() == ["online\n\n - \ncasino"]
    known = occurrences.index([("자지",)], [], True)
    ((_, part),) = occurrences.slices(pl.Series(["앞\n잠을 자지\n\n않았다\n뒤"]), known)
    assert part["text"].to_list() == ["잠을 자지\n\n않았다"]
