"""Transcripts: who speaks, what is no dialogue, and conversations with roles."""

import json
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.structure import DialogueOptions, dialogue


def frame(*texts: str) -> pl.DataFrame:
    rows = [
        {"doc_id": f"{n:032x}", "content_id": "c", "text": text, "source": "s", "file": "f", "record": n, "lang": None,
         "meta": "{}", "parents": []}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def turns(text: str, **options: Any) -> list[tuple[str, str]]:
    made = dialogue.samples(frame(text), DialogueOptions(**options))
    tables.check(made.rows, tables.samples_schema("prompt_completion"), "sample_id")
    if not made.rows.height:
        return []
    row = made.rows.row(0, named=True)
    return [(turn["role"], turn["content"]) for turn in [*row["prompt"], *row["completion"]]]


HELLO = [("user", "Hi"), ("assistant", "Hello,\nhow are you?"), ("user", "Fine: thanks"), ("assistant", "Good")]


@pytest.mark.parametrize(
    "text",
    [
        "Kim: Hi\nLee: Hello,\nhow are you?\nKim: Fine: thanks\nLee: Good",
        "[10:31] Kim: Hi\n[10:32] Lee: Hello,\nhow are you?\n[10:33] Kim: Fine: thanks\n[10:40] Lee: Good",
        "10:31 AM Kim: Hi\n10:32 AM Lee: Hello,\nhow are you?\n10:33 AM Kim: Fine: thanks\n1:40 PM Lee: Good\n",
        "[김철수] [오후 3:15] Hi\n[이영희] [오후 3:16] Hello,\nhow are you?\n[김철수] [오후 3:17] Fine: thanks\n"
        "[이영희] [오후 3:18] Good",
        "**Kim**: Hi\n\n**Lee:** Hello,\nhow are you?\n\n**Kim**: Fine: thanks\n\n**Lee**: Good",
        "상담원 1：Hi\n고객：Hello,\n고객：how are you?\n상담원 1：Fine: thanks\n고객：Good",
    ],
)
def test_transcripts(text: str) -> None:
    assert turns(text) == HELLO


def test_roles_by_name_and_what_comes_after_the_last_answer() -> None:
    text = "Rules: be kind\nBot: Welcome\nAnn: Hi\nBob: Me too\nNote: this is no speaker\nBot: Hello\nAnn: Bye"
    speakers = {"Rules": "system", "Bot": "assistant", "Ann": "user", "Bob": "user"}
    assert turns(text, speakers=speakers) == [
        ("system", "be kind"),
        ("assistant", "Welcome"),
        ("user", "Hi\nMe too\nNote: this is no speaker"),
        ("assistant", "Hello"),
    ]
    made = dialogue.samples(frame(text), DialogueOptions(speakers=speakers))  # type: ignore[arg-type]
    assert json.loads(made.ledger["detail"][0])["reasons"] == ["turns after the assistant's last"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Just a text about something.", "0 turns of 0 speakers, expected a dialogue"),
        ("Note: one\nWarning: two", "2 turns of 2 speakers, expected a dialogue"),
        ("Name: Kim\nAge: 3\nCity: Seoul\nJob: none", "4 names before a colon that hardly recur, expected a dialogue"),
        ("http://a.b/c\nhttp://d.e/f\nftp://x\nhttp://y", "0 turns of 0 speakers, expected a dialogue"),
        ("A: a\nB: b\nC: c\nA: a\nB: b\nC: c", "3 speakers, expected two, or their roles in `speakers`"),
    ],
)
def test_what_is_no_dialogue_says_why(text: str, reason: str) -> None:
    made = dialogue.samples(frame(text), DialogueOptions())
    assert (made.rows.height, made.ledger["action"].to_list()) == (0, ["drop"])
    assert json.loads(made.ledger["detail"][0])["reasons"] == [reason]


def test_a_document_of_a_dialogue() -> None:
    cut = dialogue.documents(frame("Meeting\nA: a\nB: b\nC: c\nA: a\nB:\nC: c", "no"), DialogueOptions())
    tables.check(cut.rows, tables.DOCUMENTS, "doc_id")
    assert cut.rows["text"].to_list() == ["A: a\n\nB: b\n\nC: c\n\nA: a\n\nC: c"]
    place = json.loads(cut.rows["meta"][0])["structure"]
    assert (place["turns"], place["speakers"]) == (5, ["A", "B", "C"])
    assert json.loads(cut.ledger["detail"][0])["reasons"] == [
        "line 1: text before the first speaker", "1 turns without words",
    ]  # fmt: skip
    assert (cut.consumed, sorted(cut.ledger["action"])) == (1, ["drop", "split"])
    assert dialogue.documents(frame("no"), DialogueOptions(keep_unparsed=True)).rows.equals(frame("no"))


def test_an_unknown_role() -> None:
    with pytest.raises(InputError, match="speakers: role of 'Kim' is 'boss', expected one of user, assistant, system"):
        DialogueOptions(speakers={"Kim": "boss"})  # type: ignore[dict-item]
