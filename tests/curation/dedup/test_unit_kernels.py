"""Kernels on buffers: they look at their own rows only."""

import numpy as np
import polars as pl

from curation.dedup import buffers, unit_kernels, units


def test_rows_are_marked_by_what_they_hold() -> None:
    content, starts = buffers.utf8(pl.Series(["abc", "x\u0301", "", "가", "🙂\u0301"]))
    table = np.zeros(0x400, np.bool_)
    table[0x301] = True
    out = np.zeros(5, np.bool_)
    unit_kernels.mark_rows(content, starts, table, 0, 4, out)
    assert out.tolist() == [False, True, False, False, False]
    unit_kernels.mark_rows(content, starts, table, 4, 5, out)
    assert out[4]


def test_lines_are_counted() -> None:
    content, starts = buffers.utf8(pl.Series(["", "\n", "a\nb", "a\n\nb\n"]))
    counts = np.zeros(4, np.int64)
    unit_kernels.count_lines(content, starts, 1, 4, counts)
    assert counts.tolist() == [0, 2, 2, 4]


def cut(text: str, paragraphs: bool) -> list[tuple[int, int, int, int]]:
    content, starts = buffers.utf8(pl.Series([text]))
    places = text.count("\n") + 1
    key_1, key_2 = np.zeros(places, np.uint64), np.zeros(places, np.uint64)
    widths, first, last = (np.zeros(places, np.uint32) for _ in range(3))
    found = np.zeros(1, np.int64)
    unit_kernels.cut_lines(content, starts, units.spaces(), units.classes(), paragraphs, 0, 1,
                           np.array([0, places]), key_1, key_2, widths, first, last, found)  # fmt: skip
    rows = zip(key_1, widths, first, last, strict=True)
    return [(int(key), int(width), int(start), int(end)) for key, width, start, end in list(rows)[: found[0]]]


def test_lines_and_paragraphs_with_their_places() -> None:
    text = "\n a  b\n\t\n가 나 \nb"
    keys, *places = zip(*cut(text, False), strict=True)
    assert list(zip(*places, strict=True)) == [(0, 0, 1), (3, 1, 7), (0, 7, 9), (5, 9, 14), (1, 14, 15)]
    assert keys[0] == keys[2] != keys[1]
    keys, *places = zip(*cut(text, True), strict=True)
    assert list(zip(*places, strict=True)) == [(3, 1, 9), (7, 9, 15)]
    assert cut("a b", False)[0][0] == keys[0] == cut("a\nb", True)[0][0]
    assert cut("", True) == [] and cut(" \n", True) == []
