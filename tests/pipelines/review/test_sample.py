"""The cards of a run's sample."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from curation import tables
from curation.review.sampling import SampleOptions
from pipelines.review import sample
from pipelines.review.deck import CARDS


def test_cards_have_texts_and_questions(run: Path) -> None:
    drawn = sample.draw(run, "corpus", SampleOptions(size=1000))
    cards = tables.check(drawn.cards, CARDS, "row_id")
    assert cards.height == 76  # a census, as there are no more
    assert cards["probability"].unique().to_list() == [1.0]
    assert cards["text"].null_count() == cards["file"].null_count() == 0
    asked = dict(cards["question"].value_counts().iter_rows())
    assert asked == {"quality": 70, "duplicate": 6}
    repeats = cards.filter(pl.col("question") == "duplicate")
    assert (repeats["text"] == repeats["other"]).all()
    assert drawn.facts == {"kept": 40, "dropped": 36, "damaged records, which have no text to show": 1}


def test_what_a_row_repeats_may_not_be_in_the_run(tmp_path: Path, make_run: Callable[..., list[str]]) -> None:
    make_run(tmp_path / "r", [("one", None, 9.0), ("two", "duplicate.exact", 9.0)])
    for file in (tmp_path / "r/documents").rglob("*.parquet"):
        pl.read_parquet(file).with_columns(doc_id=pl.lit("0" * 32)).write_parquet(file)
    cards = sample.draw(tmp_path / "r", "corpus", SampleOptions()).cards
    repeated = cards.filter(pl.col("question") == "duplicate")
    assert repeated.height == 1 and repeated["other"].to_list() == [None]


def test_a_sample_is_the_same_when_drawn_again(run: Path) -> None:
    one, other = (sample.draw(run, "corpus", SampleOptions(size=40)).cards for _ in range(2))
    assert one.equals(other) and one.height == 40
