"""How fast raw files are read: JSON Lines, CSV and Arrow of the same texts, and pages of web archives.

    python -m benchmarks.readers [--data FOLDER] [--megabytes 40]

Texts are pieces of about 3 KB of the Gutenberg books; pages are the answers of the web archives in FOLDER, whose main
text is looked for, beside warcio and trafilatura called directly for the same pages. Processor seconds of one process,
the least of three; run with one thread (OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 RAYON_NUM_THREADS=1).
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa

from benchmarks import corpora
from curation import readers
from curation.readers import ReadOptions

ROUNDS = 3
PIECE = 3000  # characters of a text


def pieces_of_books(data: Path, megabytes: float) -> list[str]:
    found: list[str] = []
    for book in corpora.rows(data / "corpora" / "gutenberg-books.jsonl.gz"):
        text = book["text"].replace("\r", "")
        found += [text[at : at + PIECE] for at in range(0, len(text) - PIECE, PIECE)]
        if len(found) * PIECE > megabytes * 1e6:
            break
    return found


def write(texts: list[str], folder: Path) -> list[Path]:
    """The texts in three forms."""
    lines, table, arrow = (folder / f"texts.{suffix}" for suffix in ("jsonl", "csv", "arrow"))
    lines.write_text("".join(json.dumps({"id": at, "text": text}) + "\n" for at, text in enumerate(texts)))
    with table.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["id", "text"], *([at, text] for at, text in enumerate(texts))])
    columns = pa.table({"id": list(range(len(texts))), "text": texts})
    with pa.OSFile(str(arrow), "wb") as sink, pa.ipc.new_stream(sink, columns.schema) as writer:
        writer.write_table(columns, max_chunksize=1000)
    return [lines, table, arrow]


def read(paths: list[Path]) -> int:
    """Documents of files."""
    options = ReadOptions()
    pieces = readers.plan([str(path) for path in paths], options)
    return sum(each.documents.height for piece in pieces for each in readers.read(piece, options))


def directly(paths: list[Path]) -> int:
    """Pages of web archives with a main text, by the libraries alone."""
    import trafilatura
    from warcio.archiveiterator import ArchiveIterator

    found = 0
    for path in paths:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                is_page = record.rec_type == "response" and "html" in (
                    record.http_headers.get_header("Content-Type") or ""
                )
                if is_page and record.http_headers.get_statuscode() == "200":
                    found += trafilatura.extract(record.content_stream().read()) is not None
    return found


def least(work: Callable[[], int]) -> tuple[int, float]:
    """What was counted, and the least processor seconds."""
    took = []
    for _ in range(ROUNDS):
        started = time.process_time()
        count = work()
        took.append(time.process_time() - started)
    return count, min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data")
    parser.add_argument("--megabytes", type=float, default=40)
    given = parser.parse_args()
    data = corpora.folder(given.data)
    texts = pieces_of_books(data, given.megabytes)
    size = sum(len(text.encode()) for text in texts) / 1e6
    with tempfile.TemporaryDirectory() as name:
        for path in write(texts, Path(name)):
            count, seconds = least(partial(read, [path]))
            assert count == len(texts), f"{path.name}: {count} documents of {len(texts)}"
            print(
                f"{path.suffix:<8}{count:>8,} documents, {size:.1f} MB of text: {size / seconds:8.1f} MB/s", flush=True
            )
    archives = sorted((data / "corpora" / "web-samples").glob("*.warc.gz"))
    for what, work in (("read", read), ("trafilatura and warcio", directly)):
        count, seconds = least(partial(work, archives))
        print(f"archives, {what}: {count} pages with a main text in {seconds:.2f} s", flush=True)


if __name__ == "__main__":
    main()
