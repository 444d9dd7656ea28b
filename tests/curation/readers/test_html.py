"""Pages: main text without boilerplate, encodings, and pages made to cost."""

import gzip
import json
import socket
import sys
import unicodedata
from pathlib import Path

import pytest

from curation import readers
from curation.errors import InputError
from curation.readers import ReadOptions, html
from curation.readers.options import Damage, PageText

PARAGRAPH = "<p>This is paragraph {} of an ordinary article, with more than a few words in it.</p>"
BODY = "".join(PARAGRAPH.format(number) for number in range(6))
MENU = "<nav><ul><li><a href='/'>Home</a></li><li><a href='/x'>Subscribe now</a></li></ul></nav>"
FOOT = "<footer>All rights reserved. Cookie policy.</footer>"


def page_of(body: str, head: str = "<title>A  title</title>") -> bytes:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()


def one(path: Path, options: ReadOptions | None = None) -> readers.Read:
    options = options or ReadOptions()
    (piece,) = readers.plan([path], options)
    (read,) = readers.read(piece, options)
    assert read.records == read.documents.height + read.ledger.filter(read.ledger["action"] == "drop").height == 1
    return read


@pytest.mark.parametrize("name", ["a.html", "a.htm", "a.xhtml.gz"])
def test_the_main_text_is_found(tmp_path: Path, name: str) -> None:
    content = page_of(f"{MENU}<main><article><h1>Heading</h1>{BODY}</article></main>{FOOT}")
    (tmp_path / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    row = one(tmp_path / name).documents.row(0, named=True)
    assert "paragraph 0 of" in row["text"] and "paragraph 5 of" in row["text"]
    assert "Subscribe" not in row["text"] and "Cookie" not in row["text"] and "<" not in row["text"]
    assert json.loads(row["meta"]) == {"title": "A title", "encoding": "utf-8"}


@pytest.mark.parametrize(("form", "expected"), [("text", "Heading\n"), ("markdown", "# Heading"), ("source", "<h1>")])
def test_forms_of_the_text(form: PageText, expected: str) -> None:
    found = html.page(0, page_of(f"<article><h1>Heading</h1>{BODY}</article>"), None, ReadOptions(html=form))
    assert isinstance(found, html.Page) and expected in found.text


KOREAN = "<article>" + "<p>이것은 본문의 한 단락이며, 몇 마디가 넘는 글이 들어 있습니다.</p>" * 3 + "</article>"


@pytest.mark.parametrize(
    ("data", "declared", "encoding"),
    [
        (KOREAN.encode(), None, "utf-8"),
        (b"\xef\xbb\xbf" + KOREAN.encode(), "euc-kr", "utf-8"),
        (KOREAN.encode("utf-16"), None, "utf-16"),
        (KOREAN.encode("cp949"), "EUC-KR", "cp949"),
        (b'<meta charset="euc-kr">' + KOREAN.encode("cp949"), None, "cp949"),
        (b'<?xml version="1.0" encoding="euc-kr"?>' + KOREAN.encode("cp949"), None, "cp949"),
        (KOREAN.encode("cp949"), None, "cp949"),
        (KOREAN.encode(), "hex", "utf-8"),
        (KOREAN.encode(), "x-unknown", "utf-8"),
        (b"<meta charset=utf-16>" + KOREAN.encode(), None, "utf-8"),
    ],
)
def test_encodings(data: bytes, declared: str | None, encoding: str) -> None:
    found = html.page(0, data, declared, ReadOptions())
    assert isinstance(found, html.Page)
    assert found.encoding == encoding and "이것은 본문의 한 단락이며" in found.text and found.replaced == 0


def test_bytes_that_fit_no_character_are_an_edit(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(
        page_of(BODY.replace("ordinary", "ordin\xffary"), '<meta charset="utf-8">').replace(b"\xc3\xbf", b"\xff")
    )
    read = one(path)
    assert "ordin\N{REPLACEMENT CHARACTER}ary" in read.documents["text"][0]
    (event,) = read.ledger.rows(named=True)
    assert (event["rule"], event["action"], event["value"]) == ("reader.undecodable", "edit", 6.0)
    assert event["row_id"] == read.documents["doc_id"][0]


REFUSED = {
    "nested": ("<div>" * 100_000 + BODY, "reader.page_limit"),
    "deep": ("<b>" * 300 + BODY, "reader.page_limit"),
    "attributes": ("<div " + " ".join(f"a{n}=1" for n in range(100_000)) + ">" + BODY, "reader.page_limit"),
    "links": ("<p>" + "<a href=x>y</a> " * 2_001, "reader.page_limit"),
    "terms": ("<dl>" + "<dt>x<dd>y" * 1_001, "reader.page_limit"),
    "lists": ("<div><ul><li>x</ul></div>" * 6_001, "reader.page_limit"),
    "options": ("<select>" + "<option>x" * 2_001, "reader.page_limit"),
    "table": ("<table>" + "<tr><td>1<td>2" * 20_000, "reader.page_limit"),
    "script": ("<script>var a = 1;</script><img src=x>", "reader.no_main_text"),
    "nothing": ("", "reader.no_main_text"),
    "comment": ("<!--" + BODY, "reader.no_main_text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_pages_that_are_passed_over(tmp_path: Path, name: str) -> None:
    body, rule = REFUSED[name]
    path = tmp_path / "a.html"
    path.write_bytes(page_of(body))
    read = one(path, ReadOptions(strict=True))  # no damage, so it does not stop
    assert (read.documents.height, read.damaged) == (0, 0)
    assert read.ledger["rule"].to_list() == [rule]


def test_a_page_over_the_limit_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.html.gz"
    path.write_bytes(gzip.compress(b"<p>" * 30_000_000, 1, mtime=0))
    read = one(path, ReadOptions(max_page_bytes=1 << 20))
    (event,) = read.ledger.rows(named=True)
    assert (event["rule"], event["threshold"]) == ("reader.page_limit", float(1 << 20))
    assert event["value"] < 4 << 20


def test_huge_attributes_cost_nothing_and_lose_no_text() -> None:
    found = html.page(0, page_of(f"<div class='{'x ' * 1_000_000}'>{BODY}</div>"), None, ReadOptions())
    assert isinstance(found, html.Page) and "paragraph 5" in found.text


@pytest.mark.parametrize("odd", ["\x00", "&#0;", "&#1;", "&#xFFFF;", "&#xD800;", "\x0b"])
def test_characters_that_xml_cannot_hold(odd: str) -> None:
    found = html.page(
        0, page_of(f"<article>{BODY.replace('ordinary', 'ordi' + odd + 'nary')}</article>"), None, ReadOptions()
    )
    assert isinstance(found, html.Page) and "paragraph 5" in found.text and "nary article" in found.text


def test_nothing_is_fetched_and_no_entity_expands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("a page made the reader open a connection")

    monkeypatch.setattr(socket.socket, "connect", connect)
    (tmp_path / "secret").write_text("SECRET")
    entities = "".join(f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(9))
    head = (
        f"<!DOCTYPE html SYSTEM 'http://127.0.0.1:9/x.dtd' [<!ENTITY s SYSTEM 'file://{tmp_path}/secret'>{entities}]>"
    )
    tail = "<p>&s; &e9; here is another paragraph of the article</p>"
    tail += "<img src=http://127.0.0.1:9/x><script src=//127.0.0.1:9/x></script>"
    found = html.page(0, (head + page_of(BODY + tail).decode()).encode(), None, ReadOptions())
    assert isinstance(found, html.Page)
    assert "SECRET" not in found.text and len(found.text) < 2000


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(page_of(BODY))
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(InputError, match=r'pip install "keepwise\[web\]"'):
        readers.plan([tmp_path], ReadOptions())


def test_text_of_other_scripts_stays_as_it_is() -> None:
    nfd = unicodedata.normalize("NFD", "한국어 문장이 여기에 있습니다. ")
    for text in ("مرحبا بالعالم هذا نص طويل بما يكفي ", nfd, "😀😃😄" * 20, "가" * 200):
        found = html.page(0, page_of(f"<article><p>{text * 4}</p></article>"), None, ReadOptions())
        # Extraction composes characters, which normalisation would do next.
        assert not isinstance(found, Damage) and unicodedata.normalize("NFC", text.strip()) in found.text
