"""Repeated runs of words and characters, against a plain reading of the definition."""

import random
import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import tables
from curation.dedup import order, spans, substring
from curation.dedup.substring import SubstringOptions
from curation.errors import InputError


def documents(*texts: str) -> pl.DataFrame:
    rows = {"doc_id": [f"d{i:02d}" for i in range(len(texts))], "text": texts, "file": "f", "record": range(len(texts))}
    frame = pl.DataFrame(rows, schema_overrides={"text": pl.String, "doc_id": pl.String, "record": pl.Int64})
    return tables.complete(frame, tables.DOCUMENTS)


def cleaned(frame: pl.DataFrame, options: SubstringOptions) -> list[str]:
    return spans.apply(frame, substring.dedup(frame, options), "substring").rows["text"].to_list()


def units_of(text: str) -> list[tuple[str, int, int]]:
    """Folded units with where they begin and end; of a text in NFC without marks at places of their own."""
    found: list[tuple[str, int, int]] = []
    for i, character in enumerate(text):
        if "가" <= character <= "힣":
            found.append((character, i, i + 1))
        elif character.isalnum():
            if found and found[-1][2] == i and not "가" <= text[i - 1] <= "힣":
                unit, begin, _ = found.pop()
                found.append((unit + character.lower(), begin, i + 1))
            else:
                found.append((character.lower(), i, i + 1))
    return found


def brute(frame: pl.DataFrame, options: SubstringOptions) -> list[str]:
    texts = dict(frame.select("doc_id", "text").iter_rows())
    cut = {doc_id: units_of(text) for doc_id, text in texts.items()}
    first: dict[tuple[str, ...], tuple[str, int]] = {}
    gone: dict[str, set[int]] = {doc_id: set() for doc_id in texts}
    n = options.length
    for doc_id in order.ranked(frame.with_columns(length=pl.col("text").str.len_chars()), options.keep_order)["doc_id"]:
        for at in range(len(cut[doc_id]) - n + 1):
            run = tuple(unit for unit, _, _ in cut[doc_id][at : at + n])
            before, there = first.setdefault(run, (doc_id, at))
            if before != doc_id or (options.within_documents and at >= there + n):
                gone[doc_id].update(range(at, at + n))
    return [without(texts[doc_id], cut[doc_id], gone[doc_id]) for doc_id in frame["doc_id"]]


def without(text: str, cut: list[tuple[str, int, int]], gone: set[int]) -> str:
    taken: set[int] = set()
    for unit in gone:
        end = len(text) if unit + 1 == len(cut) else cut[unit + 1][1]
        if unit + 1 < len(cut) and unit + 1 not in gone:  # to after the last white space, or the end of the unit
            while end > cut[unit][2] and not text[end - 1].isspace():
                end -= 1
        taken.update(range(0 if unit == 0 else cut[unit][1], end))
    left = "".join(character for i, character in enumerate(text) if i not in taken)
    return left.rstrip() if len(text) - 1 in taken else left


def test_a_passage_stays_where_it_comes_first_in_keep_order() -> None:
    passage = "It was the best of times, it was the worst of times."
    frame = documents(f"Quote: {passage} The rest is mine.", f'{passage.upper()} "A longer text of someone else here."')
    options = SubstringOptions(length=10)
    removed = substring.dedup(frame, options)
    assert removed.rows() == [("d00", 7, 60, "duplicate.substring", "d01")]
    edited = spans.apply(frame, removed, "substring")
    assert edited.rows["text"].to_list() == ["Quote: The rest is mine.", frame["text"][1]]
    assert edited.ledger.select("row_id", "action", "rule", "value", "duplicate_of").rows() == [
        ("d00", "edit", "duplicate.substring", 53.0, "d01")]  # fmt: skip
    assert substring.dedup(frame, SubstringOptions(length=13)).is_empty()


def test_korean_is_compared_by_characters_whatever_its_spaces_and_form() -> None:
    passage = "나는 어제 친구와 함께 영화를 보았다"
    spaced = unicodedata.normalize("NFD", passage.replace(" ", ""))
    frame = documents(f"긴 글의 시작입니다. {passage}. 그리고 아주 긴 끝이 있다.", f"『{spaced}』 맞다.")
    assert cleaned(frame, SubstringOptions(length=15)) == [frame["text"][0], "맞다."]
    assert cleaned(frame, SubstringOptions(length=16)) == frame["text"].to_list()


def test_several_sources_are_not_named_as_one() -> None:
    frame = documents("a b c d", "e f g h", "a b c d e f g h", "x a b c y")
    removed = substring.dedup(frame, SubstringOptions(length=3, keep_order=("doc_id",)))
    assert removed.select("doc_id", "start", "end", "duplicate_of").rows() == [
        ("d02", 0, 15, None),
        ("d03", 2, 8, "d00"),
    ]


def test_repeats_inside_a_document() -> None:
    frame = documents("one two three, and one two three! four one two three", "a a a a a a a")
    assert cleaned(frame, SubstringOptions(length=3)) == ["one two three, and four", "a a a"]
    assert cleaned(frame, SubstringOptions(length=3, within_documents=False)) == frame["text"].to_list()


def test_mistakes() -> None:
    with pytest.raises(InputError, match="length of a substring is 0"):
        SubstringOptions(length=0)
    with pytest.raises(InputError, match="keep order has the column 'dat'"):
        substring.candidates(documents("a"), pl.Series([], dtype=pl.UInt64), SubstringOptions(keep_order=("dat",)))


TEXTS = st.text("ab가나 .\n", max_size=14)


@settings(max_examples=60)
@given(
    st.lists(TEXTS, max_size=5),
    st.builds(SubstringOptions, length=st.integers(1, 5), within_documents=st.booleans(),
              keep_order=st.sampled_from([("-length",), ("doc_id",)])),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_it_does_what_its_definition_says(texts: list[str], options: SubstringOptions, shuffle: random.Random) -> None:
    frame = documents(*texts)
    assert cleaned(frame, options) == brute(frame, options)
    numbers = list(range(frame.height))
    shuffle.shuffle(numbers)
    assert_frame_equal(substring.dedup(frame[numbers], options), substring.dedup(frame, options))


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=60), max_size=6), st.integers(2, 12))
def test_long_runs_over_few_words(rows: list[list[str]], length: int) -> None:
    frame = documents(*(" ".join(row) for row in rows))
    assert cleaned(frame, SubstringOptions(length=length)) == brute(frame, SubstringOptions(length=length))


def test_a_collision_of_hashes_removes_nothing() -> None:
    generator = random.Random(3)
    frame = documents(*(" ".join(generator.choices("abcdefgh", k=80)) for _ in range(6)))
    options = SubstringOptions(length=4)
    regions = substring.candidates(frame, substring.repeated(substring.sketch(frame, options)), options)
    regions = regions.with_columns(rank=pl.col("doc_id").rank("dense").cast(pl.Int32) - 1).sort("rank", "unit")
    offsets = np.concatenate(([0], np.cumsum(regions["start"].list.len().to_numpy()))).astype(np.int64)
    expected = substring.repeats(regions, offsets, options)
    assert (expected >= 0).sum() > 10
    for bits in (1, 3):
        assert np.array_equal(substring.repeats(regions, offsets, options, bits), expected)


def test_parts_threads_and_partitions_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(1)
    frame = documents(*(" ".join(generator.choices("abcdef", k=50)) for _ in range(30)))
    options = SubstringOptions(length=5)
    whole = substring.dedup(frame, options, threads=1)
    assert cleaned(frame, options) == brute(frame, options) and whole.height > 30
    monkeypatch.setattr(substring, "_TABLE_RUNS", 100)
    monkeypatch.setattr(substring, "_SLICE", 300)
    parts = (frame[20:], frame[:0], frame[:20])
    prints = substring.repeated(pl.concat([substring.sketch(part, options, 3) for part in parts]))
    regions = pl.concat([substring.candidates(part, prints, options, 3) for part in parts])
    ids = substring.concerned(substring.sketch(frame, options), prints)
    assert set(ids) == set(regions["doc_id"])
    assert_frame_equal(substring.decide(regions, options), whole)


def test_degenerate_texts_cost_no_square() -> None:
    frame = documents("a " * 1_000_000, "a" * 5_000_000, "가" * 1_000_000, "", "🙂" * 1000)
    options = SubstringOptions(keep_order=("doc_id",))
    side = substring.sketch(frame, options)
    assert side["prints"].list.len().to_list() == [2, 0, 2, 0, 0]
    texts = cleaned(frame, options)
    assert [len(text) for text in texts] == [99, 5_000_000, 50, 0, 1000]
    assert substring.dedup(frame[:0], options).schema == spans.SPANS
    assert substring.dedup(frame[3:], options).is_empty()
