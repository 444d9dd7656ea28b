"""Arrow IPC: folders that `datasets` has saved, streams and files, and data that lies about itself."""

from pathlib import Path

import datasets
import polars as pl
import pyarrow as pa
import pytest

from curation import readers
from curation.errors import InputError
from curation.readers import ReadOptions

ROWS = [{"text": f"문장 {n}", "n": n, "tags": ["a", None], "more": {"x": n / 2}} for n in range(50)]


def read_all(path: Path, options: ReadOptions | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    options = options or ReadOptions()
    pieces = readers.plan([path], options)
    reads = [each for piece in pieces for each in readers.read(piece, options)]
    assert sum(each.bytes for each in reads) == sum(piece.bytes for piece in pieces)
    documents, ledger = pl.concat([each.documents for each in reads]), pl.concat([each.ledger for each in reads])
    assert sum(each.records for each in reads) == documents.height + ledger.height
    return documents, ledger


def test_what_datasets_saves_is_read(tmp_path: Path) -> None:
    both = datasets.DatasetDict(
        {"train": datasets.Dataset.from_list(ROWS), "test": datasets.Dataset.from_list(ROWS[:3])}
    )
    both.save_to_disk(str(tmp_path / "saved"), num_shards={"train": 2, "test": 1})
    documents, _ = read_all(tmp_path / "saved")
    assert documents["file"].unique(maintain_order=True).to_list() == [
        "test/data-00000-of-00001.arrow",
        "train/data-00000-of-00002.arrow",
        "train/data-00001-of-00002.arrow",
    ]
    assert documents["text"].to_list()[3:] == [row["text"] for row in ROWS]
    assert documents["meta"][3] == '{"n":0,"tags":["a",null],"more":{"x":0.0}}'


@pytest.mark.parametrize("kind", ["stream", "file"])
def test_batches_in_pieces_give_what_the_whole_gives(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.arrow"
    table = pa.Table.from_pylist(ROWS)
    new = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
    with new(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    whole = read_all(path)
    options = ReadOptions(partition_bytes=200)
    pieces = readers.plan([path], options)
    assert len(pieces) > 3 and pieces[1].first_record == 7 * len(pieces[0].row_groups)
    cut = read_all(path, options)
    assert cut[0].equals(whole[0]) and whole[0].height == 50


def test_damaged_rows_are_ledger_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    offsets = pa.array([b"good", b"\xff", None, b"good"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 4, offsets.buffers())
    table = pa.record_batch([text], names=["text"])
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write(table)
    documents, ledger = read_all(path, ReadOptions(max_damaged=1))
    assert (documents.height, ledger["record"].to_list()) == (2, [1, 2])


def test_offsets_that_lead_out_of_the_data_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    offsets = pa.array([0, 2_000_000_000, 4], pa.int32()).buffers()[1]
    text = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"good")])
    batch = pa.record_batch([text], names=["text"])
    with pa.ipc.new_stream(path, batch.schema) as writer:
        writer.write(batch)
    with pytest.raises(InputError, match="a.arrow: found damaged data"):
        read_all(path)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_ends_early(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.arrow"
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match="a.arrow: found damaged data .*expected a whole Arrow IPC file"):
        read_all(path)
