"""What samples say, as texts to compare, and which texts are nearly the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl

from curation.dedup import exact, lsh, minhash

from . import overlap

_SETTINGS = minhash.MinHashOptions(keep_order=("doc_id",))
_BANDS = lsh.band_columns(_SETTINGS.bands)
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
class Side:
    """Documents made ready to be compared, once for all comparisons.

    Attributes:
        bands: a column for each band, a row for each document.
        sets: of each document the shingles.
    """

    bands: pl.DataFrame
    sets: pl.Series


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


def side(documents: pl.DataFrame) -> Side:
    """Documents (`doc_id`, `text`) made ready for `near`."""
    sets = minhash.shingle_sets(documents, _SETTINGS)["shingles"]
    return Side(minhash.sketch(documents, _SETTINGS).select(_BANDS), sets)


def near(documents: Side, others: Side, threshold: float) -> Iterator[pl.DataFrame]:
    """Pairs that reach the threshold, of `BLOCK` documents in their order at a time: `at`, `beside`, `similarity`.

    `at` and `beside` are row numbers of documents and others, int64, ascending. Compared, by exact Jaccard similarity,
    are those that share a band. A block without pairs comes out empty, so that a reader knows what is through.
    """
    keys = [_keys(documents.bands[band]) for band in _BANDS]
    ranked = [_ranked(others.bands[band]) for band in _BANDS]
    for begin in range(0, documents.bands.height, BLOCK):
        rows = min(BLOCK, documents.bands.height - begin)
        shared = np.zeros((rows, others.bands.height), bool)  # a block at a time: where all are alike, each has all
        for (own, has_one), (known, places) in zip(keys, ranked, strict=True):
            of_block = slice(begin, begin + rows)
            _mark(own[of_block], has_one[of_block], known, places, shared)
        left, right = np.nonzero(shared)
        left += begin
        similarity = overlap.of_pairs(documents.sets, others.sets, left, right)
        yield pl.DataFrame({"at": left, "beside": right, "similarity": similarity}).filter(
            pl.col("similarity") >= threshold
        )


def _keys(band: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Keys of a band, uint64 (n,), and which rows have one: a text that is too short for a shingle has none."""
    return band.fill_null(0).to_numpy(), band.is_not_null().to_numpy()


def _ranked(band: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Keys of a band, ascending, and the rows they are of."""
    keys, has_one = _keys(band)
    rows = np.flatnonzero(has_one)
    order = np.argsort(keys[rows], kind="stable")
    return keys[rows][order], rows[order]


def _mark(own: np.ndarray, has_one: np.ndarray, known: np.ndarray, places: np.ndarray, shared: np.ndarray) -> None:
    """Mark for each row of a block the others with the same key of a band, in `shared` (rows, others)."""
    begins, ends = np.searchsorted(known, own, "left"), np.searchsorted(known, own, "right")
    for row in np.flatnonzero(has_one & (begins < ends)):
        shared[row, places[begins[row] : ends[row]]] = True


def nearest(documents: pl.DataFrame, others: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """The most similar of the other documents, where one is near: `doc_id`, `nearest`, `similarity`; see `near`.

    Of equally similar ones the first by its id counts.
    """
    found = [pl.DataFrame(schema={"doc_id": pl.String, "nearest": pl.String, "similarity": pl.Float64})]
    if documents.height and others.height:
        for block in near(side(documents), side(others), threshold):
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
