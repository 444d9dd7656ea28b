"""The command line as a function, for the tests of its commands."""

import json
from pathlib import Path

import pytest

from pipelines import cli

GOOD = json.dumps({"text": "the quick brown fox jumps over the lazy dog and runs away from there"})


def run(*arguments: object) -> int:
    """Exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def command():
    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture):
    """What a command says that refuses its input: exit code 2, one sentence, nothing on standard output."""

    def said(*arguments: object) -> str:
        assert run(*arguments) == 2
        out, err = capsys.readouterr()
        sentences = [line for line in err.strip().splitlines() if line.startswith("Error: ")]
        assert len(sentences) == 1 and "Traceback" not in err, err
        return sentences[0]

    return said


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n".join([GOOD] * 3) + "\n")
    return path
