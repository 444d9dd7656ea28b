import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines.digests import FileDigests
from pipelines.jobs.curate import curate
from pipelines.jobs.inputs import data_of, located, model_of, task_files
from pipelines.jobs.output import Output
from pipelines.run import Run
from pipelines.settings import CurateSettings


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


def test_a_step_that_kept_no_sample_says_what_to_do(tmp_path: Path, digests):
    (tmp_path / "samples" / "asked").mkdir(parents=True)
    left = {"asked": Output(tmp_path / "samples" / "asked", "abc", {"samples": 0, "requests": {"requests": 12}})}
    with pytest.raises(InputError, match="^step:asked: the step kept no sample .* or name rows of your own"):
        data_of("step:asked", left, digests)


def test_documents_of_a_step_that_made_no_samples_are_rows(tmp_path: Path, digests):
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"text": "the quick brown fox jumps over the lazy dog " * 9}))
    settings = CurateSettings(inputs=(str(tmp_path / "corpus.jsonl"),), rules={})
    with Run(tmp_path / "curated") as run:
        output = curate(run, "corpus", settings)
    assert output.facts["samples"] == 0 and data_of("step:corpus", {"corpus": output}, digests)[0] == output.path


def test_what_is_not_there_is_refused_by_name(tmp_path: Path, digests):
    with pytest.raises(InputError, match=r"missing.jsonl: no such file"):
        data_of(str(tmp_path / "missing.jsonl"), {}, digests)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="found no file of rows"):
        data_of(str(tmp_path / "nothing"), {}, digests)


def test_of_a_run_the_rows_that_it_left_are_named(tmp_path: Path, digests):
    """Its folder holds ledgers and dropped texts as well, which nobody means to train on."""
    for name in ("documents/cleaned", "samples/distilled", "dropped/cleaned"):
        (tmp_path / "made" / name).mkdir(parents=True)
    (tmp_path / "made/manifest.jsonl").write_text("")
    with pytest.raises(InputError, match=r"made: found a run, .* \(\S*samples/distilled, \S*documents/cleaned\)$"):
        data_of(str(tmp_path / "made"), {}, digests)


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


def test_what_stands_beside_a_base_is_no_model_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "base.json").write_text('{"tuning": "loreft", "name": "raw", "fingerprint": "f"}')
    why = "tuning loreft learned beside the model raw, .*: LoReFT edits hidden states .*, so that it cannot be merged"
    for text, outputs in ((str(tmp_path), {}), ("step:tuned", {"tuned": Output(tmp_path, "a")})):
        with pytest.raises(InputError, match=f"{text}: found what {why}"):
            model_of(text, outputs)


@dataclass(frozen=True)
class _Options:
    number: int = 3
    one: Path | None = None
    several: tuple[Path, ...] = ()


def test_paths_among_options_are_of_steps_models_and_rows_and_known_by_their_content(tmp_path: Path, digests) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n')
    buffer = tmp_path / "samples"
    buffer.mkdir()
    outputs = {"buffer": Output(buffer, "digest of the buffer")}
    given = _Options(one=Path("step:buffer"), several=(tmp_path / "rows.jsonl", Path("step:buffer")))
    placed, counts, read = located(given, outputs, digests)
    assert placed == _Options(3, buffer, (tmp_path / "rows.jsonl", buffer))
    assert counts == {"one": 1, "several": 2} and len(read) == 3 and read[0] == read[2] == "digest of the buffer"
    assert located(_Options(), outputs, digests) == (_Options(), {}, [])
    with pytest.raises(InputError, match="nowhere"):
        located(_Options(one=tmp_path / "nowhere.jsonl"), outputs, digests)


def test_a_step_that_was_not_needed_leaves_no_rows(digests) -> None:
    with pytest.raises(InputError, match="step:left: the step was not needed and left"):
        data_of("step:left", {"left": Output(Path("nothing"), "")}, digests)
