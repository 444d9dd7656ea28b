"""Rows of Arrow tables: text of every Arrow type, and values that Python has no object for."""

import json

import pyarrow as pa
import pytest

from curation.errors import InputError
from curation.readers import ReadOptions, Slice, columns
from curation.readers.options import Read

PIECE = Slice("a", "a", "a", "arrow", bytes=100)


def read(table: pa.Table, options: ReadOptions | None = None) -> list[Read]:
    found = columns.partitions(iter(table.to_batches(2)), table.num_rows, PIECE, options or ReadOptions())
    return [partition.finish(0) for partition, _ in found]


@pytest.mark.parametrize(
    "dtype", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_text_of_every_type(dtype: pa.DataType) -> None:
    table = pa.table({"text": pa.array(["가", None, "b"]).cast(dtype)})
    assert columns.text_column(table.schema, "a", ReadOptions()) == "text"
    (only,) = read(table)
    assert only.documents["text"].to_list() == ["가", "b"]
    assert (only.ledger["record"].to_list(), only.damaged) == ([1], 1)


def test_a_value_that_cannot_be_read_is_damage_to_its_row() -> None:
    odd = pa.array([0, 2**62, 0], pa.int64()).cast(pa.timestamp("s"))
    name = pa.Array.from_buffers(pa.string(), 3, pa.array([b"x", b"y", b"\xff"]).buffers())
    (only,) = read(pa.table({"text": ["a", "b", "c"], "when": odd, "name": name}))
    assert only.documents["text"].to_list() == ["a"]
    found = [json.loads(detail)["found"] for detail in only.ledger["detail"]]
    assert found == ["a value in column 'when' that cannot be read", "a value in column 'name' that cannot be read"]


def test_partitions_and_their_share_of_the_bytes() -> None:
    table = pa.table({"text": ["aaaa"] * 6})
    found = list(columns.partitions(iter(table.to_batches(2)), 6, PIECE, ReadOptions(partition_bytes=8)))
    assert [position for _, position in found] == [33, 66, 100]


@pytest.mark.parametrize(("names", "message"), [
    (["a", "b"], "no column 'text', only 'a', 'b'; name"), (["text", "b"], "column 'text' holds int64, expected text"),
    (["text", "text"], "no column 'text'"),
])  # fmt: skip
def test_a_table_without_text(names: list[str], message: str) -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=names)
    with pytest.raises(InputError, match=message):
        columns.text_column(table.schema, "a", ReadOptions())
