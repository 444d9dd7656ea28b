"""Fuzz the readers: files of every format and compression, whole and broken, must be read or refused, never crash.

    python -m benchmarks.fuzz_readers --seconds 60

Hypothesis makes files with known structure and damages them, before compression and after. Of each it is proved:
reading raises nothing but InputError; records are documents plus ledger rows; ids are unique and tables whole; reading
again gives the same; reading in small pieces gives the same documents. A failure is shrunk and printed, with the seed
that finds it again. Exit code 1 says that something failed, or that memory went over the limit.
"""

import argparse
import csv
import faulthandler
import gzip
import io
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import polars as pl
import pyarrow as pa
import zstandard
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from curation import readers, tables
from curation.errors import InputError
from curation.readers import ReadOptions

MEMORY = 1 << 30  # bytes of resident memory that the whole program may take
SUFFIXES = {
    "jsonl": ("", ".gz", ".zst"), "csv": ("", ".gz", ".zst"), "tsv": ("", ".gz"), "txt": ("", ".gz", ".zst"),
    "html": ("", ".gz", ".zst"), "warc": ("", ".gz", ".zst", "-whole.gz"), "parquet": ("",), "arrow": ("",),
}  # fmt: skip
HOSTILE = (
    "", " ", "\x00", "\ufeff", "\u202e", "\ud800", "\uac00", "\u1100\u1161\u11a8", "\U0001f600", "\r", "\n", "\r\n",
    '"', '""', "'", ",", "\t", "<", "<p>", "</p>", "<!--", "&#0;", "&#xD800;", "<table><tr><td>", "{", "}", "[", "null",
    "1e999", "NaN", "\\ud83d", "WARC/1.0\r\n", "Content-Length: 99999999999\r\n", "Content-Length: -1\r\n", "\r\n\r\n",
    "x" * 5000, "\x1b", "\x85", "\u2028",
)  # fmt: skip
BYTES = (
    b"\xff", b"\x00" * 16, b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1", b"\xff\xff\xff\xff",
    b"\xed\xa0\x80", b"\x7f\xff\xff\xff", b"\xc3", b"\n", b'"', b"\r\n\r\n", b"WARC/1.0\r\n",
)  # fmt: skip

text = st.lists(st.one_of(st.text(max_size=20), st.sampled_from(HOSTILE)), max_size=6).map("".join)
clean = text.map(lambda value: value.encode("utf-8", "replace").decode())


@dataclass(frozen=True)
class Case:
    """One file to read, and how."""

    name: str
    content: bytes
    options: ReadOptions


@st.composite
def cases(draw: st.DrawFn, form: str) -> Case:
    suffix = draw(st.sampled_from(SUFFIXES[form]))
    parts = draw(st.lists(PARTS[form], min_size=1, max_size=5)) if form in PARTS else [draw(WHOLE[form])]
    if form in ("csv", "tsv"):
        parts = [b"id" + (b"," if form == "csv" else b"\t") + b"text\r\n", *parts]
    parts = [draw(mutated(part)) if draw(st.integers(0, 3)) == 0 else part for part in parts]
    name = f"a.{form}{suffix.removeprefix('-whole')}"
    content = packed(parts, suffix)
    if draw(st.integers(0, 2)) == 0:
        content = draw(mutated(content))
    options = ReadOptions(
        max_damaged=1.0,
        max_record_bytes=draw(st.sampled_from((100, 4000, 1 << 20))),
        max_page_bytes=draw(st.sampled_from((500, 1 << 20))),
        encoding=draw(st.sampled_from(("utf-8",) * 20 + ("utf-16", "cp949", "latin-1"))),
        quote=draw(st.sampled_from(('"', '"', "", "'"))),
        html=draw(st.sampled_from(("text", "markdown", "source"))),
    )
    return Case(name, content, options)


def packed(parts: list[bytes], suffix: str) -> bytes:
    if suffix == ".gz":  # each part a member of its own, as in a record-compressed WARC
        return b"".join(gzip.compress(part, mtime=0) for part in parts)
    whole = b"".join(parts)
    if suffix == "-whole.gz":
        return gzip.compress(whole, mtime=0)
    return zstandard.compress(whole) if suffix == ".zst" else whole


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes with some of them cut, doubled, flipped, put in or taken away."""
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        piece = content[start : min(end, start + 64)]
        change = draw(st.sampled_from(("cut", "drop", "double", "flip", "put", "over", "random")))
        if change == "cut":
            content = content[:start]
        elif change == "drop":
            content = content[:start] + content[start + len(piece) :]
        elif change == "double":
            content = content[:start] + piece * 2 + content[start + len(piece) :]
        elif change == "flip" and content:
            at = min(start, len(content) - 1)
            content = content[:at] + bytes([content[at] ^ (1 << draw(st.integers(0, 7)))]) + content[at + 1 :]
        elif change in ("put", "over", "random"):
            new = draw(st.binary(max_size=12)) if change == "random" else draw(st.sampled_from(BYTES))
            content = content[:start] + new + content[start + (len(new) if change == "over" else 0) :]
    return content


def _line(value: str, other: str) -> bytes:
    return json.dumps({"text": value, other: [1.5, None, {"a": other}]}, ensure_ascii=len(value) % 2 == 0).encode(
        "utf-8", "surrogatepass"
    ) + b"\n"  # fmt: skip


def _row(separator: str) -> Callable[[str, str], bytes]:
    def row(first: str, second: str) -> bytes:
        out = io.StringIO()
        csv.writer(out, delimiter=separator).writerow([first, second])
        return out.getvalue().encode()

    return row


def _page(*parts: str) -> bytes:
    body = "".join(f"<p class='{part[:9]}'>{part} Words enough for one paragraph of text.</p>" for part in parts)
    return f"<html><head><title>{parts[0]}</title></head><body><article>{body}</article></body></html>".encode()


def _record(kind: str, header: str, body: bytes) -> bytes:
    if kind == "response":
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{header}\r\n\r\n".encode("utf-8", "replace")
        body = head + body
    return (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://e.org/\r\nContent-Type: text/html\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body + b"\r\n\r\n"  # fmt: skip


def _frame(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"text": texts, "n": range(len(texts)), "nested": [[{"a": text, "b": 1.5}] for text in texts]},
        schema_overrides={"text": pl.String, "n": pl.Int64},
    )


def _parquet(texts: list[str]) -> bytes:
    out = io.BytesIO()
    _frame(texts).write_parquet(out, row_group_size=2)
    return out.getvalue()


def _arrow(texts: list[str]) -> bytes:
    out = io.BytesIO()
    table = _frame(texts).to_arrow(compat_level=pl.CompatLevel.oldest())
    with (pa.ipc.new_file if len(texts) % 2 else pa.ipc.new_stream)(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return out.getvalue()


page = st.lists(clean, min_size=1, max_size=4).map(lambda parts: _page(*parts))
headers = st.sampled_from(
    ("X: y", "Content-Encoding: gzip", "Transfer-Encoding: chunked", "Content-Type: image/png", "\r\n")
)
PARTS = {
    "jsonl": st.builds(_line, text, text),
    "csv": st.builds(_row(","), clean, clean),
    "tsv": st.builds(_row("\t"), clean, clean),
    "txt": clean.map(str.encode),
    "warc": st.builds(_record, st.sampled_from(("response", "resource", "request", "conversion")), headers, page),
}
WHOLE = {
    "html": page,
    "parquet": st.lists(clean, max_size=5).map(_parquet),
    "arrow": st.lists(clean, max_size=5).map(_arrow),
}


def prove(case: Case, folder: Path) -> str:
    """Read a case and hold what must be true of it; `read` or `refused`.

    Raises:
        AssertionError: when rows are lost, or a second reading differs.
    """
    path = folder / case.name
    path.write_bytes(case.content)
    first = _read(path, case.options)
    assert first == _read(path, case.options), "reading again gives something else"
    if isinstance(first, str):
        return "refused"
    small = _read(path, ReadOptions(**{**vars(case.options), "partition_bytes": 64}))
    assert not isinstance(small, str), f"read as a whole, but in pieces it is refused: {small}"
    assert first[0] == small[0], "in pieces the documents are others"
    return "read"


def _read(path: Path, options: ReadOptions) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]] | str:
    """Rows of documents and of the ledger, or the sentence with which the file is refused."""
    try:
        reads = [each for piece in readers.plan([path], options) for each in readers.read(piece, options)]
    except InputError as error:
        assert "\n" not in str(error), f"the message is no one sentence: {error}"
        return str(error)
    for each in reads:
        tables.check(each.documents, tables.DOCUMENTS, "doc_id")
        tables.check(each.ledger, tables.LEDGER)
        drops = each.ledger.filter(pl.col("action") == "drop").height
        assert each.records == each.documents.height + drops, "records are neither documents nor in the ledger"
    documents = pl.concat([each.documents for each in reads])
    tables.check(documents, tables.DOCUMENTS, "doc_id")
    ledger = pl.concat([each.ledger for each in reads])
    places = documents["record"].to_list() + ledger.filter(pl.col("action") == "drop")["record"].to_list()
    assert len(set(places)) == len(places), "two records have one number"
    return documents.rows(), ledger.rows()


def fuzz(form: str, seed: int, examples: int, folder: Path, seen: Counter[str]) -> None:
    """Prove a number of cases of one format."""

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(cases(form))
    def run(case: Case) -> None:
        seen[f"{form} {prove(case, folder)}"] += 1

    run()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long to go on")
    parser.add_argument("--format", action="append", choices=sorted(SUFFIXES), help="of these formats only")
    parser.add_argument("--seed", type=int, default=0, help="where to begin")
    chosen = parser.parse_args()
    faulthandler.enable()
    seen: Counter[str] = Counter()
    ends, seed = time.monotonic() + chosen.seconds, chosen.seed
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < ends:
            for form in chosen.format or SUFFIXES:
                try:
                    fuzz(form, seed, 100, Path(folder), seen)
                except Exception:
                    print(f"found with --format {form} --seed {seed}", file=sys.stderr)
                    raise
                if time.monotonic() >= ends:
                    break
            seed += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    for what, count in sorted(seen.items()):
        print(f"{what:<20}{count:>8}")
    print(f"seeds {chosen.seed} to {seed - 1}, {sum(seen.values())} files, {peak >> 20} MiB at most")
    return int(peak > MEMORY)


if __name__ == "__main__":
    sys.exit(main())
