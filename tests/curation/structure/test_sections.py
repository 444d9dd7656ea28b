"""Markdown sections: what is a heading, and that no character is lost."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import tables
from curation.errors import InputError
from curation.structure import SectionOptions, sections

TEXT = """intro

# One #

text
## Two
```python
# no heading
```
Title
=====
para
Sub
---
- list
---
#5 is no heading
\t# nor is code
###### Deep
"""


def frame(*texts: str) -> pl.DataFrame:
    rows = [
        {"doc_id": f"{n:032x}", "content_id": "c", "text": text, "source": "s", "file": "f", "record": n, "lang": "en",
         "meta": "{}", "parents": []}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def titles(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in sections.headings(text)]


def test_headings() -> None:
    assert titles(TEXT) == [(1, "One"), (2, "Two"), (1, "Title"), (2, "Sub"), (6, "Deep")]
    assert titles("#\n# C#\n## a ##\n####### seven\n") == [(1, ""), (1, "C#"), (2, "a")]
    assert titles("~~~~\n# x\n~~~\n# y\n~~~~\n# 제목\n") == [(1, "제목")]
    assert titles("a\n\n---\nb\n***\n> q\n---\n") == []


def test_sections_carry_the_titles_above_them() -> None:
    cut = sections.documents(frame(TEXT), SectionOptions())
    tables.check(cut.rows, tables.DOCUMENTS, "doc_id")
    places = [json.loads(meta)["structure"] for meta in cut.rows["meta"]]
    assert [place["headings"] for place in places] == [
        [], ["One"], ["One", "Two"], ["Title"], ["Title", "Sub"], ["Title", "Sub", "Deep"],
    ]  # fmt: skip
    assert [TEXT[place["begin"] : place["end"]] for place in places] == cut.rows["text"].to_list()
    assert cut.rows["parents"].to_list() == [[f"{0:032x}"]] * 6
    assert (cut.consumed, cut.ledger["action"].to_list(), cut.ledger["value"].to_list()) == (1, ["split"], [6.0])


def test_deeper_headings_stay_inside() -> None:
    cut = sections.documents(frame(TEXT), SectionOptions(depth=1))
    assert cut.rows.height == 3
    with pytest.raises(InputError, match="sections: depth is 7, expected 1 to 6"):
        SectionOptions(depth=7)


def test_without_headings_a_document_stays_or_is_dropped() -> None:
    both = frame("plain", "# a\nb")
    kept = sections.documents(both, SectionOptions())
    assert kept.rows["text"].to_list() == ["plain", "# a\nb"] and kept.rows.row(0) == both.row(0)
    assert (kept.consumed, kept.ledger.height) == (1, 1)
    dropped = sections.documents(both, SectionOptions(keep_unparsed=False))
    assert dropped.rows["text"].to_list() == ["# a\nb"]
    assert sorted(dropped.ledger["action"]) == ["drop", "split"]
    empty = sections.documents(frame(), SectionOptions())
    assert (empty.rows.schema, empty.rows.height, empty.ledger.height) == (tables.DOCUMENTS, 0, 0)


@given(
    st.lists(st.sampled_from(["# a\n", "## b\r\n", "text\n", "===\n", "---\n", "```\n", "\n", "가", " "])).map("".join)
)
def test_sections_are_the_text(text: str) -> None:
    cut = sections.documents(frame(text), SectionOptions())
    assert "".join(cut.rows["text"]).strip() == text.strip()
    assert cut.rows["doc_id"].n_unique() == cut.rows.height
