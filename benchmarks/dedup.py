"""Near dedup beside datasketch: the same documents, the same hashes, one thread, in one run.

    python -m benchmarks.dedup [--documents 20000] [--words 56]

Documents are drawn from a vocabulary by Zipf's law with a seed, one in twenty a copy of another with a few words
changed. What is compared is first shown to be equal: signatures bit for bit, and the pairs that share a band.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import xxhash
from datasketch import MinHash, MinHashLSH

from curation.dedup import lsh, minhash
from curation.dedup.minhash import MinHashOptions
from curation.dedup.shingles import Shingles, shingles

OPTIONS = MinHashOptions()
PERMUTATIONS = OPTIONS.bands * OPTIONS.rows


def corpus(documents: int, words: int, seed: int = 0) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    vocabulary = np.array([f"word{i}" for i in range(50_000)])
    drawn = np.minimum(generator.zipf(1.3, (documents, words)), len(vocabulary)) - 1
    copies = generator.choice(documents, documents // 20, replace=False)
    drawn[copies] = drawn[generator.integers(0, documents, len(copies))]
    drawn[copies, generator.integers(0, words, len(copies))] = 0
    texts = [" ".join(row) for row in vocabulary[drawn]]
    return pl.DataFrame({"doc_id": [f"{i:08d}" for i in range(documents)], "text": texts})


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Result and processor seconds of all threads: what else the machine does is left out."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def best_of(work: Callable[[], Any], times: int = 3) -> tuple[Any, float]:
    runs = [timed(work) for _ in range(times)]
    return runs[0][0], min(seconds for _, seconds in runs)


def hashed_by_python(texts: list[str]) -> list[list[int]]:
    """Word 5-grams the way one does for datasketch: lower case, split, join, hash."""
    rows = []
    for text in texts:
        words = text.lower().split()
        grams = (" ".join(words[i : i + 5]) for i in range(len(words) - 4))
        rows.append([xxhash.xxh32_intdigest(gram.encode()) for gram in grams])
    return rows


def datasketch_signatures(rows: list[list[int]]) -> list[MinHash]:
    return MinHash.bulk(rows, num_perm=PERMUTATIONS, seed=OPTIONS.seed, hashfunc=int)


def datasketch_pairs(sketches: list[MinHash]) -> set[frozenset[int]]:
    index = MinHashLSH(num_perm=PERMUTATIONS, params=(OPTIONS.bands, OPTIONS.rows))
    for number, sketch in enumerate(sketches):
        index.insert(number, sketch, check_duplication=False)
    return {
        frozenset((number, other)) for number, sketch in enumerate(sketches) for other in index.query(sketch)
        if other != number
    }  # fmt: skip


def table(rows: list[tuple[str, float, float, int]]) -> None:
    print(f"{'work':<46}{'datasketch':>14}{'keepwise':>14}{'times':>8}")
    for name, theirs, ours, documents in rows:
        print(f"{name:<46}{documents / theirs:>10,.0f} d/s{documents / ours:>10,.0f} d/s{theirs / ours:>8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="near dedup beside datasketch")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--words", type=int, default=56)
    arguments = parser.parse_args()
    frame = corpus(arguments.documents, arguments.words)
    texts = frame["text"].to_list()
    minhash.decide(frame[:100], OPTIONS)  # compiled before anything is timed

    cut = shingles(frame["text"], OPTIONS.shingles, threads=1)
    rows = [row.tolist() for row in np.split(cut.values, cut.offsets[1:-1])]
    theirs, their_signing = best_of(lambda: datasketch_signatures(rows))
    ours, our_signing = best_of(lambda: minhash.signatures(cut, PERMUTATIONS, OPTIONS.seed, threads=1))
    if not np.array_equal(ours, np.stack([sketch.hashvalues for sketch in theirs])):
        sys.exit("the signatures differ")

    _, their_all = best_of(lambda: datasketch_signatures(hashed_by_python(texts)))
    _, our_all = best_of(lambda: sign_texts(frame["text"]))
    side = minhash.sketch(frame, OPTIONS, threads=1)
    pairs, their_join = best_of(lambda: datasketch_pairs(theirs), 1)
    candidates, our_join = best_of(lambda: minhash.components(side, OPTIONS))
    if {f"{number:08d}" for pair in pairs for number in pair} != set(candidates["doc_id"]):
        sys.exit("the candidates differ")
    columns = lsh.band_columns(OPTIONS.bands)
    print(f"{frame.height:,} documents of {arguments.words} words, {PERMUTATIONS} permutations, processor time; "
          f"{len(pairs):,} pairs share one of {len(columns)} bands")  # fmt: skip
    table(
        [
            ("signatures of given hashes", their_signing, our_signing, frame.height),
            ("signatures of texts, word 5-grams", their_all, our_all, frame.height),
            ("pairs that share a band, components", their_join, our_join, frame.height),
        ]
    )
    whole, seconds = best_of(lambda: minhash.decide(frame, OPTIONS))
    print(f"all of keepwise's near dedup, verified: {frame.height / seconds:,.0f} d/s, {whole.height:,} dropped")


def sign_texts(texts: pl.Series) -> np.ndarray:
    cut: Shingles = shingles(texts, OPTIONS.shingles, threads=1)
    return minhash.signatures(cut, PERMUTATIONS, OPTIONS.seed, threads=1)


if __name__ == "__main__":
    main()
