"""Pages of HTML: the main text, found by trafilatura, within limits on what a page may cost.

Nothing is fetched: the parser has no network, and HTML knows no entities of its own. A page within the limits takes
less than half a minute whatever is in it, the usual one a tenth of a second; one beyond them is passed over, with a
ledger row.
"""

import codecs
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .detection import legacy
from .files import Stream
from .options import Damage, ReadOptions, Slice
from .plain import bounded
from .records import REPLACEMENT, Partition

# Extraction is linear in the elements of a page but for four things, so each has a limit: nesting (beyond 256 the
# parser would leave text out); elements beside one another, and attributes, which cost their square; and elements that
# make the extraction look through the whole page, each of them.
MOST_ELEMENTS = 50_000
MOST_NESTED = 250
MOST_BESIDE = 2_000  # elements in one other, those in _PLAIN not counted
MOST_OTHER = 6_000  # elements of a page beyond those in _PLAIN and _COMMON: lists, forms, options, tables, scripts
MOST_ATTRIBUTES = 1_000  # of one element
MOST_ATTRIBUTE = 10_000  # characters; a longer one holds data, nothing that tells text from boilerplate: left out
_PLAIN = frozenset(["p", "br", "div", "span", "li", "tr", "img", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"])
_COMMON = frozenset(
    ["a", "abbr", "b", "cite", "code", "dd", "del", "dt", "em", "font", "i", "ins", "kbd", "mark", "q", "rp", "rt", "s"]
    + ["samp", "small", "strike", "strong", "sub", "sup", "td", "th", "tt", "u", "var"]
)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What pages call by these names is what browsers read as the wider encoding (WHATWG Encoding Standard, section 4.2).
_WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030"}
_LOOKED_AT = 256 << 10  # bytes by which the encoding of a page that names none is told
_NOT_IN_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])
_DECLARED_IN = 1024  # bytes in which a page declares its encoding (HTML Standard, section 4.2.5.4)


@dataclass(frozen=True)
class Page:
    """The text of a page.

    Attributes:
        text: its main text, or all of it.
        title: what its title element says, if anything.
        encoding: that it was decoded from.
        replaced: characters that could not be decoded and stand as U+FFFD in the page.
    """

    text: str
    title: str | None
    encoding: str
    replaced: int


def require() -> None:
    """Check that pages can be read, and quiet the libraries that read them.

    Raises:
        InputError: when the packages of the extra `web` are not installed, naming it.
    """
    try:
        import lxml.html  # noqa: F401
        import trafilatura  # noqa: F401
        import warcio  # noqa: F401
    except ImportError as error:
        raise InputError(
            f'HTML and WARC need packages that are not installed ({error}): pip install "keepwise[web]"'
        ) from error
    for name in ("trafilatura", "warcio"):  # what they say of single pages, the ledger says
        logging.getLogger(name).setLevel(logging.CRITICAL)


def read(stream: Stream, piece: Slice, options: ReadOptions) -> Iterator[Partition]:
    """The one partition of a file that is a page. Its other fields are its title and encoding."""
    partition = Partition(piece.source, piece.file)
    data = bounded(stream, options.max_page_bytes)
    found = too_large(0, data, options) if isinstance(data, int) else page(0, data, None, options)
    add(partition, 0, found, {})
    yield partition


def add(partition: Partition, record: int, found: Page | Damage, fields: dict[str, Any]) -> None:
    """Add a page, or why it is no document, with the fields known of it beside its title and encoding."""
    if isinstance(found, Damage):
        partition.damaged(found)
        return
    title = {"title": found.title} if found.title else {}
    partition.add(record, found.text, {**fields, **title, "encoding": found.encoding})
    if found.replaced:
        partition.edited("reader.undecodable", found.replaced, {"replaced": found.replaced, "encoding": found.encoding})


def too_large(record: int, size: int, options: ReadOptions) -> Damage:
    """Why a page of more than the bytes allowed is passed over."""
    limit = options.max_page_bytes
    return Damage(
        record, f"a page of {size} bytes or more", f"at most {limit}", "reader.page_limit", float(size), float(limit)
    )


def page(record: int, data: bytes, declared: str | None, options: ReadOptions) -> Page | Damage:
    """The text of a page, or why it is no document.

    Args:
        record: number in the file.
        data: the page as it was served.
        declared: encoding that the server named, if any.
        options: which text of it is wanted.
    """
    source, encoding = decode(data, declared)
    replaced = source.count(REPLACEMENT)
    if options.html == "source":
        return Page(source, None, encoding, replaced)
    tree = parse(record, source)
    if isinstance(tree, Damage):
        return tree
    _tidy(tree)
    try:
        text = _extract(tree, options.html)
    except (ValueError, RecursionError, TypeError, AttributeError, LookupError) as error:
        # Broken markup leads into corners of the heuristics that nobody has seen: the page is passed over, and says so.
        return _no_text(record, f"a page whose extraction failed ({type(error).__name__})")
    if not text or not text.strip():
        return _no_text(record, "no main text in the page")
    title = tree.findtext(".//title")
    return Page(text, " ".join(title.split()) if title else None, encoding, replaced if REPLACEMENT in text else 0)


def _no_text(record: int, found: str) -> Damage:
    return Damage(record, found, "a page with main text", "reader.no_main_text")


def decode(data: bytes, declared: str | None = None) -> tuple[str, str]:
    """A page's text and the name of its encoding.

    In this order: a byte order mark, what the server declared, what the page declares; without any that Python knows,
    UTF-8 if it fits, else the legacy encoding that it looks like. What does not fit becomes U+FFFD, as in a browser.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace").removeprefix("\ufeff"), name
    for claimed in (declared, _declaration(data[:_DECLARED_IN])):
        known = _known(claimed)
        if known is not None:
            return data.decode(known, "replace"), known
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        guessed = legacy(data[:_LOOKED_AT])[0]
        return data.decode(guessed, "replace"), guessed


def _known(name: str | None) -> str | None:
    """The codec to use for the encoding that a page names, none for one that Python does not know."""
    if not name:
        return None
    try:
        codec = codecs.lookup(name.strip().strip("\"'"))
    except (LookupError, ValueError):
        return None
    # Codecs that turn bytes into bytes, and some that are no encodings of pages, have no place here.
    if not codec._is_text_encoding or codec.name in ("idna", "punycode", "unicode_escape", "raw_unicode_escape"):
        return None
    # A page that can be read to its declaration, which is ASCII, is not in UTF-16 (HTML Standard, section 13.2.3.2).
    return "utf-8" if codec.name.startswith(("utf-16", "utf-32", "utf-7")) else _WIDER.get(codec.name, codec.name)


def _declaration(head: bytes) -> str | None:
    """The encoding that a page names in a meta element, or in an XML declaration."""
    text = head.decode("latin-1").lower()
    at = text.find("charset")
    name = text[at + len("charset") :] if at >= 0 else text[text.find("encoding") + len("encoding") :]
    if at < 0 and not (text.startswith("<?xml") and "encoding" in text):
        return None
    name = name.lstrip()
    if not name.startswith("="):
        return None
    name = name[1:].lstrip(" \t\n\r\"'")
    end = next((index for index, letter in enumerate(name) if not (letter.isalnum() or letter in "-_:.")), len(name))
    return name[:end]


class _Measure:
    """What a page would cost, counted by the parser while it builds nothing: that alone is linear in any page."""

    def __init__(self) -> None:
        self.elements = self.attributes = self.nested = self.beside = self.other = 0
        self._inside = [0]  # elements so far in each open one

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.attributes = max(self.attributes, len(attributes))
        if tag not in _PLAIN:
            self.other += tag not in _COMMON
            self._inside[-1] += 1
            self.beside = max(self.beside, self._inside[-1])
        self._inside.append(0)
        self.nested = max(self.nested, len(self._inside) - 1)

    def end(self, tag: str) -> None:
        if len(self._inside) > 1:
            self._inside.pop()

    def data(self, text: str) -> None:
        """Text costs no more than its length."""

    def close(self) -> "_Measure":
        return self

    def refusal(self, record: int) -> Damage | None:
        """Why the page would cost too much, if it would."""
        for found, limit, what in (
            (self.elements, MOST_ELEMENTS, "elements"),
            (self.nested, MOST_NESTED, "elements inside one another"),
            (self.beside, MOST_BESIDE, "elements such as links or terms in one element"),
            (self.other, MOST_OTHER, "elements such as lists or options"),
            (self.attributes, MOST_ATTRIBUTES, "attributes of one element"),
        ):
            if found > limit:
                return Damage(
                    record, f"{found} {what}", f"at most {limit}", "reader.page_limit", float(found), float(limit)
                )
        return None


def parse(record: int, source: str) -> Any:
    """The tree of a page, or why it is no document."""
    from lxml import etree, html

    # A NUL would end the text of the page for the parser; a browser reads past it.
    data = source.replace("\x00", "").encode("utf-8", "replace")
    settings: dict[str, Any] = {"encoding": "utf-8", "no_network": True, "huge_tree": False}
    try:
        measure = etree.fromstring(data, etree.HTMLParser(target=_Measure(), **settings))
        refusal = measure.refusal(record)
        if refusal is not None:
            return refusal
        parser = html.HTMLParser(
            remove_comments=True, remove_pis=True, collect_ids=False, default_doctype=False, **settings
        )
        tree = html.document_fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return _no_text(record, "nothing that is HTML")
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        return Damage(record, "more than the parser reads", "less text in one place", "reader.page_limit")
    return tree


def _tidy(tree: Any) -> None:
    """Remove what extraction has no use for, or stumbles over."""
    from lxml import etree

    # XML cannot hold these characters, so one of them would stop the extraction. HTML can say them.
    text = etree.tostring(tree, method="text", encoding="unicode")
    odd = any(chr(character) in text for character in _NOT_IN_XML)
    for element in tree.iter():
        for name, value in element.attrib.items():
            if len(value) > MOST_ATTRIBUTE:
                del element.attrib[name]
        if odd:
            element.text = element.text and element.text.translate(_NOT_IN_XML)
            element.tail = element.tail and element.tail.translate(_NOT_IN_XML)


def _extract(tree: Any, form: str) -> str | None:
    import trafilatura

    markdown = form == "markdown"
    return trafilatura.extract(
        tree,
        include_comments=False,
        include_tables=True,
        include_formatting=markdown,
        output_format="markdown" if markdown else "txt",
    )
