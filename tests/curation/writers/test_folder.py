"""What is written is read back equal, by the readers here and by `datasets`; a folder is whole or absent."""

from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest

from curation import readers, tables, writers
from curation.errors import InputError
from curation.readers import ReadOptions
from curation.writers import WriteOptions, folder

TEXTS = [
    "plain",
    "가나다",
    "a\x00b",
    'quote " and \\',
    "line\nline\r\n",
    "",
    "\u202eright to left",
    "😀",
    "x" * 900_000,
]
DOCUMENTS = pl.DataFrame(
    {
        "doc_id": [f"{n:032x}" for n in range(len(TEXTS))],
        "content_id": [tables.content_id(text) for text in TEXTS],
        "text": TEXTS,
        "source": "s",
        "file": "f",
        "record": range(len(TEXTS)),
        "lang": [None, *["ko"] * (len(TEXTS) - 1)],
        "meta": '{"a":1}',
        "parents": [[], *[["x", "y"]] * (len(TEXTS) - 1)],
    },
    schema=tables.DOCUMENTS,
)
SAMPLES = tables.complete(
    pl.DataFrame(
        {
            "prompt": [[{"role": "user", "content": text}] for text in TEXTS],
            "completion": [[{"role": "assistant", "content": "yes"}]] * len(TEXTS),
            "sample_id": [f"{n:032x}" for n in range(len(TEXTS))],
            "checks": [[{"name": "length", "score": 0.5, "threshold": None, "passed": True}]] * len(TEXTS),
        }
    ),
    tables.samples_schema("prompt_completion"),
)
EVERY = [
    WriteOptions(),
    WriteOptions(format="jsonl"),
    WriteOptions(format="jsonl", compression="gz"),
    WriteOptions(format="jsonl", compression="zst"),
    WriteOptions(format="datasets"),
]


def by_name(options: WriteOptions) -> str:
    return f"{options.format}-{options.compression}"


def with_shards(options: WriteOptions) -> WriteOptions:
    return WriteOptions(options.format, options.compression, shard_mb=1)


@pytest.mark.parametrize("options", EVERY, ids=by_name)
def test_read_back_by_our_readers(tmp_path: Path, options: WriteOptions) -> None:
    paths = writers.write([DOCUMENTS] * 3, tmp_path / "out", with_shards(options))
    assert [path.name for path in paths] == [f"train-0000{n}-of-00003{options.suffix}" for n in range(3)]
    read = [
        each.documents
        for piece in readers.plan(paths, ReadOptions())
        for each in readers.read(piece, ReadOptions())
    ]  # fmt: skip
    found = pl.concat(read)
    assert found["text"].to_list() == TEXTS * 3
    assert found["meta"].str.json_path_match("$.parents[1]").to_list() == [None, *["y"] * (len(TEXTS) - 1)] * 3


@pytest.mark.parametrize("options", EVERY, ids=by_name)
@pytest.mark.parametrize("table", [DOCUMENTS, SAMPLES], ids=["documents", "samples"])
def test_read_back_by_datasets(tmp_path: Path, options: WriteOptions, table: pl.DataFrame) -> None:
    writers.write([table] * 2, tmp_path / "out", with_shards(options))
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.to_list() == table.to_dicts() * 2


@pytest.mark.parametrize("options", EVERY, ids=by_name)
def test_equal_rows_give_equal_bytes_however_they_come(tmp_path: Path, options: WriteOptions) -> None:
    one = writers.write([DOCUMENTS, DOCUMENTS], tmp_path / "one", with_shards(options))
    rows = pl.concat([DOCUMENTS, DOCUMENTS])
    many = writers.write((rows[n : n + 1] for n in range(rows.height)), tmp_path / "many", with_shards(options))
    assert [path.name for path in one] == [path.name for path in many]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in many]


def test_a_folder_with_files_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(InputError, match="found files in it, expected a new folder"):
        writers.write([DOCUMENTS], tmp_path, WriteOptions())
    with pytest.raises(InputError, match="found a file of this name"):
        writers.write([DOCUMENTS], tmp_path / "a", WriteOptions())
    (tmp_path / "empty").mkdir()
    assert len(writers.write([DOCUMENTS], tmp_path / "empty", WriteOptions())) == 1


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def frames() -> Any:
        yield DOCUMENTS
        yield DOCUMENTS
        raise RuntimeError("the frames end")

    with pytest.raises(RuntimeError, match="the frames end"):
        writers.write(frames(), tmp_path / "out", WriteOptions(shard_mb=1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("values", [[float("nan")], [[1.0, float("inf")]], [{"a": [float("-inf")]}]])
def test_numbers_that_json_cannot_say_are_refused(tmp_path: Path, values: list[Any]) -> None:
    frame = pl.DataFrame({"text": ["a"], "n": values})
    with pytest.raises(InputError, match="column 'n': found NaN or an infinity"):
        writers.write([frame], tmp_path / "out", WriteOptions(format="jsonl"))
    (path,) = writers.write([frame], tmp_path / "out", WriteOptions())
    assert pl.read_parquet(path).equals(frame)
    assert folder._is_finite(pl.Series([1.0, None]))
