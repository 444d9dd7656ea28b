"""Parts to rows: conservation, ids, and meta that holds what no UTF-8 can."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import tables
from curation.structure import (
    ColumnOptions,
    DialogueOptions,
    FaqOptions,
    HtmlTableOptions,
    SectionOptions,
    columns,
    dialogue,
    faq,
    html_tables,
    parts,
    sections,
)
from curation.structure.parts import Fields, Parsed, Part


def frame(metas: list[str]) -> pl.DataFrame:
    rows = [
        {"doc_id": f"{n:032x}", "content_id": "c", "text": f"a{n} b{n}", "source": "s", "file": "f", "record": n,
         "lang": None, "meta": meta, "parents": []}
        for n, meta in enumerate(metas)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def words(text: str, meta: Fields) -> Parsed[Part]:
    return Parsed([Part(word, ("h",), {"n": 1}) for word in text.split()] if meta.get("x") else [], ["why"] * 12)


def test_every_document_is_passed_dropped_or_consumed() -> None:
    documents = frame(['{"x":1}', "{}", '{"x":"\\ud800"}'])
    for keep in (True, False):
        cut = parts.documents(documents, "words", words, keep)
        tables.check(cut.rows, tables.DOCUMENTS, "doc_id")
        passed = cut.rows.filter(pl.col("parents").list.len() == 0).height
        dropped = cut.ledger.filter(pl.col("action") == "drop").height
        assert (passed, dropped, cut.consumed) == ((1, 0, 2) if keep else (0, 1, 2))
        tables.conserve("structure", documents.height, passed, dropped, cut.consumed)
    assert json.loads(cut.rows["meta"][3]) == {
        "x": "\ud800", "structure": {"form": "words", "index": 1, "of": 2, "headings": ["h"], "n": 1},
    }  # fmt: skip
    assert json.loads(cut.ledger["detail"][0]) == {"parts": 2, "left_out": 12, "reasons": ["why"] * 10}
    assert cut.rows["content_id"][0] == tables.content_id("a0")


def test_samples_name_the_documents_they_were_made_of() -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    made = parts.samples(frame(["{}", "{}"]), "f", lambda text, _: Parsed([turns] if "a1" in text else []), "t")
    tables.check(made.rows, tables.samples_schema("prompt_completion"), "sample_id")
    row = made.rows.row(0, named=True)
    assert (row["prompt"], row["completion"], row["parents"]) == (turns[:1], turns[1:], [f"{1:032x}"])
    assert made.consumed == 1 and made.ledger["action"].to_list() == ["split", "drop"]
    assert parts.samples(frame([]), "f", lambda *_: Parsed([]), "t").rows.height == 0


FORMS = {
    "html_tables": lambda rows: html_tables.documents(rows, HtmlTableOptions()),
    "sections": lambda rows: sections.documents(rows, SectionOptions()),
    "faq": lambda rows: faq.documents(rows, FaqOptions()),
    "dialogue": lambda rows: dialogue.documents(rows, DialogueOptions()),
    "columns": lambda rows: columns.documents(rows, ColumnOptions(sections=("text",))),
}
PIECES = [
    "Q: ", "A. ", "질문: ", "답변: ", "# ", "## ", "---\n", "===\n", "Kim: ", "[10:31] ", "<table>", "<tr><td>",
    "```\n", "\n", "\x00", "\u2028", "\x85", "\u1100\u1161", "\U0001f600", "?", "나요", " ", "x" * 300, "{text}", "|",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@given(
    st.lists(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=25).map("".join), max_size=3)
)
@settings(max_examples=25)
def test_any_text_is_conserved_and_gives_the_same_twice(form: str, texts: list[str]) -> None:
    rows = frame(["{}"] * len(texts)).with_columns(text=pl.Series(texts, dtype=pl.String))
    cut = FORMS[form](rows)
    tables.check(cut.rows, tables.DOCUMENTS, "doc_id")
    passed = cut.rows.filter(pl.col("parents").list.len() == 0).height
    dropped = cut.ledger.filter(pl.col("action") == "drop").height
    tables.conserve(form, rows.height, passed, dropped, cut.consumed)
    again = FORMS[form](rows)
    assert again.rows.equals(cut.rows) and again.ledger.equals(cut.ledger)
