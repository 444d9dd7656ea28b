import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation.dedup import exact
from curation.errors import InputError


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
    assert exact.decide(rows).to_dicts() == [
        {"doc_id": "d0", "duplicate_of": "d1", "similarity": 1.0},
        {"doc_id": "d3", "duplicate_of": "d1", "similarity": 1.0},
    ]
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
    assert all(key_of[a] == key_of[b] and b in kept_ids for a, b, _ in dropped.iter_rows())
