"""Repeated lines and paragraphs, against a plain reading of the definition."""

import random
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import tables
from curation.dedup import lines, order, spans
from curation.dedup.lines import LineOptions
from curation.errors import InputError


def documents(*texts: str) -> pl.DataFrame:
    rows = {"doc_id": [f"d{i:02d}" for i in range(len(texts))], "text": texts, "file": "f", "record": range(len(texts))}
    frame = pl.DataFrame(rows, schema_overrides={"text": pl.String, "doc_id": pl.String, "record": pl.Int64})
    return tables.complete(frame, tables.DOCUMENTS)


def cleaned(frame: pl.DataFrame, options: LineOptions) -> list[str]:
    removed = lines.decide(lines.sketch(frame, options), options)
    return spans.apply(frame, removed, "lines").rows["text"].to_list()


def units_of(text: str, unit: str) -> list[str]:
    """Units with what sets them apart, so that together they are the text."""
    parts = text.split("\n")
    ended = [part + "\n" for part in parts[:-1]] + [parts[-1]]
    if unit == "line":
        return ended
    found: list[str] = []
    inside = False
    for part in ended:
        blank = not part.strip()
        if not found or (not blank and not inside):
            found.append(part)
        else:
            found[-1] += part
        inside = not blank
    return found


def key(unit: str) -> str:
    return " ".join(unicodedata.normalize("NFC", unit).lower().split())


def width(unit: str) -> int:
    return sum(2 if "HANGUL SYLLABLE" in unicodedata.name(c, "") else 1 for c in key(unit))


def brute(frame: pl.DataFrame, options: LineOptions) -> list[str]:
    cut = {row["doc_id"]: units_of(row["text"], options.unit) for row in frame.to_dicts()}
    ranked = order.ranked(frame.with_columns(length=pl.col("text").str.len_chars()), options.keep_order)["doc_id"]
    holders: dict[str, list[str]] = {}
    for doc_id in ranked:
        for name in {key(unit) for unit in cut[doc_id]}:
            holders.setdefault(name, []).append(doc_id)
    result = []
    for doc_id in frame["doc_id"]:
        seen, kept, gone_at_end = set(), "", False
        for unit in cut[doc_id]:
            name, counts = key(unit), width(unit) >= options.min_characters
            repeated = len(holders[name]) >= options.min_documents
            gone = counts and repeated and not (options.keep_first and holders[name][0] == doc_id)
            gone |= counts and options.within_documents and name in seen
            seen.add(name)
            kept += "" if gone else unit
            gone_at_end = gone if unit else gone_at_end
        result.append(kept.rstrip() if gone_at_end else kept)
    return result


def test_a_line_stays_where_it_comes_first_in_keep_order() -> None:
    menu = "Home | About us | Contact | Imprint"
    frame = documents(
        f"{menu}\nA story.", f"{menu}\nA much longer story that wins.\nend", "home |  about us | contact | IMPRINT "
    )
    options = LineOptions()
    removed = lines.decide(lines.sketch(frame, options), options)
    assert removed.rows() == [("d00", 0, 36, "duplicate.line", "d01"), ("d02", 0, 37, "duplicate.line", "d01")]
    edited = spans.apply(frame, removed, "lines")
    assert edited.rows["text"].to_list() == ["A story.", frame["text"][1], ""]
    assert edited.ledger.select("row_id", "action", "stage", "rule", "value", "duplicate_of", "detail").rows() == [
        ("d00", "edit", "lines", "duplicate.line", 36.0, "d01", '{"spans":1,"offsets":[[0,36]]}'),
        ("d02", "edit", "lines", "duplicate.line", 37.0, "d01", '{"spans":1,"offsets":[[0,37]]}'),
    ]


def test_forms_of_korean_are_one_and_short_lines_stay() -> None:
    line = "이 영화는 정말 재미있었습니다"
    frame = documents(
        f"긴 글입니다 {'가' * 40}\n{line}", f"{unicodedata.normalize('NFD', line)}\n좋아요", "짧은\n좋아요"
    )
    assert cleaned(frame, LineOptions()) == [frame["text"][0], "좋아요", "짧은\n좋아요"]
    assert cleaned(frame, LineOptions(min_characters=40)) == frame["text"].to_list()


def test_paragraphs_are_compared_whole_and_reflowed() -> None:
    one, two = "The first paragraph\ngoes over two lines.", "A second paragraph of its own."
    frame = documents(
        f"{one}\n\n{two}\n \n{'Another, longer. ' * 5}",
        f"{one.replace(chr(10), ' ')}\n\n\nMine alone, not theirs.\n\n{two}",
    )
    assert cleaned(frame, LineOptions(unit="paragraph"))[1] == "Mine alone, not theirs."
    assert cleaned(frame, LineOptions())[1].startswith("The first paragraph goes")


def test_boilerplate_goes_only_when_many_have_it_and_then_from_all() -> None:
    notice = "All rights reserved by the author."
    frame = documents(*(f"{notice}\nText {i} is not the other." for i in range(3)), "Text 0 is not the other.")
    assert cleaned(frame, LineOptions(min_documents=4)) == frame["text"].to_list()
    kept = cleaned(frame, LineOptions(min_documents=3, keep_first=False))
    assert kept == [f"Text {i} is not the other." for i in range(3)] + ["Text 0 is not the other."]
    removed = lines.decide(
        lines.sketch(frame, LineOptions(min_documents=3, keep_first=False)),
        LineOptions(min_documents=3, keep_first=False),
    )
    assert removed["duplicate_of"].to_list() == [None, "d00", "d00"]


def test_repeats_inside_a_document_are_an_option() -> None:
    frame = documents("The chorus is sung here.\nA verse.\nThe chorus is sung here.\nThe end")
    assert cleaned(frame, LineOptions()) == frame["text"].to_list()
    assert cleaned(frame, LineOptions(within_documents=True)) == ["The chorus is sung here.\nA verse.\nThe end"]


def test_mistakes_in_options() -> None:
    with pytest.raises(InputError, match="unit is 'word', expected 'line' or 'paragraph'"):
        LineOptions(unit="word")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="min_characters is 0"):
        LineOptions(min_characters=0)
    with pytest.raises(InputError, match="min_documents is 1"):
        LineOptions(min_documents=1)
    with pytest.raises(InputError, match="keep order has the column 'qualty'"):
        lines.sketch(documents("a"), LineOptions(keep_order=("qualty",)))


LINES = st.sampled_from(
    ["a", "A ", "b", "", " ", "\t", "가", "\u1100\u1161", "a b", "a  B\u00a0", "가 나", "e\u0301", "É"]
)
TEXTS = st.lists(LINES, max_size=6).map("\n".join)


@settings(max_examples=75)
@given(
    st.lists(TEXTS, max_size=6),
    st.builds(
        LineOptions,
        unit=st.sampled_from(["line", "paragraph"]),
        min_characters=st.integers(1, 3),
        min_documents=st.integers(2, 3),
        keep_first=st.booleans(),
        within_documents=st.booleans(),
        keep_order=st.sampled_from([("-length",), ("doc_id",)]),
    ),
    st.randoms(use_true_random=False),
)
def test_it_does_what_its_definition_says(texts: list[str], options: LineOptions, shuffle: random.Random) -> None:
    frame = documents(*texts)
    assert cleaned(frame, options) == brute(frame, options)
    numbers = list(range(frame.height))
    shuffle.shuffle(numbers)
    side = lines.sketch(frame, options)
    assert_frame_equal(lines.decide(side, options), lines.decide(side[numbers], options))


def test_parts_of_the_keys_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(1)
    frame = documents(*("\n".join(f"line {generator.randrange(90)}" for _ in range(30)) for _ in range(40)))
    options = LineOptions(min_characters=1)
    whole = lines.decide(lines.sketch(frame, options, threads=1), options)
    monkeypatch.setattr(lines, "_TABLE_UNITS", 100)
    side = pl.concat([lines.sketch(part, options, threads=3) for part in (frame[:7], frame[7:])])
    assert whole.height > 100
    assert_frame_equal(lines.decide(side, options), whole)
    assert cleaned(frame, options) == brute(frame, options)


def test_a_million_equal_lines_and_a_long_one() -> None:
    same, long = "the same line once more\n", "a" * 20_000_000
    frame = documents(same * 500_000, same * 500_001, long, long + " ", "", "no line end")
    options = LineOptions(keep_order=("doc_id",))
    removed = lines.decide(lines.sketch(frame, options), options)
    assert removed.select("doc_id", "start", "end", "duplicate_of").rows() == [
        ("d01", 0, 500_001 * 24, "d00"), ("d03", 0, 20_000_001, "d02")]  # fmt: skip
    assert spans.apply(frame, removed, "lines").rows["text"].str.len_chars().to_list() == [
        12_000_000,
        0,
        20_000_000,
        0,
        0,
        11,
    ]
    none = lines.decide(lines.sketch(frame[:0], options), options)
    assert none.schema == spans.SPANS and none.is_empty()
