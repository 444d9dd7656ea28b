"""What it costs to feed new documents to an index of everything kept before.

    python -m benchmarks.incremental --data DATA [--documents 100000] [--batches 10] [--redis unix:///path/of/socket]

DATA is the shared data folder: paragraphs of the Gutenberg books of at least 50 words, and Korean reviews. Of each
batch the table shows processor time of this process, first for the sketches, which need no index, then for the decision
and the commit, and what the index has grown to.
"""

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from curation.dedup.index import Index, IndexOptions, LocalIndex, feed_sketches, sketch

OPTIONS = IndexOptions()


def rows(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def paragraphs(data: Path, count: int) -> list[str]:
    found: list[str] = []
    for book in rows(data / "corpora/gutenberg-books.jsonl.gz"):
        found += [part for part in book["text"].split("\n\n") if part.count(" ") + part.count("\n") >= 50]
        if len(found) >= count:
            break
    return found[:count]


def reviews(data: Path, count: int) -> list[str]:
    found = (row["text"] or "" for row in rows(data / "corpora/korean-movie-reviews.jsonl.gz"))
    return [text for text, _ in zip(found, range(count), strict=False)]


def measure(name: str, texts: list[str], batches: int, index: Index, folder: Path | None) -> None:
    frame = pl.DataFrame({"doc_id": [f"{name}-{i:08d}" for i in range(len(texts))], "text": texts})
    size = -(-frame.height // batches)
    mean = int(frame["text"].str.len_bytes().sum()) / frame.height
    print(f"\n{name}: {frame.height:,} documents, {mean:,.0f} bytes each, {batches} batches")
    print(f"{'batch':>6}{'kept':>10}{'sketch d/s':>12}{'feed d/s':>12}{'bytes a kept document':>24}")
    kept = 0
    for batch in range(batches):
        part = frame[batch * size : (batch + 1) * size]
        started = time.process_time()
        sketches = sketch(part, OPTIONS, threads=1)
        sketched = time.process_time()
        dropped = feed_sketches(index, sketches, f"{name}-{batch}", OPTIONS)
        fed = time.process_time()
        kept += part.height - dropped.height
        line = (
            f"{batch:>6}{kept:>10,}{part.height / (sketched - started):>12,.0f}{part.height / (fed - sketched):>12,.0f}"
        )
        print(line + (f"{named_bytes(folder) / kept:>24,.0f}" if folder else ""))


def named_bytes(folder: Path) -> int:
    """Size of the files that count; those of merged runs go when the next batch comes."""
    runs = [run["name"] for run in json.loads((folder / "index.json").read_text())["runs"]]
    return sum(file.stat().st_size for run in runs for file in folder.glob(f"{run}.*.arrow"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--redis", help="address of a Redis server to measure too, with a tenth of the documents")
    arguments = parser.parse_args()
    corpora = {"english": paragraphs, "korean": reviews}
    sketch(pl.DataFrame({"doc_id": ["a"], "text": ["warm " * 9]}), OPTIONS, 1)  # compiled before anything is timed
    for name, read in corpora.items():
        texts = read(arguments.data, arguments.documents)
        with tempfile.TemporaryDirectory() as folder:
            measure(name, texts, arguments.batches, LocalIndex(Path(folder) / name), Path(folder) / name)
        if arguments.redis:
            in_redis(arguments.redis, name, texts[: len(texts) // 10], arguments.batches)


def in_redis(url: str, name: str, texts: list[str], batches: int) -> None:
    from curation.dedup.index.redis_server import RedisIndex

    index = RedisIndex(url, f"benchmark-{name}-{time.time_ns()}")
    before = index.redis.info("memory")["used_memory"]
    measure(f"{name}-redis", texts, batches, index, None)
    kept = index.redis.hlen(f"{index.name}:documents")
    grown = index.redis.info("memory")["used_memory"] - before
    print(f"memory of the server: {grown / kept:,.0f} bytes a kept document with shingles")


if __name__ == "__main__":
    main()
