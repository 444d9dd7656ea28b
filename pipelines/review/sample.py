"""The cards of a run's sample: the rows that were drawn, with their texts and what is asked of them."""

from pathlib import Path

import polars as pl

from curation import tables
from curation.review import sampling
from curation.review.sampling import SampleOptions

from . import candidates
from .deck import CARDS, Drawn


def draw(run: Path, step: str, options: SampleOptions) -> Drawn:
    """A stratified sample of the rows of a curate step.

    Raises:
        InputError: as `candidates.rows` and `sampling.draw` do.
    """
    rows, damaged = candidates.rows(run, step)
    sample = sampling.draw(rows.select(sampling.ROWS.names()), options)
    drawn = sample.join(rows.select("row_id", "file", "record", "duplicate_of"), on="row_id", maintain_order="left")
    wanted = [*drawn["row_id"], *drawn["duplicate_of"].drop_nulls()]
    texts = candidates.texts(run, step, wanted)
    others = texts.select(pl.col("row_id").alias("duplicate_of"), pl.col("text").alias("other"))
    cards = drawn.join(texts, on="row_id", how="left", maintain_order="left")
    cards = cards.join(others, on="duplicate_of", how="left", maintain_order="left")
    question = pl.when(pl.col("duplicate_of").is_null()).then(pl.lit("quality")).otherwise(pl.lit("duplicate"))
    facts = {
        "kept": int(rows["kept"].sum()),
        "dropped": int((~rows["kept"]).sum()),
        "damaged records, which have no text to show": damaged,
    }
    complete = tables.complete(cards.with_columns(question=question).drop("duplicate_of"), CARDS)
    return Drawn(complete, facts)
