from pathlib import Path

import fsspec
import pytest

from curation import storage
from curation.errors import InputError
from pipelines.digests import FileDigests
from pipelines.run import Run


def test_a_file_is_digested_once_and_again_when_it_changes(tmp_path: Path):
    file = tmp_path / "a.txt"
    file.write_text("one")
    with Run(tmp_path / "run") as run:
        first = FileDigests(run).of(file)
        assert FileDigests(run).of(str(file)) == first == storage.digest(file)
        file.write_text("two and more")
        assert FileDigests(run).of(file) == storage.digest(file) != first


def test_a_file_at_an_address_is_known_by_what_its_storage_says(tmp_path: Path):
    file = tmp_path / "a.txt"
    file.write_text("one")
    with fsspec.filesystem("memory").open("/digests/b.txt", "wb") as stream:
        stream.write(b"one")
    with Run(tmp_path / "run") as run:
        digests = FileDigests(run)
        first = [digests.of(f"file://{file}"), digests.of("memory://digests/b.txt")]
        assert first == [digests.of(f"file://{file}"), digests.of("memory://digests/b.txt")]
        file.write_text("two and more")
        assert digests.of(f"file://{file}") != first[0]
        with pytest.raises(InputError, match="no such file"):
            digests.of("memory://digests/none.txt")
