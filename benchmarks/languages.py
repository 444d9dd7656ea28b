"""Language identification: accuracy by kind of short text with and without the gate, and speed on corpora.

    python -m benchmarks.languages [--data FOLDER]

The labelled texts stand in tests/curation/languages/cases.txt; intervals are Wilson 95 %. Speed is in processor seconds
of all threads.
"""

import argparse
import gzip
import os
import runpy
import time
from pathlib import Path

import polars as pl

from curation import languages
from curation.metrics.intervals import wilson
from curation.rules.counts import counted

TESTS = Path(__file__).resolve().parent.parent / "tests" / "curation" / "languages" / "test_detect.py"
CORPORA = (
    ("corpora/c4-sample.jsonl.gz", "text"),
    ("corpora/medquad-qa.jsonl.gz", "question"),
    ("corpora/medquad-qa.jsonl.gz", "answer"),
    ("instructions/korean-chatbot.jsonl.gz", "Q"),
    ("instructions/korean-chatbot.jsonl.gz", "A"),
    ("instructions/self-instruct-seeds.jsonl.gz", "instruction"),
    ("corpora/korean-movie-reviews.jsonl.gz", "text"),
)
ROWS = 20_000


def accuracy() -> None:
    measured = runpy.run_path(str(TESTS))["accuracy"]
    alone = measured(gate=False)
    print(f"{'kind':<24}{'texts':>6}{'gate and model':>24}{'model alone':>24}")
    for kind, (texts, share) in measured().items():
        cells = []
        for right in (share, alone[kind][1]):
            low, high = wilson(round(right * texts), texts)
            cells.append(f"{right:.3f} [{low:.3f}, {high:.3f}]")
        print(f"{kind:<24}{texts:>6}" + "".join(f"{cell:>24}" for cell in cells))


def corpora(folder: Path) -> None:
    for name, column in CORPORA:
        rows = pl.read_ndjson(gzip.decompress((folder / name).read_bytes()), infer_schema_length=None)
        texts = rows.get_column(column).drop_nulls().head(ROWS).alias("text")
        languages.identify(texts[:10])
        started = time.process_time()
        found = languages.identify(texts)
        took = time.process_time() - started
        gate = counted(texts.to_frame(), [languages.language()]).select(languages.language() != languages.UNDETERMINED)
        decides = int(gate.to_series().sum()) / gate.height
        shares = found["lang"].value_counts(sort=True, normalize=True).head(4)
        said = ", ".join(f"{lang} {share:.4f}" for lang, share in shares.iter_rows())
        mb = float(texts.str.len_bytes().sum()) / 1e6
        print(f"{name} {column}: {len(texts):,} texts, {mb:.1f} MB at {mb / took:.1f} MB/s, {len(texts) / took:,.0f} "
              f"texts/s; the gate decides {decides:.4f}; {said}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="language identification")
    parser.add_argument("--data", type=Path, default=os.environ.get("KEEPWISE_DATA"))
    arguments = parser.parse_args()
    accuracy()
    if arguments.data:
        corpora(arguments.data)


if __name__ == "__main__":
    main()
