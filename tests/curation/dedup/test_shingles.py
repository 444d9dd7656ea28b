import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup.shingles import ShingleOptions, distinct, in_threads, shingles
from curation.errors import InputError

ALL_64 = (1 << 64) - 1
OPTIONS = ShingleOptions()
TEXTS = st.lists(
    st.text(alphabet="abAB \n.,'-1é\u0301가나다ㅋ漢かไ\u1100\u1161😀İß\U000e0101", max_size=40), max_size=8
)


def mix(value: int) -> int:
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & ALL_64
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & ALL_64
    return value ^ (value >> 33)


def word_hash(word: str) -> int:
    value = 0xCBF29CE484222325
    for character in word:
        value = (value ^ ord(character)) * 0x100000001B3 & ALL_64
    return mix(value)


def is_unspaced(character: str) -> bool:
    names = ("HANGUL", "CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO", "YI")
    return unicodedata.name(character, "").startswith(names)


def reference(text: str, options: ShingleOptions) -> list[int]:
    """The definition of a document's shingles, said plainly."""
    folded = unicodedata.normalize("NFC", text)
    folded = pl.Series([folded]).str.to_lowercase()[0]
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" and ord(c) < 0x34000 else " " for c in folded)
    letters = [c for c in kept if unicodedata.category(c)[0] == "L"]
    unspaced = sum(map(is_unspaced, letters))
    if letters and unspaced >= options.character_share * len(letters):
        units, length, salt = [ord(c) for c in kept.replace(" ", "")], options.characters, 0x14057B7EF767814F
    else:
        units, length, salt = [word_hash(word) for word in kept.split()], options.words, 0x5851F42D4C957F2D
    result = []
    for start in range(len(units) - length + 1):
        value = 0
        for unit in units[start : start + length]:
            value = (value * 0x9E3779B97F4A7C15 + unit) & ALL_64
        result.append(mix(value ^ salt) >> 32)
    return result


def of(text: str, options: ShingleOptions = OPTIONS) -> list[int]:
    return shingles(pl.Series([text]), options).values.tolist()


def jaccard(first: str, second: str) -> float:
    one, two = set(of(first)), set(of(second))
    return len(one & two) / len(one | two)


@given(TEXTS, st.integers(1, 4), st.integers(1, 5), st.integers(1, 3))
def test_kernels_agree_with_the_definition(texts: list[str], words: int, characters: int, threads: int):
    options = ShingleOptions(words, characters)
    cut = shingles(pl.Series(texts, dtype=pl.String), options, threads)
    expected = [reference(text, options) for text in texts]
    assert [
        cut.values[begin:end].tolist() for begin, end in zip(cut.offsets[:-1], cut.offsets[1:], strict=True)
    ] == expected
    sets = distinct(cut)
    assert [
        sets.values[begin:end].tolist() for begin, end in zip(sets.offsets[:-1], sets.offsets[1:], strict=True)
    ] == [sorted(set(row)) for row in expected]


def test_case_and_punctuation_do_not_matter_in_english():
    assert of("The quick, brown fox JUMPS over") == of("the quick brown  fox\njumps - over!")
    assert len(of("The quick, brown fox JUMPS over")) == 2
    assert of("one two three four") == []


def test_spaces_do_not_matter_in_korean():
    assert of("아버지가 방에 들어가신다.") == of("아버지가방에 들어가신다") != []
    spaced = "오늘 날씨가 참 좋아서 우리는 공원에 가서 산책을 하고 맛있는 점심을 먹었다 " * 3
    squeezed = spaced.replace("날씨가 참", "날씨가참").replace("가서 산책을", "가서산책을")
    assert jaccard(spaced, squeezed) == 1.0
    assert of("짧은 글") == []


def test_decomposed_korean_is_the_same():
    text = "아버지가 방에 들어가신다"
    assert of(unicodedata.normalize("NFD", text)) == of(text)


def test_words_and_characters_never_meet():
    options = ShingleOptions(words=1, characters=1)
    assert not set(of("가", options)) & set(of("a", options))


def test_slices_and_nothing():
    texts = pl.Series(["a b c d e f", "zzz", "a b c d e f"])
    assert shingles(texts[2:], OPTIONS).values.tolist() == of(texts[0])
    assert shingles(texts[:0], OPTIONS).offsets.tolist() == [0]
    assert distinct(shingles(texts[:0], OPTIONS)).offsets.tolist() == [0]
    with pytest.raises(ValueError, match="1 texts are missing"):
        shingles(pl.Series(["a", None]), OPTIONS)


@pytest.mark.parametrize("settings", [{"words": 0}, {"characters": 0}, {"character_share": 2}])
def test_refusals(settings: dict):
    with pytest.raises(InputError, match="expected"):
        ShingleOptions(**settings)


@given(st.lists(st.integers(0, 1000), max_size=30), st.integers(1, 8))
def test_threads_share_all_rows(sizes: list[int], threads: int):
    starts = np.concatenate(([5], 5 + np.cumsum(np.array(sizes, dtype=np.int64))))
    visits = np.zeros(len(sizes), np.int64)

    def visit(begin: int, end: int) -> None:
        visits[begin:end] += 1

    in_threads(visit, starts, threads)
    assert (visits == 1).all()


def test_hashes_are_the_same_on_every_machine():
    # stored in side tables: a change here would mix two kinds of hashes in one run
    assert of("the quick brown fox jumps over") == [3910604283, 1891610842]
    assert of("아버지가 방에 들어가신다")[:2] == [2055419875, 785871667]
