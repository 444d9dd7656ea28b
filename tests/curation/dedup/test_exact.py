import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation.dedup import copies, exact
from curation.errors import InputError
from curation.stage import DROPS


def documents(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"doc_id": [f"d{i}" for i in range(len(texts))], "text": texts}, schema_overrides={
        "doc_id": pl.String, "text": pl.String})  # fmt: skip


def side(*texts: str) -> pl.DataFrame:
    frame = documents(*texts)
    return exact.keys(frame).with_columns(length=frame["text"].str.len_chars())


def test_key_is_the_hash_of_the_normalised_text():
    assert exact.keys(documents(" A  b\n가"))["key"][0] == xxhash.xxh3_128_hexdigest("a b 가".encode())


def test_keys_ignore_case_form_and_white_space_only():
    keys = exact.keys(
        documents("Caf\u00e9 au  lait", "cafe\u0301 AU\u00a0lait\n", "cafe au lait", "café au lait.", "", " \t")
    )["key"].to_list()
    assert keys[0] == keys[1]
    assert keys[4] == keys[5]
    assert len(set(keys)) == 4


def test_keys_of_a_slice():
    frame = documents("one", "two", "three", "four")
    assert_frame_equal(exact.keys(frame[2:]), exact.keys(frame)[2:])
    assert exact.keys(frame[:0]).height == 0


def test_the_first_in_keep_order_stays():
    rows = side("a b", "A   B", "other", "a  b")
    found = exact.decide(rows)
    assert found.schema == DROPS
    named = ("duplicate.exact", 1.0, 1.0, "d1", 1.0, copies.cluster_id("d1"), None)
    assert found.rows() == [("d0", *named), ("d3", *named)]
    assert exact.decide(rows, ["doc_id"])["duplicate_of"].to_list() == ["d0", "d0"]
    assert exact.decide(rows, ["length"])["duplicate_of"].to_list() == ["d0", "d0"]
    assert exact.decide(rows, ["-doc_id"])["duplicate_of"].to_list() == ["d3", "d3"]


def test_missing_values_lose():
    rows = side("a", "A").with_columns(quality=pl.Series([None, 0.1]))
    for key in ("quality", "-quality"):
        assert exact.decide(rows, [key])["doc_id"].to_list() == ["d0"]


def test_unknown_column_names_the_nearest():
    with pytest.raises(InputError, match="'lenght'.*the nearest is 'length'"):
        exact.decide(side("a"), ["-lenght"])


@given(st.lists(st.sampled_from(["a", "A", "a ", "b", "B  b", "b b", "", " ", "가", "\u1100\u1161"]), max_size=15),
       st.randoms(use_true_random=False), st.sampled_from([["-length", "doc_id"], ["length"], []]))  # fmt: skip
def test_decisions_do_not_depend_on_input_order(texts: list[str], shuffle, keep: list[str]):
    rows = side(*texts)
    numbers = list(range(rows.height))
    shuffle.shuffle(numbers)
    dropped = exact.decide(rows, keep)
    assert_frame_equal(dropped, exact.decide(rows[numbers], keep))
    # one row of each key stays, and every dropped row names it
    kept = rows.join(dropped, on="doc_id", how="anti")
    assert kept["key"].n_unique() == kept.height == rows["key"].n_unique()
    key_of = dict(rows.select("doc_id", "key").iter_rows())
    kept_ids = set(kept["doc_id"])
    pairs = dropped.select("doc_id", "duplicate_of").iter_rows()
    assert all(key_of[a] == key_of[b] and b in kept_ids for a, b in pairs)


def test_case_is_that_of_each_character():
    keys = exact.keys(documents("ΟΔΟΣ", "οδος", "οδοσ", "\u0130", "i\u0307", "STRASSE", "straße"))["key"].to_list()
    assert keys[0] == keys[1] == keys[2] and keys[3] == keys[4] and keys[5] != keys[6]


def test_a_side_table_holds_the_key_in_halves():
    frame = documents("A  b", "\u1100\u1161", "").with_columns(quality=pl.Series([0.1, 0.2, 0.3]))
    rows = exact.side(frame, ["-quality", "length"])
    assert rows.columns == ["doc_id", "quality", "length", "key_high", "key_low"]
    halves = [f"{high:016x}{low:016x}" for high, low in rows.select(exact.KEY).iter_rows()]
    assert halves == exact.keys(frame)["key"].to_list()
    assert exact.decide(rows, ["-quality"]).height == 0
    twice = pl.concat([rows, rows.with_columns(doc_id=pl.col("doc_id") + "+")])
    assert exact.decide(twice, ["quality"])["doc_id"].to_list() == ["d0+", "d1+", "d2+"]
    with pytest.raises(InputError, match="'qualty'.*'quality'"):
        exact.side(frame, ["qualty"])


TEXTS = st.lists(st.sampled_from(["a", "A", "a ", "b", "B  b", "", " ", "가", "\u1100\u1161", "c"]), max_size=15)


@given(TEXTS, st.lists(st.integers(0, 15), max_size=3), st.sampled_from([("-length",), ("length", "doc_id"), ()]))
def test_partitions_change_nothing(texts: list[str], cuts: list[int], keep: tuple[str, ...]):
    frame = documents(*texts)
    edges = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    parts = [frame[begin:end] for begin, end in zip(edges[:-1], edges[1:], strict=True)]
    sides = [exact.side(part, keep) for part in parts]
    found = copies.find(lambda part, names: sides[part].select(names), len(parts), exact.KEY, keep)
    drops = [
        exact.drops(part, found.part(number), int(found.starts[number]), found.kept)
        for number, part in enumerate(parts)
    ]
    assert_frame_equal(pl.concat(drops).sort("doc_id"), exact.decide(exact.side(frame, keep), keep))
