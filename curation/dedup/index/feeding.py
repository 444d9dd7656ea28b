"""What feeding a batch decides, whatever the index is kept in.

A corpus fed in batches gives what one run over all of it gives whose keep order begins with the batch: exact dedup
first, then MinHash with exact verification. An older document always wins; within a batch the keep order decides.
"""

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import polars as pl

from ... import tables
from ...errors import InputError
from ...stage import DROPS
from .. import exact, lsh, minhash, order
from .. import verify as verification
from ..minhash import MinHashOptions


@dataclass(frozen=True)
class IndexOptions:
    """What counts as a duplicate. An index keeps to the options it was begun with.

    Attributes:
        minhash: how near duplicates are found; its keep order decides within a batch, also for exact ones.
    """

    minhash: MinHashOptions = MinHashOptions()

    @property
    def settings(self) -> str:
        """The options as canonical JSON."""
        return tables.canonical_json(asdict(self))

    @property
    def bands(self) -> list[str]:
        """Names of the columns of band keys."""
        return lsh.band_columns(self.minhash.bands)


@dataclass(frozen=True)
class Addition:
    """What a batch adds to an index, all of it or nothing.

    Attributes:
        batch: its name.
        fingerprint: of its documents and their texts.
        documents: how many it has.
        exact: `key_1`, `key_2` (uint64), `doc_id` of the documents that no other equals.
        kept: `doc_id`, `position` (int64), the band keys (uint64) and `shingles` (list of uint32) of kept documents
            that have shingles.
        drops: schema `DROPS`.
    """

    batch: str
    fingerprint: str
    documents: int
    exact: pl.DataFrame
    kept: pl.DataFrame
    drops: pl.DataFrame


class Transaction(Protocol):
    """A state of an index, and the one change that can be made to it."""

    position: int  # documents fed so far

    def earlier(self, batch: str) -> tuple[str, pl.DataFrame] | None:
        """Fingerprint and drops of a batch that was fed already."""

    def known(self, keys: pl.DataFrame) -> pl.DataFrame:
        """`key_1`, `key_2`, `doc_id` of those of the exact keys that are in the index."""

    def similar(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Kept documents that share a band with one of the rows of band keys: the columns of `Addition.kept`."""

    def commit(self, addition: Addition) -> bool:
        """Add a batch, atomically and durably; false when another process has changed the index in between."""


class Index(Protocol):
    """Where all that was kept is remembered."""

    def transaction(self, settings: str) -> AbstractContextManager[Transaction]:
        """Begin to feed a batch.

        Raises:
            InputError: when the index was begun with other settings, or cannot be reached.
        """


def sketch(documents: pl.DataFrame, options: IndexOptions, threads: int | None = None) -> pl.DataFrame:
    """What feeding needs to know of documents, in place of their texts; the costly part, done without the index.

    Args:
        documents: `doc_id`, `text` and the columns of the keep order except `length`, which is counted here.
        options: what counts as a duplicate.
        threads: threads to use, those the process may run on when none.

    Returns:
        `doc_id`, the other columns of the keep order, `key_1`, `key_2`, the band keys, null for a document shorter than
        one shingle, and `shingles`. Rows as in `documents`.
    """
    names = dict.fromkeys(["doc_id", *order.columns(options.minhash.keep_order), *options.bands])
    side = minhash.sketch(documents, options.minhash, threads).select(list(names))
    sets = minhash.shingle_sets(documents, options.minhash, threads)
    halves = np.frombuffer(bytes.fromhex("".join(exact.keys(documents)["key"])), ">u8").astype(np.uint64).reshape(-1, 2)
    return side.with_columns(
        key_1=pl.Series(halves[:, 0], dtype=pl.UInt64), key_2=pl.Series(halves[:, 1], dtype=pl.UInt64),
        shingles=sets["shingles"],
    )  # fmt: skip


def feed(
    index: Index, documents: pl.DataFrame, batch: int | str, options: IndexOptions, threads: int | None = None
) -> pl.DataFrame:
    """Decide about a batch of documents and add those that are kept to the index, in one step.

    Args:
        index: everything fed before.
        documents: see `sketch`; `doc_id` is unique.
        batch: its name. A batch of this name that was fed before gives the same answer again and adds nothing, so that
            a feeder that was killed simply feeds again. Under another name its documents repeat themselves.
        options: what counts as a duplicate.
        threads: threads to use, those the process may run on when none.

    Returns:
        Schema `DROPS`, by `doc_id`, of duplicates of other documents in the batch and of those in the index.

    Raises:
        InputError: when the name was given to other documents before, or the index was begun with other options.
    """
    return feed_sketches(index, sketch(documents, options, threads), batch, options)


def feed_sketches(index: Index, sketches: pl.DataFrame, batch: int | str, options: IndexOptions) -> pl.DataFrame:
    """As `feed`, from what `sketch` gave, of all partitions of the batch."""
    tables.check(sketches.select("doc_id"), pl.Schema({"doc_id": pl.String}), "doc_id")
    ranked = order.ranked(sketches, options.minhash.keep_order)
    identity = sketches.select("doc_id", "key_1", "key_2").sort("doc_id")
    fingerprint = tables.fingerprint([list(row) for row in identity.iter_rows()])
    while True:
        with index.transaction(options.settings) as state:
            earlier = state.earlier(str(batch))
            if earlier is not None:
                if earlier[0] != fingerprint:
                    raise InputError(
                        f"batch {batch!r} was fed before with other documents, expected a new name or these"
                    )
                return earlier[1]
            addition = _decide(state, ranked, str(batch), fingerprint, options)
            if state.commit(addition):
                return addition.drops


def _decide(state: Transaction, ranked: pl.DataFrame, batch: str, fingerprint: str, options: IndexOptions) -> Addition:
    rows = ranked.with_columns(position=state.position + pl.int_range(pl.len(), dtype=pl.Int64))
    pair = ["key_1", "key_2"]
    first = rows.select(*pair, "doc_id").unique(pair, keep="first", maintain_order=True)
    old = state.known(first.select(pair)).with_columns(old=True)
    holders = pl.concat([old, first.join(old, on=pair, how="anti", maintain_order="left").with_columns(old=False)])
    equal = (
        rows.select("doc_id", *pair)
        .join(holders.rename({"doc_id": "duplicate_of"}), on=pair, maintain_order="left")
        .filter(pl.col("old") | (pl.col("doc_id") != pl.col("duplicate_of")))
        .select("doc_id", "duplicate_of", rule=pl.lit("duplicate.exact"), similarity=pl.lit(1.0), threshold=pl.lit(1.0))
    )
    new = rows.join(equal, on="doc_id", how="anti", maintain_order="left")
    near = _near(state, new.filter(pl.col(options.bands[0]).is_not_null()), options)
    drops = pl.concat([tables.complete(equal, DROPS), near]).sort("doc_id")
    kept = new.join(near, on="doc_id", how="anti", maintain_order="left")
    shingled = kept.filter(pl.col(options.bands[0]).is_not_null())
    return Addition(batch, fingerprint, rows.height, new.select(*pair, "doc_id"),
                    shingled.select("doc_id", "position", *options.bands, "shingles"), drops)  # fmt: skip


def _near(state: Transaction, new: pl.DataFrame, options: IndexOptions) -> pl.DataFrame:
    """Near duplicates among new documents, of each other and of kept ones."""
    columns = ["doc_id", "position", *options.bands, "shingles"]
    old = state.similar(new.select(options.bands))
    side = pl.concat([old.select(columns), new.select(columns)])
    candidates = lsh.components(side, options.bands)
    sets = side.select("doc_id", "shingles").join(candidates, on="doc_id", how="semi")
    found = verification.decide(
        side.drop("shingles"), candidates, sets, options.bands, options.minhash.threshold, ("position",)
    )
    near = found.join(new.select("doc_id"), on="doc_id", how="semi").select(
        "doc_id", "duplicate_of", "similarity", value=pl.col("similarity"), rule=pl.lit("duplicate.minhash"),
        threshold=pl.lit(options.minhash.threshold),
    )  # fmt: skip
    return tables.complete(near, DROPS)
