"""What samples say, as texts to compare, and which texts are nearly the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl

from curation.dedup import exact, lsh, minhash

from . import overlap

BLOCK = 64  # texts paired with all others at a time: many may share a band with many
PROMPTS = ("text", "prompt")  # trainers' columns with what is asked, or all there is
COMPLETIONS = ("completion", "chosen", "rejected", "responses")


class Limits(Protocol):
    """Which texts are compared by likeness, and which of them are the same."""

    @property
    def long_words(self) -> int:
        """Words from which a text is compared by likeness."""
        ...

    @property
    def near_duplicate(self) -> float:
        """Jaccard similarity of shingles from which it is the same."""
        ...


@dataclass(frozen=True)
class Repeat:
    """What a document repeats: how that was found, how like the two are, from where on they are the same, the text."""

    how: Literal["exact", "minhash", "word_for_word"]
    similarity: float
    threshold: float
    text: str


def turns(samples: pl.DataFrame) -> pl.DataFrame:
    """Every user's turn of every sample, and every `text`: `doc_id` (of the sample, repeated), `text`."""
    rows: list[tuple[str, str]] = []
    for row in samples.iter_rows(named=True):
        for name in (*PROMPTS, *COMPLETIONS):
            rows += [(row["sample_id"], text) for role, text in said(row.get(name)) if role in ("user", "text")]
    return frame(rows)


def passages(samples: pl.DataFrame) -> pl.DataFrame:
    """Everything that is said in every sample, turn by turn, whoever says it: `doc_id` (repeated), `text`."""
    names = (*PROMPTS, *COMPLETIONS)
    every = samples.iter_rows(named=True)
    return frame([(row["sample_id"], text) for row in every for name in names for _, text in said(row.get(name))])


def prompts(samples: pl.DataFrame) -> pl.DataFrame:
    """What each sample asks: `doc_id`, `text` (the users' turns, or all of a `text`), `rules` (the system's turns)."""
    rows: list[tuple[str, str, str]] = []
    for row in samples.iter_rows(named=True):
        every = [pair for name in PROMPTS for pair in said(row.get(name))]
        asked = "\n".join(text for role, text in every if role in ("user", "text"))
        rows.append((row["sample_id"], asked, "\n".join(text for role, text in every if role == "system")))
    return pl.DataFrame(rows, schema=dict.fromkeys(("doc_id", "text", "rules"), pl.String), orient="row")


def completions(samples: pl.DataFrame) -> pl.DataFrame:
    """What each sample answers, all turns as one text: `doc_id`, `text`."""
    names = [name for name in COMPLETIONS if name in samples.columns]
    found = samples.select("sample_id", *names).iter_rows()
    return frame([(name, "\n".join(text for _, text in said(values))) for name, *values in found])


def said(value: Any) -> list[tuple[str, str]]:
    """Role and text of what a trainer's column holds: a text, turns, or lists of turns."""
    if value is None:
        return []
    if isinstance(value, str):
        return [("text", value)]
    if isinstance(value, dict):
        return [(value["role"], value["content"])]
    return [pair for item in value for pair in said(item)]


def frame(rows: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """Ids and texts as documents: `doc_id`, `text`."""
    return pl.DataFrame(rows, schema={"doc_id": pl.String, "text": pl.String}, orient="row")


def numbered(texts: Sequence[str]) -> pl.DataFrame:
    """Texts as documents whose ids are their places."""
    return frame([(f"{number:032d}", text) for number, text in enumerate(texts)])


def near(documents: pl.DataFrame, others: pl.DataFrame, threshold: float) -> Iterator[pl.DataFrame]:
    """Pairs that reach the threshold, of `BLOCK` documents in their order at a time: `at`, `beside`, `similarity`.

    `at` and `beside` are row numbers of documents and others, int64, ascending. Compared, by exact Jaccard similarity,
    are those that share a band. A block without pairs comes out empty, so that a reader knows what is through.
    """
    settings = minhash.MinHashOptions(threshold=threshold, keep_order=("doc_id",))
    bands = lsh.band_columns(settings.bands)
    side = minhash.sketch(documents, settings).select(bands).with_row_index("at")
    others_side = minhash.sketch(others, settings).select(bands).with_row_index("beside")
    sets, beside = (minhash.shingle_sets(frame, settings)["shingles"] for frame in (documents, others))
    for begin in range(0, side.height, BLOCK):
        block = side.slice(begin, BLOCK)
        shared = np.zeros((block.height, others.height), bool)  # one after the other: where all are alike, each has all
        for band in bands:
            pairs = block.select("at", band).join(others_side.select("beside", band), on=band)
            shared[pairs["at"].to_numpy() - begin, pairs["beside"].to_numpy()] = True
        left, right = np.nonzero(shared)
        left += begin
        similarity = overlap.of_pairs(sets, beside, left, right)
        yield pl.DataFrame({"at": left, "beside": right, "similarity": similarity}).filter(
            pl.col("similarity") >= threshold
        )


def nearest(documents: pl.DataFrame, others: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """The most similar of the other documents, where one is near: `doc_id`, `nearest`, `similarity`; see `near`.

    Of equally similar ones the first by its id counts.
    """
    found = [pl.DataFrame(schema={"doc_id": pl.String, "nearest": pl.String, "similarity": pl.Float64})]
    if documents.height and others.height:
        for block in near(documents, others, threshold):
            pairs = block.select(
                documents["doc_id"].gather(block["at"]),
                others["doc_id"].gather(block["beside"]).alias("nearest"),
                "similarity",
            )
            found.append(_first(pairs))
    return _first(pl.concat(found))  # ids of documents may repeat, in other blocks too


def _first(pairs: pl.DataFrame) -> pl.DataFrame:
    ranked = pairs.sort("doc_id", "similarity", "nearest", descending=[False, True, False])
    return ranked.unique("doc_id", keep="first", maintain_order=True)


def repeats(documents: pl.DataFrame, texts: Sequence[str], limits: Limits) -> dict[str, Repeat]:
    """Documents that are equal to one of the texts or, if both are long, near it; ids of documents may repeat."""
    known = list(dict.fromkeys(texts))
    found: dict[str, Repeat] = {}
    if not known or not documents.height:
        return found
    named = dict(zip(exact.keys(numbered(known))["key"], known, strict=True))
    for name, key in exact.keys(documents).iter_rows():
        if key in named:
            found.setdefault(name, Repeat("exact", 1.0, 1.0, named[key]))
    long = pl.col("text").str.count_matches(r"\S+") >= limits.long_words
    left = documents.filter(long & ~pl.col("doc_id").is_in(list(found)))
    pieces = numbered(left["text"].to_list())
    for place, other, similarity in nearest(pieces, numbered(known).filter(long), limits.near_duplicate).iter_rows():
        one = Repeat("minhash", similarity, limits.near_duplicate, known[int(other)])
        found.setdefault(left["doc_id"][int(place)], one)
    return found
