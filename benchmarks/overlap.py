"""Speed of what looks for the same text in several documents: lines, substrings, evaluation items. One thread.

    python -m benchmarks.overlap --data DATA [--megabytes 40]

DATA is the shared data folder: Gutenberg paragraphs, Korean reviews, and the evaluation sets with every
text in them, also choices and labels. Processor time, megabytes
of text a second; sizes are bytes for each byte of text.
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from curation import tables
from curation.decontaminate import Contamination, ContaminationOptions, decontaminate
from curation.decontaminate.items import items as evaluation_items
from curation.dedup import lines, spans, substring
from curation.dedup.lines import LineOptions
from curation.dedup.substring import SubstringOptions


def rows(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def corpus(data: Path, language: str, megabytes: int) -> pl.DataFrame:
    texts: list[str] = []
    room = megabytes * 1_000_000
    name = "gutenberg-books" if language == "english" else "korean-movie-reviews"
    for row in rows(data / f"corpora/{name}.jsonl.gz"):
        found = (row["text"] or "").split("\n\n") if language == "english" else [row["text"] or ""]
        texts += found
        room -= sum(len(text.encode()) for text in found)
        if room < 0:
            break
    frame = pl.DataFrame({"doc_id": [f"{i:08d}" for i in range(len(texts))], "text": texts, "file": name})
    return tables.complete(frame.with_columns(record=pl.int_range(pl.len())), tables.DOCUMENTS)


def timed(what: str, megabytes: float, work: Callable[[], Any]) -> Any:
    started = time.process_time()
    result = work()
    seconds = time.process_time() - started
    print(f"  {what:<36}{megabytes / seconds:>10,.0f} MB/s")
    return result


def measure(frame: pl.DataFrame, index: Contamination) -> None:
    size = int(frame["text"].str.len_bytes().sum())
    megabytes = size / 1e6
    by_line, by_run = LineOptions(), SubstringOptions()
    side = timed("lines: sketch", megabytes, lambda: lines.sketch(frame, by_line, 1))
    removed = timed("lines: decide", megabytes, lambda: lines.decide(side, by_line))
    timed("lines: apply", megabytes, lambda: spans.apply(frame, removed, "lines"))
    print(f"  {removed.height:,} spans; side table {24 * side['key_1'].list.len().sum() / size:.2f}")
    prints = timed("substring: sketch", megabytes, lambda: substring.sketch(frame, by_run, 1))
    repeated = timed("substring: repeated", megabytes, lambda: substring.repeated(prints))
    regions = timed("substring: candidates", megabytes, lambda: substring.candidates(frame, repeated, by_run, 1))
    removed = timed("substring: decide", megabytes, lambda: substring.decide(regions, by_run))
    sizes = [8 * prints["prints"].list.len().sum() / size, regions["start"].list.len().sum() * 42 / size]
    print(f"  {removed.height:,} spans; prints {sizes[0]:.2f}, regions and decision {sizes[1]:.2f}")
    drops = timed("decontamination", megabytes, lambda: decontaminate(frame, index, 1))
    print(f"  {drops.height:,} documents: {dict(drops['rule'].value_counts().sort('rule').iter_rows())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--megabytes", type=int, default=40)
    arguments = parser.parse_args()
    items = evaluation_items([arguments.data / "evaluation", arguments.data / "instructions/gsm8k/test.jsonl.gz"])
    size = int(items["text"].str.len_bytes().sum())
    Contamination.build(items[:10], ContaminationOptions())  # compiled before anything is timed
    index = timed("index of evaluation items", size / 1e6, lambda: Contamination.build(items, ContaminationOptions()))
    print(f"  {items.height:,} items, {size / 1e6:.1f} MB; index {sum(a.nbytes for a in index.arrays) / size:.0f}")
    c4 = pl.DataFrame([row["text"] for row in rows(arguments.data / "corpora/c4-sample.jsonl.gz")], schema=["text"])
    hit = decontaminate(c4.with_columns(doc_id=pl.int_range(pl.len()).cast(pl.String)), index)
    print(f"  c4-sample: {hit.height} of {c4.height} documents: {hit['detail'].to_list()}")
    for language in ("english", "korean"):
        frame = corpus(arguments.data, language, arguments.megabytes)
        print(f"{language}: {frame.height:,} documents, {int(frame['text'].str.len_bytes().sum()) / 1e6:.0f} MB")
        measure(frame, index)


if __name__ == "__main__":
    main()
