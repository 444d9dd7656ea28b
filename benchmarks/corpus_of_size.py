"""A corpus of any size, made of the public files by seeded re-assembly: not copies, with a known share of duplicates.

    python -m benchmarks.corpus_of_size --size-mb 512 --out FOLDER [--data FOLDER] [--seed 1]

A document of 1 to 5 KB is some passages, each of neighbouring sentences from anywhere in one of the public files, or of
neighbouring reviews. Every number is a hash of the seed and of the document's number, so that any document can be made
again when a later one is to repeat it: 3 % are exact repeats, 3 % have about one word in a hundred moved. The bytes
depend on the seed, on the size of a file and on the public files alone; a smaller corpus is the beginning of a larger.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.corpora import folder, rows

MEGABYTE = 1_000_000
FILE_BYTES = 128 * MEGABYTE
EXACT, NEAR = 0.03, 0.03  # shares of documents that repeat an earlier one
SHARES = {"books": 0.55, "medical": 0.2, "web": 0.02, "reviews": 0.23}  # of the documents
LEAST, MOST = 1000, 5000  # bytes of a document, about
PASSAGE = 500  # bytes of a passage, about
WORDS_BETWEEN_MOVES = 100
BLOCK = 8192  # documents planned at a time
TOGETHER = 1000  # reviews written as JSON at a time
LONGEST = 600  # characters of a sentence; what goes on longer without a mark is cut there
MARK = "\ue000"  # stands for a sentence's end while texts are cut
CUT = b"\x1f"  # the same in a pool; JSON has no such byte
SENTENCE_ENDS = [mark + quote for mark in ".!?" for quote in ("", '"', "”")]


@dataclass(frozen=True)
class Pool:
    """Sentences of one kind, one after another as they stand in JSON, `CUT` after each.

    Attributes:
        text: the bytes.
        starts: where sentences begin but for the first, and the end.
        between: what stands between sentences, as it stands in JSON.
        tail: what stands between passages, as it stands in JSON.
    """

    text: bytes
    starts: np.ndarray
    between: bytes
    tail: bytes


def pools(data: Path) -> list[Pool]:
    """The sentences of the public files, by kind in the order of `SHARES`."""
    books = _texts(data, "gutenberg-books", "text")
    medical = _texts(data, "medquad-qa", "answer")
    web = _texts(data, "c4-sample", "text")
    reviews = _texts(data, "korean-movie-reviews", "text")
    return [
        _pool(map(_sentences, books), b" ", rb"\n\n"),
        _pool(map(_sentences, medical), b" ", rb"\n"),
        _pool(map(_sentences, web), b" ", rb"\n"),
        _pool(_joined(reviews), rb"\n", rb"\n"),
    ]


def _texts(data: Path, name: str, column: str) -> Iterator[str]:
    return (row[column] for row in rows(data / "corpora" / f"{name}.jsonl.gz") if row[column])


def _joined(reviews: Iterator[str]) -> Iterator[str]:
    while some := list(islice(reviews, TOGETHER)):
        yield MARK.join(" ".join(text.split()) for text in some)


def _sentences(text: str) -> str:
    """The text with marks for the ends of its sentences, line ends and runs of blanks as blanks."""
    return MARK.join(_marked(" ".join(block.split())) for block in text.replace("\r", "").split("\n\n"))


def _marked(block: str) -> str:
    for end in SENTENCE_ENDS:
        block = block.replace(end + " ", end + MARK)
    if len(block) <= LONGEST:
        return block
    sentences = block.split(MARK)
    return MARK.join(part[at : at + LONGEST].strip() for part in sentences for at in range(0, len(part), LONGEST))


def _pool(texts: Iterator[str], between: bytes, tail: bytes) -> Pool:
    joined = bytearray()
    for text in texts:
        joined += json.dumps(text, ensure_ascii=False)[1:-1].encode().replace(MARK.encode(), CUT) + CUT
    sentences = bytes(joined)
    while CUT + CUT in sentences:
        sentences = sentences.replace(CUT + CUT, CUT)
    starts = np.flatnonzero(np.frombuffer(sentences, np.uint8) == CUT[0]) + 1
    return Pool(sentences, starts, between, tail)


def _hash(seed: int, number: np.ndarray, salt: int | np.ndarray) -> np.ndarray:
    """SplitMix64 of each number (Steele, Lea, Flood 2014, figure 16), as shares in [0, 1)."""
    with np.errstate(over="ignore"):
        value = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed * 0x2545F491 + 1)
        value += np.asarray(salt).astype(np.uint64) * np.uint64(0xD1342543DE82EF95)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (value ^ (value >> np.uint64(31))) / 2.0**64


def origins(seed: int, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The document each one repeats, itself where none, and whether it does so with words moved."""
    kind = _hash(seed, numbers, 1)
    near = (kind >= EXACT) & (kind < EXACT + NEAR) & (numbers > 0)
    origin = numbers.copy()
    while (repeats := (_hash(seed, origin, 1) < EXACT + NEAR) & (origin > 0)).any():
        origin[repeats] = (_hash(seed, origin[repeats], 2) * origin[repeats]).astype(np.int64)
    return origin, near


def documents(seed: int, sources: list[Pool], block: int) -> list[bytes]:
    """The lines of one block of documents."""
    numbers = np.arange(block * BLOCK, (block + 1) * BLOCK)
    origin, near = origins(seed, numbers)
    kinds = np.searchsorted(np.cumsum(list(SHARES.values())), _hash(seed, origin, 3), side="right")
    kinds = np.minimum(kinds, len(sources) - 1)
    target = LEAST + _hash(seed, origin, 4) * (MOST - LEAST)
    count = np.maximum(2, np.round(target / PASSAGE)).astype(np.int64)
    of = np.repeat(np.arange(BLOCK), count)  # the document of each passage
    ends = np.cumsum(count)
    place = np.arange(len(of)) - (ends - count)[of]
    length = (target / count)[of] * (0.6 + 0.8 * _hash(seed, origin[of], 100 + place))
    at = _hash(seed, origin[of], 200 + place)
    passages: list[bytes] = [b""] * len(of)
    for kind, pool in enumerate(sources):
        here = np.flatnonzero(kinds[of] == kind)
        starts = pool.starts
        first = np.minimum((at[here] * (len(starts) - 1)).astype(np.int64), len(starts) - 2)
        last = np.maximum(first + 1, np.searchsorted(starts, starts[first] + length[here], side="right") - 1)
        for passage, start, end in zip(here.tolist(), starts[first].tolist(), starts[last].tolist(), strict=True):
            passages[passage] = pool.text[start : end - 1].replace(CUT, pool.between)
    lines, begin = [], 0
    tails = [pool.tail for pool in sources]
    for number, end, kind, moved in zip(numbers.tolist(), ends.tolist(), kinds.tolist(), near.tolist(), strict=True):
        text = tails[kind].join(passages[begin:end])
        lines.append(b'{"id": "%d", "text": "%s"}\n' % (number, _moved(seed, number, text) if moved else text))
        begin = end
    return lines


def _moved(seed: int, number: int, text: bytes) -> bytes:
    """The text with about one word in a hundred changed for another of its words."""
    words = text.split(b" ")
    moves = max(1, len(words) // (2 * WORDS_BETWEEN_MOVES))  # a move changes two words
    places = _hash(seed, np.full(2 * moves, number), 300 + np.arange(2 * moves)) * len(words)
    for one, other in places.astype(np.int64).reshape(-1, 2).tolist():
        words[one], words[other] = words[other], words[one]
    return b" ".join(words)


def write(out: Path, size: int, data: Path, seed: int = 1, file_bytes: int = FILE_BYTES) -> tuple[list[Path], int]:
    """Write a corpus of at least `size` bytes as JSON Lines files.

    Args:
        out: folder for them; made.
        size: bytes of all files; the last document goes over it.
        data: the shared data folder.
        seed: of everything that is drawn.
        file_bytes: after which a new file begins.

    Returns:
        The files, and the number of documents.
    """
    out.mkdir(parents=True, exist_ok=True)
    sources = pools(data)
    files: list[Path] = []
    made, block = 0, 0
    lines: list[bytes] = []
    while size > 0:
        files.append(out / f"corpus-{len(files):04d}.jsonl")
        room = min(size, file_bytes)
        with files[-1].open("wb") as stream:
            while room > 0:
                if not lines:
                    lines, block = documents(seed, sources, block)[::-1], block + 1
                line = lines.pop()
                stream.write(line)
                made, room, size = made + 1, room - len(line), size - len(line)
    return files, made


def main() -> None:
    parser = argparse.ArgumentParser(description="a corpus of any size from the public files")
    parser.add_argument("--size-mb", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    data = folder(arguments.data)
    started = time.process_time()
    files, made = write(arguments.out, int(arguments.size_mb * MEGABYTE), data, arguments.seed)
    took = time.process_time() - started
    print(f"{len(files)} files, {made:,} documents, {arguments.size_mb:,.0f} MB in {took:.1f} s of processor time, "
          f"{arguments.size_mb / took:.0f} MB/s")  # fmt: skip


if __name__ == "__main__":
    main()
