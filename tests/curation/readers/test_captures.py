"""What one WARC record becomes."""

import gzip
import json
import zlib

import pytest

from curation.readers import ReadOptions, captures, html
from curation.readers.options import Read
from curation.readers.records import Partition

TEXT = "This is a paragraph of an ordinary article, with more than a few words in it."
HTML = (
    f"<html><body><article><p>{TEXT}</p><p>Another one of them, also long enough.</p></article></body></html>".encode()
)


def record(block: bytes, kind: str = "response", **headers: str) -> bytes:
    named = {"WARC-Target-URI": "http://example.org/", "Content-Length": str(len(block))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"WARC/1.0\r\nWARC-Type: {kind}\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return record(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body)


def one(content: bytes, options: ReadOptions | None = None) -> Read:
    partition = Partition("s", "f")
    captures.add(partition, 7, content, options or ReadOptions())
    read = partition.finish(0)
    assert read.records == 1
    return read


def chunked(data: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:50], data[50:])) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "content",
    [
        answer(HTML, Content_Type="text/html; charset=utf-8"),
        answer(HTML, Content_Type="TEXT/HTML"),
        answer(HTML),
        answer(gzip.compress(HTML, mtime=0), Content_Type="text/html", Content_Encoding="gzip"),
        answer(zlib.compress(HTML), Content_Type="text/html", Content_Encoding="deflate"),
        answer(zlib.compress(HTML)[2:-4], Content_Type="text/html", Content_Encoding="deflate"),
        answer(HTML, Content_Type="text/html", Content_Encoding="br"),  # the crawler has decoded it
        answer(chunked(gzip.compress(HTML, mtime=0)), Content_Type="text/html", Content_Encoding="gzip",
               Transfer_Encoding="chunked"),
        record(HTML, "resource", Content_Type="text/html"),
        record(TEXT.encode(), "conversion", Content_Type="text/plain"),
    ],
)  # fmt: skip
def test_pages_and_their_text(content: bytes) -> None:
    read = one(content)
    assert TEXT in read.documents["text"][0]
    assert json.loads(read.documents["meta"][0])["url"] == "http://example.org/"


@pytest.mark.parametrize(
    ("content", "rule", "found"),
    [
        (answer(HTML, "404 Not Found", Content_Type="text/html"), "reader.not_a_page", "an answer with status '404'"),
        (answer(b"\x89PNG", Content_Type="image/png"), "reader.not_a_page", "content of type 'image/png'"),
        (answer(b"plain"), "reader.not_a_page", "content of no stated type"),
        (answer(b"\x1b\x00", Content_Type="text/html", Content_Encoding="br"), "reader.not_a_page",
         "content encoded as 'br'"),
        (answer(b"", Content_Type="text/html"), "reader.no_main_text", "nothing that is HTML"),
        (record(b"", "conversion", Content_Type="text/plain"), "reader.no_main_text", "no text"),
        (record(b"x", "request"), "reader.damaged", None),
        (record(b"a: b", "metadata"), "reader.not_a_page", "a record of type 'metadata'"),
        (b"WARC/1.0\r\n\r\n", "reader.not_a_page", "a record of type None"),
        (record(b"not http at all"), "reader.damaged", None),
    ],
)  # fmt: skip
def test_records_that_are_no_documents_say_why(content: bytes, rule: str, found: str | None) -> None:
    (event,) = one(content).ledger.rows(named=True)
    assert (event["record"], event["rule"]) == (7, rule)
    assert found is None or json.loads(event["detail"])["found"] == found


@pytest.mark.parametrize("headers", [{}, {"Transfer_Encoding": "chunked"}])
def test_an_answer_that_expands_is_held_to_the_limit(headers: dict[str, str]) -> None:
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(40)) + packer.flush()
    body = chunked(packed) if headers else packed
    (event,) = one(answer(body, Content_Type="text/html", Content_Encoding="gzip", **headers)).ledger.rows(named=True)
    assert (event["rule"], event["value"]) == ("reader.page_limit", float((5 << 20) + 1))


def test_an_address_with_spaces_is_read_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    html.require()
    read = one(record(HTML, "resource", Content_Type="text/html", WARC_Target_URI="http://example.org/a b"))
    assert json.loads(read.documents["meta"][0])["url"] == "http://example.org/a%20b"
    assert capfd.readouterr() == ("", "")
