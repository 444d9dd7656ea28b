import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import storage
from curation.errors import InputError
from pipelines.run import Made, Run, read_manifest


def write(run: Run, name: str, value: int) -> Made:
    storage.write_parquet(pl.DataFrame({"value": [value]}), run.folder / f"documents/s/{name}.parquet")
    return Made((f"documents/s/{name}.parquet",), {"value": value})


def test_a_task_is_done_once_and_again_when_what_it_depends_on_changes(tmp_path: Path):
    with Run(tmp_path / "run") as run:
        first = run.task("s/a", {"k": 1}, ["x"], lambda: write(run, "a", 1))
        assert run.done == ["s/a"]
    with Run(tmp_path / "run") as run:
        again = run.task("s/a", {"k": 1}, ["x"], lambda: pytest.fail("done already"))
        assert again == first
        assert (run.done, run.kept) == ([], ["s/a"])
        changed = run.task("s/a", {"k": 2}, ["x"], lambda: write(run, "a", 2))
        assert changed.facts == {"value": 2}
        run.task("s/a", {"k": 2}, ["y"], lambda: write(run, "a", 3))
        assert run.done == ["s/a", "s/a"]


def test_a_task_whose_file_is_gone_or_cut_is_done_again(tmp_path: Path):
    with Run(tmp_path / "run") as run:
        run.task("s/a", {}, [], lambda: write(run, "a", 1))
    file = tmp_path / "run/documents/s/a.parquet"
    for spoil in (lambda: file.unlink(), lambda: file.write_bytes(file.read_bytes()[:-1])):
        spoil()
        with Run(tmp_path / "run") as run:
            run.task("s/a", {}, [], lambda r=run: write(r, "a", 1))
            assert run.done == ["s/a"]


def test_equal_content_has_an_equal_digest_whatever_made_it(tmp_path: Path):
    with Run(tmp_path / "run") as run:
        one = run.task("s/a", {"k": 1}, [], lambda: write(run, "a", 1))
        two = run.task("s/a", {"k": 2}, [], lambda: write(run, "a", 1))
    assert one.fingerprint != two.fingerprint
    assert one.digest == two.digest


def test_a_manifest_cut_in_mid_line_loses_only_that_line(tmp_path: Path):
    with Run(tmp_path / "run") as run:
        run.task("s/a", {}, [], lambda: write(run, "a", 1))
        run.task("s/b", {}, [], lambda: write(run, "b", 2))
    manifest = tmp_path / "run/manifest.jsonl"
    whole = manifest.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole) - 1):
        manifest.write_bytes(whole[:cut])
        assert set(read_manifest(manifest)) == {"s/a"}
    with Run(tmp_path / "run") as run:
        run.task("s/b", {}, [], lambda: write(run, "b", 2))
        assert run.done == ["s/b"]
    assert set(read_manifest(manifest)) == {"s/a", "s/b"}


@given(noise=st.binary(max_size=60))
def test_no_bytes_in_a_manifest_break_a_run(noise: bytes, tmp_path_factory):
    manifest = tmp_path_factory.mktemp("m") / "manifest.jsonl"
    record = {"task": "s/a", "fingerprint": "f", "outputs": {}, "facts": {}}
    manifest.write_bytes(noise + b"\n" + json.dumps(record).encode() + b"\n")
    assert "s/a" in read_manifest(manifest)


def test_a_folder_of_other_things_or_in_use_is_refused(tmp_path: Path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="holds other files"):
        Run(tmp_path / "photos")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        Run(tmp_path / "file")
    with Run(tmp_path / "run"), pytest.raises(InputError, match="another process is working"):
        Run(tmp_path / "run")


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path):
    with Run(tmp_path / "run") as run:
        run.task("s/a", {}, [], lambda: write(run, "a", 1))
    left = tmp_path / "run/documents/s/.b.parquet.99.partial"
    left.write_bytes(b"half")
    model = tmp_path / "run/model/.s.partial"  # written as a folder
    model.mkdir(parents=True)
    (model / "model.safetensors").write_bytes(b"half")
    with Run(tmp_path / "run"):
        assert not left.exists() and not model.exists()


def test_files_of_tasks_that_are_no_longer_part_of_a_step_are_swept(tmp_path: Path):
    with Run(tmp_path / "run") as run:
        kept = run.task("s/a", {}, [], lambda: write(run, "a", 1))
        run.task("s/b", {}, [], lambda: write(run, "b", 2))
        run.sweep("s", [kept])
        assert sorted(path.name for path in (run.folder / "documents/s").iterdir()) == ["a.parquet"]
    assert set(read_manifest(tmp_path / "run/manifest.jsonl")) == {"s/a"}


def test_a_full_disk_is_one_sentence(tmp_path: Path):
    def full() -> Made:
        with open("/dev/full", "w") as stream:
            stream.write("x")
            stream.flush()
        return Made(())

    with Run(tmp_path / "run") as run, pytest.raises(InputError, match="no space left"):
        run.task("s/a", {}, [], full)
