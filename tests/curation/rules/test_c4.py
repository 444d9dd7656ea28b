"""C4's line edit and document rules, against the plain Python reference and by hand."""

import dataclasses
from types import ModuleType

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import tables
from curation.errors import InputError
from curation.rules import rule
from curation.rules.c4 import C4Options, c4, edit_lines

OPTIONS = C4Options()
LINES = [
    "The cat sat.", "Yes!", "no end mark here", "one two three", "", " \t", 'He said "so."', "three dots here...",
    "three dots here…", "Please enable JavaScript now.", "Our Privacy  policy.", "This site uses cookies.", "[1]",
    "See it there.[2] ", "a citation here [citation needed].", "b" * 1001 + " is too long.", "c" * 1000 + " is it.",
    "\u3000indented by a wide blank.\r", "he’s ‘quoting it’", "End. {x} lorem Ipsum.", "한글은 그대로 둔다.",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(LINES), max_size=12).map("\n".join)


def documents(*texts: str) -> pl.DataFrame:
    rows = pl.DataFrame({"doc_id": [f"d{i}" for i in range(len(texts))], "text": texts, "file": "a",
                         "record": pl.Series(range(len(texts)), dtype=pl.Int64)})  # fmt: skip
    return tables.complete(rows.cast({"text": pl.String, "file": pl.String}), tables.DOCUMENTS)


def edited(*texts: str, options: C4Options = OPTIONS) -> list[str]:
    return edit_lines(documents(*texts), options, threads=1).rows["text"].to_list()


def removals(ledger: pl.DataFrame) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for event in ledger.iter_rows(named=True):
        found.setdefault(event["row_id"], {})[event["rule"]] = event["value"]
    return found


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_edits_ledger_and_scores_are_those_of_plain_python(plain: ModuleType, texts: list[str]) -> None:
    frame = documents(*texts)
    everywhere = dataclasses.replace(OPTIONS, max_hangul=1.01)
    outcome = edit_lines(frame, everywhere, threads=2)
    expected = [plain.edit_c4(text) for text in texts]
    assert outcome.rows["text"].to_list() == [text for text, _ in expected]
    assert removals(outcome.ledger) == {f"d{i}": dict(counts) for i, (_, counts) in enumerate(expected) if counts}
    tables.check(outcome.rows, tables.DOCUMENTS, "doc_id")
    tables.check(outcome.ledger, tables.LEDGER)
    assert outcome.rows.drop("text").equals(frame.drop("text"))
    scores = rule.score(outcome.rows, c4(max_hangul=1.01)).drop("doc_id")
    assert scores.to_dicts() == [plain.c4(text) for text, _ in expected]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", ""),
        ("no end", ""),
        ("The cat sat.\nThe end is near", "The cat sat."),
        ("The cat sat.\n\n\nMenu\n\nThe dog ran off.\n", "The cat sat.\n\nThe dog ran off."),
        ("Menu\n\nThe cat sat.\nThe dog ran off.", "The cat sat.\nThe dog ran off."),
        ("  The cat sat.\r\n\r\n\r\nIt ran off.\n", "  The cat sat.\r\n\r\n\r\nIt ran off.\n"),  # nothing is removed
        ("The cat sat.[12]\nIt ran off.[edit]", "The cat sat.\nIt ran off."),
        ("He said “no way”\nShe said ‘no way’", "He said “no way”\nShe said ‘no way’"),
        ("Turn on jAvAsCrIpT, please.", ""),
    ],
)
def test_edits_by_hand(text: str, after: str) -> None:
    assert edited(text) == [after]


def test_one_ledger_row_for_each_document_and_rule_with_its_bound() -> None:
    frame = documents(
        "one two\nno end\nTwo words.\nAre few.\n" + "x" * 1001 + " is long.", "The cat sat.", "a[1] b c.[2]"
    )
    ledger = edit_lines(frame, OPTIONS).ledger
    events = ledger.select("row_id", "record", "stage", "action", "rule", "value", "threshold")
    assert events.rows() == [
        ("d0", 0, "c4", "edit", "c4.long_word", 1.0, 1000.0),
        ("d0", 0, "c4", "edit", "c4.end_mark", 2.0, None),
        ("d0", 0, "c4", "edit", "c4.few_words", 2.0, 3.0),
        ("d2", 2, "c4", "edit", "c4.citation", 2.0, None),
    ]


def test_korean_documents_are_left_alone() -> None:
    korean = "메뉴\n오늘은 날씨가 좋다\n[1]"
    outcome = edit_lines(documents(korean, "menu"), OPTIONS)
    assert outcome.rows["text"].to_list() == [korean, ""]
    assert outcome.ledger["row_id"].to_list() == ["d1"]
    assert edit_lines(documents(korean), OPTIONS).ledger.is_empty()
    assert rule.score(documents(korean), c4())["c4.sentences"].to_list() == [None]


def test_each_rule_can_be_moved_or_taken_away() -> None:
    text = "Menu\nTwo words.\nTurn on javascript now.\nIt uses cookies here.\nA long woooooooord is it.[1]"
    assert edited(text, options=C4Options(None, 0, None, {}, False)) == [text]
    assert edited(text, options=C4Options("u", 1, None, {}, False)) == ["Menu"]
    assert edited(text, options=C4Options(min_words=2, max_word_length=10, phrases={"cookies": ("USES Cookies",)})) == [
        "Two words.\nTurn on javascript now."
    ]
    outcome = edit_lines(documents(text), C4Options(phrases={"cookies": ("cookies",)}))
    assert "c4.cookies" in outcome.ledger["rule"].to_list()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"end_marks": ""}, "c4.end_marks: found ''"),
        ({"min_words": -1}, "c4.min_words: found -1, expected at least 0"),
        ({"max_word_length": 0}, "c4.max_word_length: found 0"),
        ({"phrases": {"policy": "cookies"}}, "c4.phrases.policy: found 'cookies', expected a list of phrases"),
        ({"phrases": {"policy": ["a", ""]}}, "c4.phrases.policy: found"),
        ({"phrases": {"few_words": ["a"]}}, "c4.phrases: found the name 'few_words', which a rule of lines has"),
    ],
)
def test_what_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        C4Options(**settings)


FIVE = "One is it. Two is it! Is three it? Four is it. Five is it."


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        (FIVE, None),
        (FIVE.replace("! ", "!"), "c4.sentences"),
        (FIVE.replace("Two", "two"), "c4.sentences"),  # no sentence begins with a small letter
        (FIVE.replace(" Is", "\nIs"), None),
        (FIVE.replace("!", '!")'), None),
        (f"{FIVE} Lorem IPSUM.", "c4.lorem_ipsum"),
        (f"{FIVE} {{", "c4.curly_brackets"),
        (f"{FIVE} }}", None),
        ("", "c4.sentences"),
    ],
)
def test_document_rules_from_both_sides(text: str, failing: str | None) -> None:
    decided = rule.decide(rule.score(documents(text), c4()), c4())
    assert decided["first_failing_rule"].to_list() == [failing]


@pytest.mark.parametrize(
    "text", ["the cat sat " * 80_000 + ".", "a" * 10**6, "😀" * 10**5, "\n" * 10**6, "Menu\n" * 10**5]
)
def test_hostile_texts(plain: ModuleType, text: str) -> None:
    outcome = edit_lines(documents(text, "The cat sat."), OPTIONS)
    after, counts = plain.edit_c4(text)
    assert outcome.rows["text"].to_list() == [after, "The cat sat."]
    assert removals(outcome.ledger).get("d0", {}) == counts
