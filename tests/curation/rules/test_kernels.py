"""Compiled kernels of rules: hashes and tables at their edges; what they count is tested with the measures."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.rules import characters, kernels

NUMBERS = st.integers(0, (1 << 64) - 1)
TEXT = st.text("abé가😀 \n\u3000\u2028.…#'", max_size=40)


def content(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


def numbered(keys: list[int]) -> tuple[list[int], int]:
    """Number of each key by its first occurrence, as kernels number words, from a table that begins with 128 places."""
    table, known, counts = kernels._table(1)
    given_numbers, so_far = [], 0
    for key in map(np.uint64, keys):
        slot = kernels._slot(table, known, key)
        if table[slot] < 0:
            if so_far == len(known):
                table, known, counts = kernels._grown(table, known, counts, so_far)
                slot = kernels._slot(table, known, key)
            table[slot], known[so_far] = so_far, key
            so_far += 1
        given_numbers.append(int(table[slot]))
    return given_numbers, len(table)


@given(st.lists(NUMBERS | st.integers(0, 5) | st.integers(0, 5).map(lambda i: i << 32), max_size=300))
def test_a_table_numbers_keys_by_their_first_occurrence(keys: list[int]) -> None:
    order: dict[int, int] = {}
    assert numbered(keys)[0] == [order.setdefault(key, len(order)) for key in keys]


def test_a_table_grows_with_what_it_holds() -> None:
    numbers, size = numbered([*range(1000), *range(1000)])
    assert numbers == [*range(1000)] * 2
    assert size == 2048


def test_a_table_begins_with_room_for_a_text_and_no_more_than_32768_entries() -> None:
    assert [len(kernels._table(entries)[0]) for entries in (0, 128, 129, 1 << 15, 1 << 40)] == [
        256, 256, 512, 1 << 16, 1 << 16
    ]  # fmt: skip


@given(TEXT, TEXT)
def test_words_are_found_with_their_characters_and_equal_ones_have_equal_hashes(one: str, other: str) -> None:
    found: dict[str, set[int]] = {}
    for text in (one, other):
        data, at, words = content(text), 0, []
        while True:
            begin, at, size, hangul, _, _, key = kernels._next_word(data, at, len(data), characters.classes())
            if size == 0:
                break
            word = bytes(data[begin:at]).decode()
            assert (size, hangul) == (len(word), word.count("가"))
            found.setdefault(word, set()).add(int(key))
            words.append(word)
        assert words == text.split()
    assert all(len(keys) == 1 for keys in found.values())
    assert len(set.union(set(), *found.values())) == len(found)


@given(TEXT)
def test_lines_are_found_without_white_space_at_both_ends(text: str) -> None:
    data, at, lines = content(text), 0, []
    keys: dict[str, int] = {}
    while at < len(data):
        first, last, begin, over, size, _, key, at = kernels._next_line(data, at, len(data), characters.classes())
        line = bytes(data[begin:over]).decode()
        assert size == len(line)
        if line:
            assert (first, last) == (ord(line[0]), ord(line[-1]))
            assert keys.setdefault(line, key) == key
        lines.append(line)
    assert lines == [line.strip() for line in text.removesuffix("\n").split("\n")][: len(lines)]
    assert len(set(keys.values())) == len(keys)


def test_numbers_of_words_that_repeat() -> None:
    data = content("a b c a d b a")
    grams, sizes = np.empty(7, np.int32), np.empty(7, np.int32)
    assert kernels._number_words(data, 0, len(data), characters.classes(), grams, sizes) == (7, 5)
    assert grams.tolist() == [0, 1, -1, 0, -1, 1, 0]
    assert sizes.tolist() == [1] * 7
