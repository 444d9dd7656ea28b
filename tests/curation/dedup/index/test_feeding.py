"""Feeding in batches against one run over everything, in each kind of index."""

import random
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import stage
from curation.dedup import exact, minhash
from curation.dedup.index import IndexOptions, LocalIndex, feed, feed_sketches, sketch
from curation.dedup.minhash import MinHashOptions
from curation.dedup.shingles import ShingleOptions
from curation.errors import InputError

SMALL = IndexOptions(MinHashOptions(threshold=0.5, bands=8, rows=2, shingles=ShingleOptions(words=2, characters=3)))


def documents(texts: list[str], batches: list[int]) -> pl.DataFrame:
    ids = [f"d{i:04d}" for i in range(len(texts))]
    schema = {"doc_id": pl.String, "text": pl.String, "batch": pl.Int64}
    return pl.DataFrame({"doc_id": ids, "text": texts, "batch": batches}, schema=schema)


def in_one_run(frame: pl.DataFrame, options: IndexOptions) -> list[str]:
    """Ids that one run keeps whose keep order begins with the batch."""
    keep = ("batch", *options.minhash.keep_order)
    settings = MinHashOptions(**{**options.minhash.__dict__, "keep_order": keep})
    frame = frame.with_columns(length=pl.col("text").str.len_chars())
    equal = exact.decide(exact.keys(frame).join(frame.drop("text"), on="doc_id"), keep)
    left = frame.join(equal, on="doc_id", how="anti")
    return left.join(minhash.decide(left, settings), on="doc_id", how="anti")["doc_id"].sort().to_list()


def in_batches(frame: pl.DataFrame, folder: Path, options: IndexOptions) -> pl.DataFrame:
    """Drops of all batches, each fed through an index opened anew."""
    drops = [
        feed(LocalIndex(folder), part.drop("batch"), part["batch"][0], options)
        for part in frame.sort("batch", maintain_order=True).partition_by("batch", maintain_order=True)
    ]
    return pl.concat([pl.DataFrame(schema=stage.DROPS), *drops])


def varied(count: int, seed: int) -> list[str]:
    """Texts of which many are near or exact copies of another, some in Korean, some shorter than a shingle."""
    generator = random.Random(seed)
    words = {"en": [f"word{i}" for i in range(400)], "ko": [chr(0xAC00 + 37 * i) * 2 for i in range(200)]}
    texts: list[str] = []
    for _ in range(count):
        kind = generator.random()
        if texts and kind < 0.55:
            parts = generator.choice(texts).split()
            if kind < 0.4 and parts:
                parts[generator.randrange(len(parts))] = f"new{generator.randrange(99)}"
            texts.append(" ".join(parts) if kind < 0.5 else "  ".join(parts).upper())
        else:
            vocabulary = words["ko" if kind < 0.75 else "en"]
            texts.append(" ".join(generator.choices(vocabulary, k=generator.choice([1, 40, 80]))))
    return texts


@pytest.mark.parametrize("options", [IndexOptions(), SMALL], ids=["default", "small"])
def test_ten_batches_keep_what_one_run_keeps(options: IndexOptions, tmp_path: Path) -> None:
    texts = varied(600, 3)
    generator = random.Random(4)
    frame = documents(texts, [generator.randrange(10) for _ in texts])
    drops = in_batches(frame, tmp_path, options)
    kept = frame.join(drops, on="doc_id", how="anti")["doc_id"].sort().to_list()
    assert kept == in_one_run(frame, options)
    for rule in ("duplicate.exact", "duplicate.minhash"):
        assert (drops["rule"] == rule).sum() > 50
    older = drops.join(frame, on="doc_id").join(frame, left_on="duplicate_of", right_on="doc_id", suffix="_of")
    assert older.height == drops.height and (older["batch_of"] <= older["batch"]).all()
    near = drops.filter(pl.col("rule") == "duplicate.minhash")
    assert set(near["duplicate_of"]) <= set(kept) and near["similarity"].min() >= options.minhash.threshold


TEXTS = st.lists(st.tuples(st.lists(st.sampled_from(["a", "b", "C", "가나", "다"]), max_size=7).map(" ".join),
                           st.integers(0, 3)), max_size=14)  # fmt: skip


@settings(max_examples=25)
@given(TEXTS)
def test_any_batches_keep_what_one_run_keeps(rows: list[tuple[str, int]]) -> None:
    frame = documents([text for text, _ in rows], [batch for _, batch in rows])
    with tempfile.TemporaryDirectory() as folder:
        drops = in_batches(frame, Path(folder), SMALL)
    assert frame.join(drops, on="doc_id", how="anti")["doc_id"].sort().to_list() == in_one_run(frame, SMALL)


def test_order_within_a_batch_and_partitions_of_its_sketches_change_nothing(tmp_path: Path) -> None:
    frame = documents(varied(80, 1), [0] * 80)
    drops = feed(LocalIndex(tmp_path / "a"), frame, 1, SMALL)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=2)
    parts = [sketch(part, SMALL, threads=1) for part in (shuffled[:30], shuffled[30:])]
    assert_frame_equal(feed_sketches(LocalIndex(tmp_path / "b"), pl.concat(parts), 1, SMALL), drops)
    assert drops.schema == stage.DROPS and drops.height > 20


def test_feeding_again_answers_the_same_and_adds_nothing(tmp_path: Path) -> None:
    index, frame = LocalIndex(tmp_path), documents(varied(60, 1), [0] * 60)
    drops = feed(index, frame[:30], "one", SMALL)
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir())
    assert_frame_equal(feed(index, frame[:30].reverse(), "one", SMALL), drops)
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir()) == before
    with pytest.raises(InputError, match="batch 'one' was fed before with other documents"):
        feed(index, frame[30:], "one", SMALL)
    again = feed(index, frame[:30], "two", SMALL)
    assert again.height == 30 and set(again["rule"]) == {"duplicate.exact"}


def test_an_empty_batch_and_other_options(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    assert feed(index, documents([], []), 0, SMALL).is_empty()
    assert feed(index, documents(["", "a"], [0, 0]), 1, SMALL).is_empty()
    assert feed(index, documents([" "], [0]).with_columns(doc_id=pl.lit("x")), 2, SMALL)["duplicate_of"].to_list() == [
        "d0000"
    ]
    with pytest.raises(InputError, match="found the settings .*expected"):
        feed(index, documents(["b"], [0]), 3, IndexOptions())
