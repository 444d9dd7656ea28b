"""Tables of pages: headers, spans, layout tables, and tables made to cost."""

import json

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.structure import HtmlTableOptions, html_tables

PAGE = """<h1>Report</h1><h2>Sales</h2>
<table><caption>By year</caption><tr><th>Year<th>City | region<th>Sum</tr>
<tr><td rowspan=2>2023<td>Seoul<td>1</tr><tr><td>Busan<td>2</tr><tr><td>2024<td colspan=2>none</tr></table>
<h2>Layout</h2><table><tr><td><table><tr><td>a<td>b</tr><tr><td>c<td>d</tr></table></table>
<table><tr><td>only one cell</table>"""


def frame(*texts: str) -> pl.DataFrame:
    rows = [
        {"doc_id": f"{n:032x}", "content_id": "c", "text": text, "source": "s", "file": "f", "record": n, "lang": None,
         "meta": '{"url":"u"}', "parents": []}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def test_tables_as_markdown_with_their_headings() -> None:
    cut = html_tables.documents(frame(PAGE), HtmlTableOptions())
    tables.check(cut.rows, tables.DOCUMENTS, "doc_id")
    assert cut.rows["text"].to_list() == [
        "| Year | City \\| region | Sum |\n| --- | --- | --- |\n| 2023 | Seoul | 1 |\n| 2023 | Busan | 2 |\n"
        "| 2024 | none | none |",
        "| 1 | 2 |\n| --- | --- |\n| a | b |\n| c | d |",
    ]
    first, second = (json.loads(meta) for meta in cut.rows["meta"])
    assert first["structure"]["headings"] == ["Report", "Sales", "By year"] and first["url"] == "u"
    assert second["structure"]["headings"] == ["Report", "Layout"]
    (event,) = cut.ledger.rows(named=True)
    assert (event["action"], event["rule"], event["value"]) == ("split", "structure.html_tables", 2.0)
    assert json.loads(event["detail"])["reasons"] == ["table 2: 1 rows of 1 columns"]
    assert cut.consumed == 1


def test_a_record_a_row() -> None:
    cut = html_tables.documents(frame(PAGE), HtmlTableOptions(layout="records"))
    assert cut.rows["text"][1] == "Year: 2023\nCity | region: Busan\nSum: 2"
    assert json.loads(cut.rows["meta"][1])["structure"]["row"] == 1
    assert cut.rows.height == 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no page at all", "no table"),
        ("<table></table>", "table 0: 0 rows of 0 columns"),
        ("<table>" + "<tr><td rowspan=1000 colspan=1000>x" * 200 + "</table>", "table 0: more than 100000 cells"),
        ("<div>" * 300, "found 302 elements inside one another, expected at most 250"),
    ],
)
def test_what_has_no_table_is_dropped_with_a_reason_or_kept(text: str, reason: str) -> None:
    cut = html_tables.documents(frame(text), HtmlTableOptions())
    assert (cut.rows.height, cut.consumed, cut.ledger["action"].to_list()) == (0, 0, ["drop"])
    assert json.loads(cut.ledger["detail"][0])["reasons"] == [reason]
    kept = html_tables.documents(frame(text), HtmlTableOptions(keep_unparsed=True))
    assert kept.rows.equals(frame(text)) and kept.ledger.height == 0


def test_options_are_checked() -> None:
    with pytest.raises(InputError, match="html_tables: layout is 'csv', expected one of markdown, records"):
        HtmlTableOptions(layout="csv")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="html_tables: min_rows is 0"):
        HtmlTableOptions(min_rows=0)
