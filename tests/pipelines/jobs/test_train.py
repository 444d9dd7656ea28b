"""The train job as a user sees it: what is said while libraries, model and data are loaded."""

import json
import re
from pathlib import Path

import pytest

from pipelines import progress
from pipelines.demo.main import MODEL

ROWS = [{"prompt": f"Say {word}.", "completion": word} for word in ("one", "two", "three", "four")]


def test_loading_is_announced_and_ends_with_the_first_step(
    tmp_path: Path, command, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    # In place of a process of its own, which reads the libraries anew.
    monkeypatch.setattr("pipelines.jobs.train.call", lambda function, *given: function(*given))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    settings = [word for one in ("steps=2", "threads=1") for word in ("--set", one)]
    given = ("train", "--model", MODEL, "--data", tmp_path / "rows.jsonl", "--out", tmp_path / "run")
    assert command(*given, *settings) == 0
    said = capfd.readouterr().err.splitlines()
    assert said[0] == "train: loading seed_model and the data …"
    assert re.fullmatch(r"train: loading seed_model and the data: \d+ s", said[1])
    assert re.match(r"train: training: \d of 2 steps", said[2])
