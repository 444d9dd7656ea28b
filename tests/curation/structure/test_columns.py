"""Columns as documents with headings, and as samples by a mapping."""

import json
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.structure import ColumnOptions, columns

ROWS = [
    ("body one", {"title": "First", "note": "", "n": 3, "q": "Why?", "a": "So."}),
    ("", {"title": "Second", "note": "", "n": None, "q": "", "a": "So."}),
    ("body", {"title": "Third", "q": "Why?"}),
]


def frame(rows: list[tuple[str, dict[str, Any]]]) -> pl.DataFrame:
    made = [
        {"doc_id": f"{n:032x}", "content_id": "c", "text": text, "source": "s", "file": "f", "record": n, "lang": None,
         "meta": json.dumps(meta), "parents": []}
        for n, (text, meta) in enumerate(rows)
    ]  # fmt: skip
    return pl.DataFrame(made, schema=tables.DOCUMENTS)


def reasons(ledger: pl.DataFrame) -> dict[int, list[str]]:
    dropped = ledger.filter(pl.col("action") == "drop")
    return {record: json.loads(detail)["reasons"] for record, detail in dropped.select("record", "detail").rows()}


def test_a_document_with_headings() -> None:
    cut = columns.documents(frame(ROWS), ColumnOptions(title="title", sections=("text", "note", "n")))
    tables.check(cut.rows, tables.DOCUMENTS, "doc_id")
    assert cut.rows["text"].to_list() == ["# First\n\n## text\n\nbody one\n\n## n\n\n3"]
    place = json.loads(cut.rows["meta"][0])
    assert place["structure"]["headings"] == ["First"] and place["q"] == "Why?"
    assert reasons(cut.ledger) == {
        1: ["column 'text' is empty", "column 'note' is empty", "column 'n' is empty"],
        2: ["no column 'note'", "no column 'n'"],
    }
    assert cut.consumed == 1
    kept = columns.documents(frame(ROWS), ColumnOptions(sections=("note", "a"), keep_unparsed=True))
    assert kept.rows["text"].to_list() == ["# a\n\nSo.", "# a\n\nSo.", "body"]


def test_samples_of_prompt_and_completion() -> None:
    made = columns.samples(frame(ROWS), ColumnOptions(prompt="{q} ({text})", completion="a", system="Be brief."))
    tables.check(made.rows, tables.samples_schema("prompt_completion"), "sample_id")
    assert made.rows["prompt"].to_list() == [
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why? (body one)"}],
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "()"}],
    ]
    assert made.rows["completion"].to_list() == [[{"role": "assistant", "content": "So."}]] * 2
    assert (made.consumed, reasons(made.ledger)) == (2, {2: ["no column 'a'"]})
    made = columns.samples(frame(ROWS), ColumnOptions(prompt="q", completion="a"))
    assert reasons(made.ledger)[1] == ["nothing for the user, from 'q'"]


def test_samples_of_turns_end_where_words_end() -> None:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("one", {"u2": "three", "a1": "two", "a2": "four"}), ("one", {"u2": "", "a1": "two", "a2": "x"}),
        ("one", {"u2": "three", "a1": "two", "a2": ""}), ("", {"u2": "", "a1": "two", "a2": ""}),
    ]  # fmt: skip
    mapping = (("user", "text"), ("assistant", "a1"), ("user", "u2"), ("assistant", "a2"))
    made = columns.samples(frame(rows), ColumnOptions(turns=mapping))  # type: ignore[arg-type]
    prompts = [[turn["content"] for turn in prompt] for prompt in made.rows["prompt"]]
    assert prompts == [["one", "two", "three"], ["one"], ["one"]]
    assert [answer[0]["content"] for answer in made.rows["completion"]] == ["four", "two", "two"]
    assert reasons(made.ledger) == {3: ["no turn of the assistant after one of the user"]}


def test_values_that_are_no_text_are_json_and_templates_run_nothing() -> None:
    rows: list[tuple[str, dict[str, Any]]] = [("t", {"list": [1, "가"], "{odd}": "x", "yes": True})]
    made = columns.samples(frame(rows), ColumnOptions(prompt="{list} {{}} {yes}", completion="{odd}"))
    assert made.rows["prompt"][0][0]["content"] == '[1,"가"] {} true'
    assert made.rows["completion"][0][0]["content"] == "x"
    made = columns.samples(frame(rows), ColumnOptions(prompt="{text.__class__}", completion="text"))
    assert reasons(made.ledger) == {0: ["no column 'text.__class__'"]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prompt": "q"}, "found no completion, expected both"),
        ({"completion": "q"}, "found no prompt, expected both"),
        ({"prompt": "q", "completion": "a", "turns": (("user", "q"),)}, "found both turns and a prompt"),
        ({"turns": (("bot", "q"),)}, "role in turns is 'bot'"),
        ({"prompt": "{q", "completion": "a"}, "template '{q' cannot be read"),
        ({"prompt": "{q!r}", "completion": "a"}, "braces without a column's name alone"),
        ({"prompt": "{q:>9999999}", "completion": "a"}, "braces without a column's name alone"),
        ({"prompt": "{}", "completion": "a"}, "braces without a column's name alone"),
    ],
)
def test_mappings_that_make_no_sense(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"columns: .*{message}"):
        ColumnOptions(**settings)
    for stage, form in ((columns.documents, "sections"), (columns.samples, "mapping")):
        with pytest.raises(InputError, match=f"columns: found no {form}"):
            stage(frame(ROWS), ColumnOptions())
