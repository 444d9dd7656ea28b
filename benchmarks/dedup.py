"""Near dedup beside datasketch and rensa: the same texts, the same cores, in one run.

    python -m benchmarks.dedup [--documents 20000] [--threads 2] [--corpus korean-reviews gutenberg-paragraphs]

Texts come from the folder that KEEPWISE_DATA names or ../shared/data, and are made up where there is none. Each work
runs in a process of its own, three times, of which the best processor time of all threads counts: what else the machine
does is left out. The others get their shingles from Python, as their users make them. What is compared is shown to be
equal first: our signatures are datasketch's of the same hashes bit for bit, and the same pairs share a band.
"""

import argparse
import gzip
import json
import multiprocessing
import os
import resource
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

RENSA_PERMUTATIONS = 128  # of the fast way for powers of two; 120 is no faster
Work = Callable[[list[str], int], Callable[[], Any]]  # texts and threads to what is timed


def data_folder() -> Path | None:
    named = os.environ.get("KEEPWISE_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def korean_reviews(folder: Path | None) -> Iterator[str]:
    if folder is None:
        yield from made_up("가나다라마바사아자차카타파하", 8)
        return
    with gzip.open(folder / "corpora" / "korean-movie-reviews.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            if text:
                yield text


def gutenberg_paragraphs(folder: Path | None) -> Iterator[str]:
    if folder is None:
        yield from made_up("abcdefghijklmnopqrstuvwxyz", 56)
        return
    with gzip.open(folder / "corpora" / "gutenberg-books.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            for paragraph in json.loads(line)["text"].replace("\r\n", "\n").split("\n\n"):
                if paragraph.strip():
                    yield paragraph.strip()


def made_up(letters: str, words: int) -> Iterator[str]:
    """Texts of words by Zipf's law with a seed, one in twenty a copy of the one before with a word changed."""
    import numpy as np

    generator = np.random.default_rng(0)
    vocabulary = ["".join(generator.choice(list(letters), generator.integers(2, 7))) for _ in range(50_000)]
    for _ in range(1000):
        drawn = np.minimum(generator.zipf(1.3, (1000, words)), len(vocabulary)) - 1
        drawn[1::20] = drawn[::20]
        drawn[1::20, words // 2] = 0
        for row in drawn:
            yield " ".join(vocabulary[number] for number in row)


CORPORA = {"korean-reviews": korean_reviews, "gutenberg-paragraphs": gutenberg_paragraphs}


def plain_shingles(texts: list[str]) -> list[list[str]]:
    """Shingles the way one makes them in Python: words by `split`, Korean by characters that are letters or digits."""
    rows = []
    for text in texts:
        text = text.lower()
        if "가" <= max(text) <= "힣":
            kept = "".join(filter(str.isalnum, text))
            rows.append([kept[i : i + 8] for i in range(len(kept) - 7)])
        else:
            words = text.split()
            rows.append([" ".join(words[i : i + 5]) for i in range(len(words) - 4)])
    return rows


def datasketch_signatures(texts: list[str], threads: int) -> Callable[[], Any]:
    return lambda: datasketch_bulk(plain_shingles(texts))


def datasketch_bulk(rows: list[list[str]]) -> Any:
    import xxhash
    from datasketch import MinHash

    encoded = ([shingle.encode() for shingle in row] for row in rows)
    return MinHash.bulk(encoded, num_perm=120, hashfunc=xxhash.xxh32_intdigest)  # its default, SHA-1, is slower


def datasketch_decisions(texts: list[str], threads: int) -> Callable[[], Any]:
    return lambda: datasketch_pairs(datasketch_bulk(plain_shingles(texts)))


def datasketch_pairs(sketches: Any) -> set[frozenset[int]]:
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=120, params=(20, 6))
    for number, sketch in enumerate(sketches):
        index.insert(number, sketch, check_duplication=False)
    found = ((number, other) for number, sketch in enumerate(sketches) for other in index.query(sketch))
    return {frozenset(pair) for pair in found if pair[0] != pair[1]}


def rensa_signatures(texts: list[str], threads: int) -> Callable[[], Any]:
    from rensa import RMinHash

    return lambda: RMinHash.digest_matrix_from_token_sets(
        plain_shingles(texts), num_perm=RENSA_PERMUTATIONS, seed=1)  # fmt: skip


def rensa_decisions(texts: list[str], threads: int) -> Callable[[], Any]:
    from rensa import RMinHashDeduplicator

    def decide() -> int:
        index = RMinHashDeduplicator(threshold=0.7, num_perm=RENSA_PERMUTATIONS, use_lsh=True, seed=1)
        kept = index.add_pairs([(str(i), row) for i, row in enumerate(plain_shingles(texts))])
        return len(texts) - sum(kept)

    return decide


def our_signatures(texts: list[str], threads: int) -> Callable[[], Any]:
    import polars as pl

    from curation.dedup import signatures
    from curation.dedup.shingles import ShingleOptions, sketch

    column, options = pl.Series(texts), ShingleOptions()
    a, b = signatures.permutations(120, 1)
    sketch(column[:10], options, a, b, signed=True)  # compiled before anything is timed
    return lambda: sketch(column, options, a, b, signed=True, threads=threads)


def our_decisions(texts: list[str], threads: int) -> Callable[[], Any]:
    import polars as pl

    from curation.dedup import minhash

    frame = pl.DataFrame({"doc_id": [f"{i:032x}" for i in range(len(texts))], "text": texts})
    options = minhash.MinHashOptions()
    minhash.decide(pl.DataFrame({"doc_id": ["a", "b"], "text": ["a b c d e f", "a b c d e f g"]}), options, threads)
    return lambda: minhash.decide(frame, options, threads).height


WORKS: dict[str, dict[str, Work]] = {
    "signatures": {"keepwise": our_signatures, "datasketch": datasketch_signatures, "rensa": rensa_signatures},
    "decisions": {"keepwise": our_decisions, "datasketch": datasketch_decisions, "rensa": rensa_decisions},
}


def texts_of(corpus: str, documents: int) -> list[str]:
    return list(islice(CORPORA[corpus](data_folder()), documents or None))


def measured(corpus: str, documents: int, work: str, tool: str, threads: int) -> dict[str, float]:
    """Best of three: seconds of processor, and of its longest path: the main thread's, and the others' shared by all
    threads (the clock, were nothing else on the machine); and by how much the peak of memory rose, MB."""
    texts = texts_of(corpus, documents)
    run = WORKS[work][tool](texts, threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    processor, path, result = [], [], None
    for _ in range(1 if tool == "datasketch" and work == "decisions" else 3):
        result = None
        started = (time.process_time(), time.thread_time())
        result = run()
        processor.append(time.process_time() - started[0])
        main_thread = time.thread_time() - started[1]
        path.append(main_thread + (processor[-1] - main_thread) / threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    size = sum(len(text.encode()) for text in texts)
    return {"rows": len(texts), "megabytes": size / 1e6, "processor": min(processor), "path": min(path),
            "peak": peak / 1024, "dropped": result if isinstance(result, int) else -1}  # fmt: skip


def agreed(corpus: str, documents: int) -> tuple[int, int, int]:
    """Show that the compared work is the same: documents, shingles and pairs that both find.

    Raises:
        SystemExit: when the two differ.
    """
    import numpy as np
    import polars as pl
    from datasketch import MinHash

    from curation.dedup import lsh, signatures
    from curation.dedup.shingles import ShingleOptions, shingles, sketch

    texts = pl.Series(texts_of(corpus, documents))
    cut = shingles(texts, ShingleOptions())
    a, b = signatures.permutations(120, 1)
    found = sketch(texts, ShingleOptions(), a, b, bands=20, signed=True)
    filled = np.flatnonzero(np.diff(cut.offsets))
    rows = [cut.values[cut.offsets[row] : cut.offsets[row + 1]].tolist() for row in filled]
    theirs = MinHash.bulk(rows, num_perm=120, hashfunc=int)
    if not np.array_equal(found.signatures[filled], np.stack([each.hashvalues for each in theirs])):
        sys.exit(f"{corpus}: the signatures differ")
    pairs = {frozenset(int(filled[number]) for number in pair) for pair in datasketch_pairs(theirs)}
    keys = pl.DataFrame(dict(zip(lsh.band_columns(20), found.keys, strict=True))).with_row_index("row")[filled]
    ours: set[frozenset[int]] = set()
    for band in lsh.band_columns(20):
        joined = keys.select("row", band).join(keys.select("row", band), on=band, suffix="_other")
        joined = joined.filter(pl.col("row") < pl.col("row_other"))
        ours |= {frozenset(pair) for pair in joined.select("row", "row_other").iter_rows()}
    if ours != pairs:
        sys.exit(f"{corpus}: {len(ours ^ pairs)} pairs share a band for one of the two alone")
    return len(texts), len(cut.values), len(pairs)


def apart(pool: Any, corpus: str, documents: int, work: str, tool: str, threads: int = 1) -> dict[str, float]:
    return pool.apply(measured, (corpus, documents, work, tool, threads))


def line(name: str, found: dict[str, float], other: dict[str, float] | None = None) -> None:
    rate, speed = found["rows"] / found["processor"], found["megabytes"] / found["processor"]
    times = f"{found['processor'] / found['rows'] * other['rows'] / other['processor']:8.1f}" if other else " " * 8
    dropped = f"{found['dropped']:>9,.0f}" if found["dropped"] >= 0 else " " * 9
    print(f"{name:<34}{rate:>12,.0f}{speed:>10.2f}{times}{found['peak']:>9,.0f}{dropped}", flush=True)


def compare(pool: Any, corpus: str, arguments: argparse.Namespace) -> None:
    rows, shingles, pairs = pool.apply(agreed, (corpus, arguments.documents))
    print(f"\n{corpus}: {rows:,} documents, {shingles:,} shingles; equal: all signatures, {pairs:,} pairs")
    print(f"{'one thread, processor time':<34}{'docs/s':>12}{'MB/s':>10}{'times':>8}{'MB more':>9}{'dropped':>9}")
    for work, tools in WORKS.items():
        ours = apart(pool, corpus, arguments.documents, work, "keepwise")
        line(f"{work}: keepwise", ours)
        for tool in list(tools)[1:]:
            line(f"{work}: {tool}", apart(pool, corpus, arguments.documents, work, tool), ours)
    for work in WORKS:
        whole = apart(pool, corpus, 0, work, "keepwise")
        line(f"{work}: keepwise, whole corpus", whole)
        if arguments.threads > 1:
            more = apart(pool, corpus, 0, work, "keepwise", arguments.threads)
            print(f"  {arguments.threads} threads: {whole['processor'] / more['path']:.2f} times one "
                  f"({whole['processor']:.2f} s, longest path {more['path']:.2f} s)")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="near dedup beside datasketch and rensa")
    parser.add_argument("--documents", type=int, default=20_000, help="of each corpus, 0 for all; others are slow")
    parser.add_argument("--threads", type=int, default=1, help="also show how ours scales to so many")
    parser.add_argument("--corpus", nargs="+", choices=sorted(CORPORA), default=list(CORPORA))
    arguments = parser.parse_args()
    for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ[name] = "1"  # polars' one thread is not the main one, but takes turns with it
    print(f"texts: {'the shared data' if data_folder() else 'made up'}; Unicode {unicodedata.unidata_version}")
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        for corpus in arguments.corpus:
            compare(pool, corpus, arguments)


if __name__ == "__main__":
    main()
