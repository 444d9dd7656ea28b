"""Near dedup in partitions and shards decides as in one piece."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import stage
from curation.dedup import candidates, copies, minhash, verify
from curation.dedup.shingles import ShingleOptions
from curation.dedup.signatures import MinHashOptions, sketch

DENSE = MinHashOptions(threshold=0.5, bands=6, rows=1, shingles=ShingleOptions(words=1, characters=2))
TEXTS = st.lists(
    st.one_of(st.lists(st.sampled_from("abcdefgh"), max_size=8).map(" ".join), st.text("가나다라 ", max_size=7)),
    max_size=16,
)


def documents(texts: list[str]) -> pl.DataFrame:
    ids = [f"d{i:05d}" for i in range(len(texts))]
    return pl.DataFrame({"doc_id": ids, "text": texts}, schema={"doc_id": pl.String, "text": pl.String})


def in_parts(parts: list[pl.DataFrame], options: MinHashOptions, shard: int = 1) -> pl.DataFrame:
    sides = [sketch(part, options) for part in parts]
    plan = candidates.plan(lambda part, names: sides[part].select(names), len(parts), options, shard)
    rows = pl.concat(
        [candidates.rows(part, sides[i], plan.part(i), options, threads=1) for i, part in enumerate(parts)]
    )
    found = [verify.decide_shard(rows.filter(pl.col("shard") == number), options) for number in range(plan.shards)]
    decided = pl.concat([pl.DataFrame(schema=verify.FOUND), *found])
    drops = [
        candidates.drops(part.select("doc_id"), plan.part(i), plan.kept, decided, options)
        for i, part in enumerate(parts)
    ]
    assert all(drop["doc_id"].is_sorted() for drop in drops)
    return pl.concat(drops).sort("doc_id")


@settings(max_examples=20)
@given(TEXTS, st.integers(0, 1000), st.lists(st.integers(0, 16), max_size=3), st.sampled_from([1, 300, 10**6]))
def test_partitions_shards_and_order_change_nothing(texts: list[str], seed: int, cuts: list[int], shard: int) -> None:
    frame = documents(texts)
    numbers = list(range(frame.height))
    random.Random(seed).shuffle(numbers)
    edges = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    parts = [frame[numbers[begin:end]] for begin, end in zip(edges[:-1], edges[1:], strict=True)]
    found = in_parts(parts, DENSE, shard)
    assert_frame_equal(found, minhash.decide(frame, DENSE))
    kept = set(frame["doc_id"]) - set(found["doc_id"])
    assert set(found["duplicate_of"]) <= kept
    assert (found["similarity"] >= DENSE.threshold).all()


def test_copies_share_what_becomes_of_the_first() -> None:
    base = [f"w{i}" for i in range(40)]
    near = [*base[:-1], "other"]
    texts = [
        " ".join(base) + " more words",
        " ".join(near),
        " ".join(near) + " !",
        " ".join(near).upper(),
        "x y",
        "x y",
    ]
    found = in_parts([documents(texts)[:3], documents(texts)[3:]], MinHashOptions())
    assert found.schema == stage.DROPS
    assert found["doc_id"].to_list() == ["d00001", "d00002", "d00003"]
    assert found["duplicate_of"].unique().to_list() == ["d00000"]
    assert found["similarity"].unique().to_list() == [35 / 39]
    assert found["cluster_id"].unique().to_list() == [copies.cluster_id("d00000")]
    assert found["rule"].unique().to_list() == ["duplicate.minhash"]
    assert found["threshold"].unique().to_list() == [0.7]
    assert found["value"].to_list() == found["similarity"].to_list()


def test_copies_alone_are_dropped_for_the_one_that_is_kept() -> None:
    text = "one two three four five"
    found = in_parts([documents([text, f"{text}.", "short one", "short one", ""])], MinHashOptions())
    assert found.select("doc_id", "duplicate_of", "similarity").rows() == [("d00000", "d00001", 1.0)]
    assert found["cluster_id"].to_list() == [copies.cluster_id("d00001")]


def test_a_hundred_thousand_copies_are_compared_once() -> None:
    frame = documents(["the same words again and again"] * 100_000)
    side = sketch(frame, MinHashOptions(), threads=1)
    plan = candidates.plan(lambda _, names: side.select(names), 1, MinHashOptions())
    assert plan.shards == 0 and (plan.component == -1).all()
    none = pl.DataFrame(schema=verify.FOUND)
    found = candidates.drops(frame, plan.part(0), plan.kept, none, MinHashOptions())
    assert found.height == 99_999 and found["duplicate_of"].unique().to_list() == ["d00000"]


def test_a_large_component_costs_no_square() -> None:
    # one band of one row over few words: all share a key, few are alike; pairs would be half a billion
    rng = random.Random(3)
    texts = [" ".join(["common", *(f"w{rng.randrange(10**6)}" for _ in range(9))]) for _ in range(30_000)]
    options = MinHashOptions(threshold=0.8, bands=40, rows=1, shingles=ShingleOptions(words=1))
    frame = documents([*texts, *(f"{text} extra" for text in texts[:300])])
    assert minhash.decide(frame, options).height == 300


@pytest.mark.parametrize("parts", [0, 1, 3])
def test_no_documents(parts: int) -> None:
    assert in_parts([documents([])] * parts, MinHashOptions()).height == 0 if parts else True
    assert candidates.plan(lambda _, __: pl.DataFrame(), 0, MinHashOptions()).shards == 0
