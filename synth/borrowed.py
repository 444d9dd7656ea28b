"""Answers in other rows' words: near the text of another row, or near the answer to another prompt.

Likeness is MinHash with exact Jaccard similarity. Rows may be alike for their own sake, and then their answers may be:
what is near because the rows are is not borrowed.
"""

from collections.abc import Iterator

import polars as pl

from curation.dedup import minhash

from . import likeness, overlap
from .likeness import Limits, Side

PAIRS = pl.Schema({"at": pl.Int64, "beside": pl.Int64, "similarity": pl.Float64})


def from_inputs(said: Side, inputs: Side, own: pl.DataFrame, limits: Limits) -> Iterator[pl.DataFrame]:
    """Pairs (`PAIRS`) of a long text and an input that it is near and that is not its own.

    A text that is near an input of its own row has its words from there, and where the other input is near one of the
    row's own the inputs are alike, not the text: these are no pairs.

    Args:
        said: texts, numbered from 0 as `at`.
        inputs: the same, as `beside`.
        own: `at`, `beside` (int64): the inputs that stand in a text's own row.
        limits: which texts are near.

    Returns:
        Blocks as `likeness.near` gives them.
    """
    its_own = own.filter(_near(said.sets, inputs.sets, own["at"], own["beside"], limits))["at"].unique()
    mine = own.select("at", pl.col("beside").alias("mine"))
    for block in likeness.near(said, inputs, limits.near_duplicate):
        pairs = block.filter(~pl.col("at").is_in(its_own.to_list())).join(own, on=["at", "beside"], how="anti")
        sides = pairs.join(mine, on="at")
        alike = sides.filter(_near(inputs.sets, inputs.sets, sides["beside"], sides["mine"], limits))
        yield pairs.join(alike, on=["at", "beside"], how="anti").sort("at", "beside")


def between(said: pl.DataFrame, rows: pl.DataFrame, limits: Limits) -> Iterator[pl.DataFrame]:
    """Pairs (`PAIRS`) of long texts that are near, of rows that are near as a whole and are not told apart.

    Args:
        said: `doc_id`, `text`.
        rows: of each text, in the same order: `asked` (the users' turns), `rules` (the system's), `answer` (the bare
            one that its row was given with, or none), `reference` (its row's answer in full, or none) and `parents`.
            Rows of a common parent are meant to be alike. Rules, bare answers and numbers in what is asked tell rows
            apart where they differ; where the references are as alike, the rows are, and not the answers alone.
        limits: which texts are near.

    Returns:
        Blocks as `likeness.near` gives them, each text beside earlier ones.
    """
    whole = _sets((rows["asked"] + "\n" + said["text"]).to_list())
    references = _sets(rows["reference"].fill_null("").to_list())
    known = rows.with_columns(numbers=pl.col("asked").str.extract_all(r"\d+"), at=pl.int_range(pl.len()))
    before = known.rename({name: f"{name}_before" for name in known.columns}).rename({"at_before": "beside"})
    answers = likeness.side(said)
    for block in likeness.near(answers, answers, limits.near_duplicate):
        pairs = block.filter(pl.col("beside") < pl.col("at")).join(known, on="at").join(before, on="beside")
        pairs = pairs.filter(
            pl.col("rules") == pl.col("rules_before"),
            ~(pl.col("answer") != pl.col("answer_before")).fill_null(False),
            ~(pl.col("reference") == pl.col("reference_before")).fill_null(False),
            pl.col("numbers") == pl.col("numbers_before"),
            pl.col("asked") != pl.col("asked_before"),
            pl.col("parents").list.set_intersection("parents_before").list.len() == 0,
        )
        near = _near(whole, whole, pairs["at"], pairs["beside"], limits)
        alike = _near(references, references, pairs["at"], pairs["beside"], limits)
        yield pairs.filter(near & ~alike).select(list(PAIRS)).sort("at", "beside")


def _sets(texts: list[str]) -> pl.Series:
    options = minhash.MinHashOptions(keep_order=("doc_id",))
    return minhash.shingle_sets(likeness.numbered(texts), options)["shingles"]


def _near(one: pl.Series, other: pl.Series, left: pl.Series, right: pl.Series, limits: Limits) -> pl.Series:
    """Which pairs of sets, by their rows, are near."""
    return pl.Series(overlap.of_pairs(one, other, left.to_numpy(), right.to_numpy()) >= limits.near_duplicate)
