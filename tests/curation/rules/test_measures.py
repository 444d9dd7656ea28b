"""Every measure against the plain Python reference's notion of it, on texts of all kinds."""

from types import ModuleType

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.rules import measures

NAMES = [
    name if name != measures.SHORT_LINES else f"{name}30" for group in measures.GROUPS for name in group.definitions
]
# Few and short units, so that they repeat: words, signs, blanks of all widths, line ends, Korean, emoji, marks.
UNITS = ["the ", "the\u3000", "of\n", "a", " ", "  ", "\n", "\n\n", " \n", "\r\n", ". ", ".", "...", "…", "#", "- ",
         "•", "he said.\n", "Yes! ", 'so?" ', "가나", "ㅋㅋ ", "😀", "é", "É", "\x85", "\x1c", "\u2028", "\u0301", "1 ",
         "_the", "AND ", "\U0010fffd", "漢字", "」", "a b c d e f g h i j k l m "]  # fmt: skip
TEXTS = st.lists(st.sampled_from(UNITS), max_size=60).map("".join)


def counted(*texts: str, threads: int = 1) -> list[dict[str, int]]:
    columns = measures.measure(pl.Series("text", texts, pl.String), NAMES, threads)
    return pl.DataFrame(columns).to_dicts()


def in_plain_python(plain: ModuleType, text: str) -> dict[str, int]:
    words, lines, paragraphs = plain.words_of(text), plain.lines_of(text), plain.paragraphs_of(text)
    again = plain.repeated(paragraphs)
    return {
        "words": len(words),
        "letterless_words": sum(not any(map(plain.is_letter, word)) for word in words),
        "characters": sum(map(len, words)),
        "hangul": sum("가" <= character <= "힣" or "ㄱ" <= character <= "ㆎ" for character in text),
        "hashes": text.count("#"),
        "ellipses": text.count("...") + text.count("…"),
        "stop_words": plain.gopher(text)["gopher.stop_words"],
        "line_feeds": text.count("\n"),
        "lines": len(lines),
        "line_characters": sum(map(len, lines)),
        "sentences": plain.sentences(text),
        "bullet_lines": sum(line[0] in "•‣◦▪●○∙*-" for line in lines),
        "ellipsis_lines": sum(line.endswith(("...", "…")) for line in lines),
        "ended_lines": sum(line.endswith(plain.END_OF_LINE) for line in lines),
        "short_lines_30": sum(len(line) <= 30 for line in lines),
        "duplicate_lines": len(plain.repeated(lines)),
        "duplicate_line_characters": sum(map(len, plain.repeated(lines))),
        "paragraphs": len(paragraphs),
        "duplicate_paragraphs": len(again),
        "duplicate_paragraph_characters": sum(len(paragraph.replace("\n", "")) for paragraph in again),
        **{f"top_{n}_gram_characters": plain.top_gram(words, n) for n in (2, 3, 4)},
        **{f"duplicate_{n}_gram_characters": plain.duplicate_grams(words, n) for n in range(5, 11)},
    }


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_measures_are_those_of_plain_python(plain: ModuleType, texts: list[str]) -> None:
    assert counted(*texts) == [in_plain_python(plain, text) for text in texts]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_measures_of_any_unicode(plain: ModuleType, text: str) -> None:
    expected = in_plain_python(plain, text)
    (found,) = counted(text)
    assert {**found, "hangul": 0} == {**expected, "hangul": 0}  # the reference knows no rare jamo


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("\n\n \n", {"line_feeds": 3}),
        ("a b c", {"words": 3, "lines": 1, "sentences": 1}),  # nothing repeats, so no top n-gram
        ("a b a b", {"top_2_gram_characters": 4}),  # both occurrences
        ("ha ha ha", {"top_2_gram_characters": 6}),  # overlapping ones cover each word once
        ("a b c d a b d c d", {"top_2_gram_characters": 4}),  # "a b" and "c d" twice each: the first, and not both
        ("a b c d e f a b c d e f", {"duplicate_5_gram_characters": 6, "duplicate_6_gram_characters": 6,
                                     "duplicate_7_gram_characters": 0, "top_4_gram_characters": 8}),
        ("x\ny\n\nx\n\nx\ny", {"duplicate_lines": 3, "paragraphs": 3, "duplicate_paragraphs": 1,
                               "duplicate_paragraph_characters": 2}),
        ("x\n\n\n  x ", {"duplicate_lines": 1, "duplicate_paragraphs": 1}),
        ("xy\n\nx\ny", {"paragraphs": 2, "duplicate_paragraphs": 0}),  # two lines are not one
        ("One. Two! three? 'Four.' (Five.) six", {"sentences": 4}),
        ("a" * 30 + "\n" + "b" * 31, {"short_lines_30": 1}),
    ],
)  # fmt: skip
def test_measures_by_hand(text: str, expected: dict[str, int]) -> None:
    (found,) = counted(text)
    assert {name: found[name] for name in expected} == expected
    if not text.strip():
        assert {name: value for name, value in found.items() if value} == expected


def test_what_is_no_measure_is_left_out_and_order_is_kept() -> None:
    found = measures.measure(pl.Series("text", ["a\nb"]), ["lines", "doc_id", "words", "short_lines_", "short_lines_1"])
    assert [(column.name, column.to_list()) for column in found] == [
        ("lines", [2]),
        ("words", [2]),
        ("short_lines_1", [2]),
    ]
    assert measures.measure(pl.Series("text", ["a"]), []) == []


def test_short_lines_of_several_lengths() -> None:
    found = measures.measure(pl.Series("text", ["a\nbb\nccc"]), ["short_lines_2", "short_lines_1", "lines"])
    assert [column.item() for column in found] == [2, 1, 3]


def test_every_column_says_what_it_counts() -> None:
    assert all(measures.definition(name) for name in NAMES)
    assert measures.definition("text") is None and measures.definition("short_lines_x") is None
    assert measures.passes(["text", "lines", "sentences"]) == (measures.GROUPS[1],)


def test_counts_do_not_depend_on_threads_or_partitions() -> None:
    texts = ["the cat and the dog\n" * i for i in range(40)]
    whole = counted(*texts)
    assert counted(*texts, threads=4) == whole
    assert [row for i in range(0, 40, 7) for row in counted(*texts[i : i + 7])] == whole


HOSTILE = {
    "one long line": "the cat sat on the mat and " * 40_000,
    "no spaces": "a" * 1_000_000,
    "only emoji": "😀" * 250_000,
    "one line ten thousand times": "all work and no play makes a dull boy\n" * 10_000,
    "lone line feeds": "\n" * 1_000_000,
    "one letter a word": "a " * 400_000,
    "words that never repeat": " ".join(map(str, range(150_000))),
    "lines that differ in blanks": "".join(f"a{' ' * (i % 60)}b{chr(9) * (i // 60 % 60)}c\n" for i in range(20_000)),
    "NUL and marks": "\x00\u0301" * 200_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_counted_in_linear_work(plain: ModuleType, name: str) -> None:
    (found,) = counted(HOSTILE[name])
    words, lines = plain.words_of(HOSTILE[name]), plain.lines_of(HOSTILE[name])
    assert (found["words"], found["lines"]) == (len(words), len(lines))
    assert found["duplicate_lines"] == len(lines) - len(set(lines))
    for n in (5, 10):  # every n-gram but the first of its kind covers its words: here, one run up to the end
        grams = len({tuple(words[i : i + n]) for i in range(len(words) - n + 1)})
        repeats = grams < len(words) - n + 1
        covered = sum(map(len, words[grams:])) if repeats else 0
        if name != "lines that differ in blanks":
            assert found[f"duplicate_{n}_gram_characters"] == covered
