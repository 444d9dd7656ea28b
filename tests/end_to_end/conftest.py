import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
EQUAL = ("documents", "samples", "scores", "ledger", "evaluation")  # folders whose bytes a resumed run repeats


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Keepwise:
    """The command line as a user has it: a process of its own."""

    def start(self, *arguments: str | Path, cwd: Path | None = None) -> subprocess.Popen:
        path = os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,
        )

    def __call__(self, *arguments: str | Path, cwd: Path | None = None) -> Ended:
        process = self.start(*arguments, cwd=cwd)
        out, err = process.communicate(timeout=900)
        return Ended(process.returncode, out, err)

    def killed(self, when: Callable[[], bool], *arguments: str | Path) -> bool:
        """Start a command and `kill -9` it as soon as `when` says so; whether it was still running then."""
        process = self.start(*arguments)
        try:
            while process.poll() is None and not when():
                time.sleep(0.002)
            if process.poll() is not None:
                return False
            os.killpg(process.pid, signal.SIGKILL)
            return True
        finally:
            process.communicate()


@pytest.fixture(scope="session")
def keepwise() -> Keepwise:
    return Keepwise()


def contents(run: Path) -> dict[str, bytes]:
    """Every file of a run that an unbroken and a resumed run have in common, by its path."""
    files = [path for top in EQUAL for path in (run / top).rglob("*") if path.is_file()]
    files += (run / "model").rglob("*.safetensors")
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


@pytest.fixture(scope="session", name="contents")
def _contents() -> Callable[[Path], dict[str, bytes]]:
    return contents


@pytest.fixture(scope="session")
def demo(tmp_path_factory, keepwise) -> Path:
    """The run folder of a shortened demo, made by the command that a newcomer types."""
    run = tmp_path_factory.mktemp("demo") / "run"
    ended = keepwise("demo", "--small", "--out", run)
    assert ended.code == 0, ended.err
    (run.parent / "said.txt").write_text(ended.out)
    return run


def table(run: Path, name: str) -> pl.DataFrame:
    """All rows of a table of a run, or of one step's (`samples/distilled`)."""
    return pl.concat([pl.read_parquet(path) for path in sorted((run / name).rglob("*.parquet"))])


@pytest.fixture(scope="session", name="table")
def _table() -> Callable[[Path, str], pl.DataFrame]:
    return table
