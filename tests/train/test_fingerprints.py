from pathlib import Path

import pytest

from curation.errors import InputError
from train import fingerprints


def test_what_lies_there_counts_and_not_its_name(tiny_model: Path, raw_model: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.jsonl").write_text('{"text": "same"}\n')
    (tmp_path / "c.jsonl").write_text('{"text": "other"}\n')
    found = [fingerprints.of(tmp_path / name) for name in ("a", "b", "c.jsonl")]
    assert found[0] == found[1] != found[2]
    assert fingerprints.of(tiny_model) != fingerprints.of(raw_model)
    with pytest.raises(InputError):
        fingerprints.of(tmp_path / "nothing.jsonl")


def test_paths_are_replaced_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "same"}\n')
    path = tmp_path / "rows.jsonl"
    settings = {"a": 1, "b": {"c": (path, "text"), "d": None}, "e": [path]}
    digest = fingerprints.of(path)
    assert fingerprints.without_paths(settings) == {"a": 1, "b": {"c": [digest, "text"], "d": None}, "e": [digest]}
