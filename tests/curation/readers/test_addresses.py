"""Addresses: memory, local files and a web server, read like any other input."""

import functools
import gzip
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import datasets
import fsspec
import polars as pl
import pytest

from curation import readers, storage
from curation.errors import InputError
from curation.readers import ReadOptions, addresses

LINES = b"".join(b'{"text":"record %d"}\n' % number for number in range(500))


def put(folder: Path) -> None:
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(LINES)
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(LINES, mtime=0))
    (folder / "c").mkdir()
    (folder / "c/d.csv").write_text('text,n\n"x\ny",1\n')
    (folder / ".hidden.jsonl").write_bytes(LINES)
    pl.DataFrame({"text": [str(n) for n in range(900)]}).write_parquet(folder / "e.parquet", row_group_size=300)
    datasets.Dataset.from_dict({"text": ["one", "two"]}).save_to_disk(str(folder / "saved"))


def documents(*inputs: str | Path, partition_bytes: int = 1000) -> pl.DataFrame:
    options = ReadOptions(partition_bytes=partition_bytes)
    pieces = readers.plan(inputs, options)
    return pl.concat([read.documents for piece in pieces for read in readers.read(piece, options)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path / "in")
    return tmp_path / "in"


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_a_folder_in_memory_gives_the_rows_of_the_disk(folder: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/curation-test", recursive=True)
    try:
        local = documents(folder)
        assert documents("memory://curation-test").equals(local)
        assert documents(f"file://{folder}").equals(local)
        assert local["file"].unique(maintain_order=True).to_list() == [
            "a.jsonl", "b.jsonl.gz", "c/d.csv", "e.parquet", "saved/data-00000-of-00001.arrow",
        ]  # fmt: skip
        globbed = documents("memory://curation-test/*.jsonl*")
        assert globbed["file"].unique(maintain_order=True).to_list() == ["a.jsonl", "b.jsonl.gz"]
        assert documents("memory://curation-test/e.parquet").height == 900
        assert len(readers.plan(["memory://curation-test/e.parquet"], ReadOptions(partition_bytes=1000))) > 1
    finally:
        memory.rm("/curation-test", recursive=True)


def test_files_of_a_web_server(folder: Path, server: str) -> None:
    for name in ("a.jsonl", "b.jsonl.gz", "c/d.csv", "e.parquet"):
        assert (
            documents(f"{server}/{name}?version=1")
            .drop("doc_id", "source", "file")
            .equals(documents(folder / name).drop("doc_id", "source", "file"))
        )
    assert documents(f"{server}/a.jsonl").equals(documents(folder / "a.jsonl"))
    assert readers.digest(f"{server}/e.parquet") == storage.digest(folder / "e.parquet")
    assert addresses.name_of(f"{server}/c/d%20e.csv?x=/y") == "d e.csv"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("memory://curation-test/nothing.jsonl", "no such file or folder"),
        ("memory://curation-test/*.jsonl", "found no file to read among 0"),
        ("nowhere://x/a.jsonl", "nowhere://x/a.jsonl: cannot be read .*nowhere"),
        ("http://127.0.0.1:1/a.jsonl", "http://127.0.0.1:1/a.jsonl: (cannot be read|no such file)"),
    ],
)
def test_an_address_with_nothing_behind_it(address: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        readers.plan([address], ReadOptions())
    assert "\n" not in str(caught.value)


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(InputError, match="s3://b/a.jsonl: such addresses need what is not installed .*Install s3fs"):
        readers.plan(["s3://b/a.jsonl"], ReadOptions())


def test_a_missing_page_and_a_file_given_twice(server: str) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        readers.plan([f"{server}/missing.jsonl"], ReadOptions())
    with pytest.raises(InputError, match="found twice by"):
        readers.plan([f"{server}/a.jsonl"] * 2, ReadOptions())


def test_what_a_storage_says_of_a_file_changes_with_it(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    first = addresses.state_of(f"file://{file}", ("mtime", "ETag"))
    assert first == addresses.state_of(f"file://{file}", ("mtime", "ETag")) and set(first) == {"mtime", "size"}
    file.write_text("two and more")
    assert addresses.state_of(f"file://{file}", ("mtime",)) != first
    assert addresses.state_of(f"file://{file}", ("ETag",)) == {}
