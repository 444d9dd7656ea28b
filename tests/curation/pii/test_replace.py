"""Replacing: the text, the ledger with offsets and without the data, and what holds for any mixture."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import pii, tables
from curation.errors import InputError


def documents(*texts: str) -> pl.DataFrame:
    rows = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("record")
    return tables.complete(rows.with_columns(doc_id=pl.format("d{}", "record"), file=pl.lit("f")), tables.DOCUMENTS)


def test_texts_and_ledger() -> None:
    frame = documents("nothing", "가 a@example.com, 😀 010-1234-5678 b@example.com.", "tel 02-123-4567")
    edited = pii.replace(frame)
    assert edited.rows["text"].to_list() == ["nothing", "가 <EMAIL>, 😀 <PHONE> <EMAIL>.", "tel <PHONE>"]
    tables.check(edited.rows, tables.DOCUMENTS, "doc_id")
    tables.check(edited.ledger, tables.LEDGER)
    events = edited.ledger.select("row_id", "file", "record", "stage", "action", "rule", "value", "detail").rows()
    assert events == [
        ("d1", "f", 1, "personal_data", "edit", "pii.email", 2.0, '{"offsets":[[2,15],[33,46]]}'),
        ("d1", "f", 1, "personal_data", "edit", "pii.phone", 1.0, '{"offsets":[[19,32]]}'),
        ("d2", "f", 2, "personal_data", "edit", "pii.phone", 1.0, '{"offsets":[[4,15]]}'),
    ]


def test_only_the_kinds_asked_for() -> None:
    frame = documents("a@example.com 010-1234-5678")
    assert pii.replace(frame, ("email",)).rows["text"][0] == "<EMAIL> 010-1234-5678"
    assert pii.replace(frame, ("phone",)).rows["text"][0] == "a@example.com <PHONE>"
    assert pii.replace(frame, ()).rows.equals(frame)
    with pytest.raises(InputError, match=r"found the kind 'e-mail', expected some of .*did you mean 'email'\?"):
        pii.replace(frame, ("e-mail",))


def test_no_documents_and_nothing_to_replace() -> None:
    for frame in (documents(), documents("", "1234 @ 5678")):
        edited = pii.replace(frame)
        assert edited.rows.equals(frame) and edited.ledger.is_empty()


def test_a_number_is_not_found_in_what_is_left_of_a_look_alike() -> None:
    text = "pkg@1.2.3-010-1234-5678 icon@2x.png"
    assert pii.replace(documents(text)).rows["text"][0] == text


@pytest.mark.parametrize("mark", ["\ufdd0", "\ufdd0\ufdd1", "\ufdd1"])
def test_characters_used_inside_are_of_no_consequence(mark: str) -> None:
    edited = pii.replace(documents(f"{mark}a@example.com{mark}", f"b{mark * 3}"))
    assert edited.rows["text"].to_list() == [f"{mark}<EMAIL>{mark}", f"b{mark * 3}"]
    assert json.loads(edited.ledger["detail"][0]) == {"offsets": [[len(mark), len(mark) + 13]]}


SECRETS = {
    "email": ("kim@example.co.kr", "a.b+c@x-y.org", "d_e@mail.example.com"),
    "phone": ("010-1234-5678", "+82 2-987-6543", "(212) 555-0100", "1588-1234"),
}
PLAIN = (
    "",
    "전화 ",
    "word",
    "2024-01-31",
    "1,000,000원",
    "pkg@1.2.3",
    "😀",
    "192.168.0.1",
    "978-3-16-148410-0",
    "<EMAIL>",
)
PIECES = st.one_of(
    st.sampled_from([(None, text) for text in PLAIN]),
    st.sampled_from([(kind, text) for kind, texts in SECRETS.items() for text in texts]),
)
TEXTS = st.lists(st.lists(PIECES, max_size=6), max_size=20)


@settings(max_examples=15)
@given(TEXTS)
def test_exactly_the_personal_data_goes_and_the_ledger_points_at_it(texts: list[list[tuple[str | None, str]]]) -> None:
    frame = documents(*(" / ".join(text for _, text in pieces) for pieces in texts))
    edited = pii.replace(frame)
    expected = [" / ".join(f"<{kind.upper()}>" if kind else text for kind, text in pieces) for pieces in texts]
    assert edited.rows["text"].to_list() == expected
    assert edited.rows.drop("text").equals(frame.drop("text"))
    found = {
        (event["row_id"], event["rule"].removeprefix("pii.")): [
            frame["text"][event["record"]][begin:end] for begin, end in json.loads(event["detail"])["offsets"]
        ]
        for event in edited.ledger.iter_rows(named=True)
    }
    wanted = {
        (f"d{row}", kind): [text for each, text in pieces if each == kind]
        for row, pieces in enumerate(texts)
        for kind in SECRETS
        if any(each == kind for each, _ in pieces)
    }
    assert found == wanted
    assert {key: len(each) for key, each in wanted.items()} == {
        (row, rule.removeprefix("pii.")): value
        for row, rule, value in edited.ledger.select("row_id", "rule", "value").iter_rows()
    }
    written = edited.ledger.write_csv()
    assert not any(secret in written for secrets in SECRETS.values() for secret in secrets)


# what candidates are made of, so that they touch, overlap and stand inside one another
CHARACTERS = "01258-. +()@ae<>가,x[t]\n"


@settings(max_examples=12)
@given(
    st.lists(st.text(CHARACTERS, max_size=30) | TEXTS.map(lambda t: "".join(x for p in t for _, x in p)), max_size=30)
)
def test_replacing_twice_is_replacing_once(texts: list[str]) -> None:
    once = pii.replace(documents(*texts))
    twice = pii.replace(once.rows)
    assert twice.rows.equals(once.rows) and twice.ledger.is_empty()
    alone = [pii.replace(documents(text)).rows["text"][0] for text in texts[:1]]
    assert alone == once.rows["text"].to_list()[:1]
    # the text outside the offsets is untouched
    for event in once.ledger.iter_rows(named=True):
        for begin, end in json.loads(event["detail"])["offsets"]:
            assert 0 <= begin < end <= len(texts[event["record"]])
