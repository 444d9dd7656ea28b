import errno
from pathlib import Path

import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from curation import storage
from curation.errors import InputError


@given(texts=st.lists(st.text(max_size=9), max_size=30))
def test_equal_frames_give_equal_bytes(texts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("equal")
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    for name in "ab":
        storage.write_parquet(frame, folder / f"{name}.parquet")
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()
    assert pl.read_parquet(folder / "a.parquet").equals(frame)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "text.txt"
    storage.write_text("old", path)
    with pytest.raises(RuntimeError), storage.atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), pl.exceptions.ComputeError("No space left on device")]
)
def test_a_full_disk_is_bad_input_that_names_the_folder(tmp_path: Path, error: Exception):
    with pytest.raises(InputError, match="no space left"), storage.atomic(tmp_path / "x") as temporary:
        temporary.write_text("")
        raise error


def test_the_digest_is_that_of_the_whole_file(tmp_path: Path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "x").write_bytes(content)
    assert storage.digest(tmp_path / "x") == xxhash.xxh3_128_hexdigest(content)
