"""What a WARC record says: a page of HTML becomes a document, and so does text that was taken from one (WET)."""

import io
import zlib
from typing import Any

from . import html
from .options import Damage, ReadOptions
from .records import Partition

_PAGES = ("text/html", "application/xhtml+xml")
_EXPECTED = "an HTML page"


def add(partition: Partition, number: int, content: bytes, options: ReadOptions) -> None:
    """Add a record as a document, or say why it is none.

    A page's other fields are `url`, `date` (of the capture), `content_type`, `title` and `encoding`.

    Args:
        partition: what it is added to.
        number: of the record in the file.
        content: its header and block.
        options: limits, and which text of a page is wanted.
    """
    from warcio.exceptions import ArchiveLoadFailed
    from warcio.recordloader import ArcWarcRecordLoader
    from warcio.statusandheaders import StatusAndHeadersParserException

    try:
        record = ArcWarcRecordLoader().parse_record_stream(io.BytesIO(content), known_format="warc")
        found, fields = _read(number, record, options)
    except (ArchiveLoadFailed, StatusAndHeadersParserException, EOFError, ValueError, TypeError, AttributeError,
            LookupError) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        partition.damaged(Damage(number, f"a record that cannot be read ({reason})", "a WARC record"))
        return
    html.add(partition, number, found, fields)


def _read(number: int, record: Any, options: ReadOptions) -> tuple[html.Page | Damage, dict[str, Any]]:
    """The page of a record, or why it has none, and the fields that are known of it."""
    http = record.http_headers
    served = (http.get_header("Content-Type") if http is not None else record.content_type) or ""
    kind = served.split(";")[0].strip().lower()
    known = {
        "url": record.rec_headers.get_header("WARC-Target-URI"),
        "date": record.rec_headers.get_header("WARC-Date"),
        "content_type": kind or None,
    }
    fields = {name: value for name, value in known.items() if value}
    if record.rec_type == "conversion" and kind == "text/plain":
        return _text(number, record.raw_stream.read(), options), fields
    if record.rec_type not in ("response", "resource"):
        return _not(number, f"a record of type {record.rec_type!r}"), fields
    if http is not None and http.get_statuscode() != "200":
        return _not(number, f"an answer with status {http.get_statuscode()!r}"), fields
    if kind and kind not in _PAGES:
        return _not(number, f"content of type {kind!r}"), fields
    body = _body(number, record, options)
    if isinstance(body, Damage):
        return body, fields
    if not kind and body.lstrip()[:1] != b"<":
        return _not(number, "content of no stated type"), fields
    return html.page(number, body, _charset(served), options), fields


def _not(number: int, found: str) -> Damage:
    return Damage(number, found, _EXPECTED, "reader.not_a_page")


def _text(number: int, data: bytes, options: ReadOptions) -> html.Page | Damage:
    if len(data) > options.max_page_bytes:
        return html.too_large(number, len(data), options)
    text = data.decode("utf-8", "replace")
    if not text.strip():
        return Damage(number, "no text", "a page with main text", "reader.no_main_text")
    return html.Page(text, None, "utf-8", text.count("\N{REPLACEMENT CHARACTER}"))


def _charset(content_type: str) -> str | None:
    for part in content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip()
    return None


def _body(number: int, record: Any, options: ReadOptions) -> bytes | Damage:
    """The content of an answer, without the encodings it was sent in. What it expands to is held to the limit."""
    from warcio.bufferedreaders import ChunkedDataReader

    http, limit = record.http_headers, options.max_page_bytes
    stream = record.raw_stream
    encoding = ""
    if http is not None:
        encoding = (http.get_header("Content-Encoding") or "").strip().lower()
        if "chunked" in (http.get_header("Transfer-Encoding") or "").lower():
            stream = ChunkedDataReader(stream)  # without its decompression, which has no limit
    data = stream.read()
    if encoding in ("gzip", "x-gzip", "deflate"):
        data = _inflated(data, encoding, limit)
    elif encoding not in ("", "identity") and data.lstrip()[:1] != b"<":  # crawlers may have decoded it
        return _not(number, f"content encoded as {encoding!r}")
    return html.too_large(number, len(data), options) if len(data) > limit else data


def _inflated(data: bytes, encoding: str, limit: int) -> bytes:
    """At most `limit` + 1 bytes of what the data expands to; the data itself where it is not compressed at all."""
    windows = (31,) if encoding != "deflate" else (15, -15)  # servers call both zlib and raw data deflate
    for window in windows:
        decompressor = zlib.decompressobj(wbits=window)
        try:
            return decompressor.decompress(data, limit + 1)
        except zlib.error:
            continue
    return data
