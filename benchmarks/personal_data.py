"""Personal data: precision and recall of each kind on the set of the tests, throughput, and what is found in corpora.

    python -m benchmarks.personal_data [--data FOLDER]

The set stands in tests/curation/pii/cases. Throughput is in processor seconds of all threads. With a folder of corpora
(KEEPWISE_DATA), what is found in them is counted, and shown with `--show KIND` to be judged by eye.
"""

import argparse
import gzip
import os
import runpy
import time
from pathlib import Path

import polars as pl

from curation import pii
from curation.pii import find

TESTS = Path(__file__).resolve().parent.parent / "tests" / "curation" / "pii" / "test_set.py"
CORPORA = (
    "corpora/gutenberg-books.jsonl.gz", "corpora/medquad-qa.jsonl.gz", "corpora/korean-movie-reviews.jsonl.gz",
    "corpora/c4-sample.jsonl.gz", "instructions/korean-human-rights-qa.jsonl.gz",
    "instructions/korean-chatbot.jsonl.gz", "instructions/gsm8k/train.jsonl.gz",
    "near-duplicates/articles-1000.jsonl.gz",
)  # fmt: skip
SENTENCES = (
    "The quick brown fox jumps over the lazy dog, twice a day. ",
    "다람쥐 헌 쳇바퀴에 타고파 하루에 두 번씩 돈다. ",
)


def seconds(texts: pl.Series, kinds: tuple[str, ...] = pii.DEFAULT_KINDS) -> float:
    started = time.process_time()
    find.pieces(texts, kinds)
    return time.process_time() - started


def megabytes(texts: pl.Series) -> float:
    return float(texts.str.len_bytes().sum()) / 1e6


def accuracy() -> None:
    measured = runpy.run_path(str(TESTS))
    print(f"{'kind':<18}{'lang':<6}{'with':>6}{'without':>9}{'precision':>11}{'recall':>8}")
    for kind in pii.KINDS:
        for lang in measured["LANGUAGES"]:
            row = measured["measure"](kind, lang)
            print(f"{kind:<18}{lang:<6}{row['positives']:>6}{row['negatives']:>9}{row['precision']:>11.3f}"
                  f"{row['recall']:>8.3f}")  # fmt: skip


def throughput() -> None:
    for sentence in SENTENCES:
        texts = pl.Series([sentence * 40] * 20_000)
        print(f"nothing to find ({sentence.split()[0]} ...): {megabytes(texts) / seconds(texts):,.0f} MB/s")
    for unit in ("0123456789", "@", "1234 ", "a@b.kr "):
        took = [seconds(pl.Series([unit * (size // len(unit))])) for size in (1_000_000, 8_000_000)]
        print(f"one text of {unit!r} only: {took[0]:.2f} s for 1 MB, {took[1]:.2f} s for 8 MB")


def strings(path: Path) -> pl.Series:
    rows = pl.read_ndjson(gzip.decompress(path.read_bytes()), infer_schema_length=None)
    texts = [name for name, kind in rows.schema.items() if kind == pl.String and name not in ("id", "movie_id", "date")]
    return rows.select(pl.concat_str(texts, separator="\n", ignore_nulls=True)).to_series()


def corpora(folder: Path, show: str | None) -> None:
    for name in CORPORA:
        texts = strings(folder / name)
        took = seconds(texts)
        found = find.pieces(texts, pii.KINDS).with_columns(
            before=pl.col("piece").shift(1).str.tail(40), after=pl.col("piece").shift(-1).str.head(20)
        )
        found = found.filter(pl.col("kind").is_not_null())
        counts = ", ".join(f"{kind} {count}" for kind, count in found.group_by("kind").len().sort("kind").iter_rows())
        print(f"{name}: {megabytes(texts):.1f} MB at {megabytes(texts) / took:.0f} MB/s; {counts or 'nothing'}")
        for before, piece, after in (
            found.filter(pl.col("kind") == (show or "")).select("before", "piece", "after").iter_rows()
        ):
            print(f"    {before!r} [{piece}] {after!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description="personal data")
    parser.add_argument("--data", type=Path, default=os.environ.get("KEEPWISE_DATA"))
    parser.add_argument("--show", choices=pii.KINDS)
    arguments = parser.parse_args()
    accuracy()
    throughput()
    if arguments.data:
        corpora(arguments.data, arguments.show)


if __name__ == "__main__":
    main()
