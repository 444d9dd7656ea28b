from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines.digests import FileDigests
from pipelines.jobs.inputs import data_of, model_of, task_files
from pipelines.jobs.output import Output
from pipelines.run import Run


@pytest.fixture
def digests(tmp_path: Path):
    with Run(tmp_path / "run") as run:
        yield FileDigests(run)


def test_rows_are_a_file_a_folder_or_what_a_step_left(tmp_path: Path, digests):
    (tmp_path / "data").mkdir()
    file = tmp_path / "data/rows.jsonl"
    file.write_text("{}\n")
    assert data_of(str(file), {}, digests)[:2] == (file, "rows.jsonl")
    folder = data_of(str(tmp_path / "data"), {}, digests)
    assert folder[2] == data_of(str(file), {}, digests)[2]
    left = {"made": Output(tmp_path / "data", "abc")}
    assert data_of("step:made", left, digests) == (tmp_path / "data", "made", ["abc"])


def test_what_is_not_there_is_refused_by_name(tmp_path: Path, digests):
    with pytest.raises(InputError, match=r"missing.jsonl: no such file"):
        data_of(str(tmp_path / "missing.jsonl"), {}, digests)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="found no file of rows"):
        data_of(str(tmp_path / "nothing"), {}, digests)


def test_task_files_are_told_by_their_content_in_the_order_given(tmp_path: Path, digests):
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    for file, text in zip(files, ("{}\n", "[]\n", "{}\n"), strict=True):
        file.write_text(text)
    first, second, third = task_files([str(file) for file in files], digests)
    assert first == third != second
    assert task_files([], digests) == []
    with pytest.raises(InputError, match=r"d.jsonl: no such task file"):
        task_files([str(files[0]), str(tmp_path / "d.jsonl")], digests)


def test_a_step_that_leaves_rows_is_no_model_and_the_reverse(tmp_path: Path, digests):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    left = {"rows": Output(tmp_path, "a"), "model": Output(tmp_path / "model", "b")}
    assert model_of("step:model", left) == (str(tmp_path / "model"), "b")
    with pytest.raises(InputError, match="step:rows: the step leaves no model"):
        model_of("step:rows", left)
    with pytest.raises(InputError, match="step:model: the step leaves a model"):
        data_of("step:model", left, digests)
