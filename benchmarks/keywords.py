"""Keyword lists: speed by the length of the list, on texts in which few or many of its words stand.

    python -m benchmarks.keywords [--data FOLDER]

`made up` are words that stand nowhere, half in letters of Hangul; of `common` half are words of the texts themselves.
Speed is in processor seconds of one thread.
"""

import argparse
import gzip
import os
import random
import time
from pathlib import Path

import polars as pl

from curation.rules import keywords

CORPORA = {"English pages": "corpora/c4-sample.jsonl.gz", "Korean reviews": "corpora/korean-movie-reviews.jsonl.gz"}
ROWS = 20_000
LENGTHS = (100, 1_000, 10_000)
LATIN, HANGUL = [chr(0x61 + n) for n in range(26)], [chr(0xAC00 + n) for n in range(11_172)]


def made_up(draw: random.Random, count: int) -> list[str]:
    return [
        "".join(draw.choices(letters, k=size)) for _ in range(count // 2) for letters, size in ((LATIN, 8), (HANGUL, 3))
    ]


def common(draw: random.Random, texts: pl.Series, count: int) -> list[str]:
    known = texts.str.extract_all(r"[a-z]{7,}|[가-힣]{3,}").explode().drop_nulls().unique().sort().to_list()
    draw.shuffle(known)
    return [*known[: count // 2], *made_up(draw, count - count // 2)]


def main() -> None:
    parser = argparse.ArgumentParser(description="keyword lists")
    parser.add_argument("--data", type=Path, default=os.environ.get("KEEPWISE_DATA"))
    folder = parser.parse_args().data
    for name, file in CORPORA.items():
        rows = pl.read_ndjson(gzip.decompress((folder / file).read_bytes()), infer_schema_length=None)
        texts = rows["text"].drop_nulls().head(ROWS)
        frame, mb = texts.to_frame(), float(texts.str.len_bytes().sum()) / 1e6
        for length in LENGTHS:
            draw = random.Random(0)
            for kind, words in (("made up", made_up(draw, length)), ("common", common(draw, texts, length))):
                (rule,) = keywords.keywords(words=words)
                started = time.process_time()
                hits = frame.select(rule.score).to_series().sum()
                took = time.process_time() - started
                print(f"{name}, {mb:.1f} MB, {len(words):,} words, {kind}: {mb / took:.2f} MB/s, {hits:,} hits")


if __name__ == "__main__":
    main()
