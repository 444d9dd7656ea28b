"""A process that is killed at any moment loses one chunk at most, and nothing is made twice."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.model import Request, Sampling
from synth.engines.cache import Cached

CHECKOUT = Path(__file__).resolve().parents[3]
# Run by an interpreter of its own. Each point is a process that kills itself there, so that no cleaning up is done:
# after so many answers of the engine ("made"), or at so manieth SQL statement of a kind.
KILLED = """
import os, signal, sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from curation.model import Guide, Request, Sampling
from synth import engines
from synth.engines.cache import Cached
from synth.engines.options import EngineOptions
from synth.engines.transformers import TransformersEngine

model, folder, count, *points = sys.argv[1:]
sampling = Sampling(max_tokens=6, temperature=1.0, seed=3)
requests = [Request(f"r{place}", "the cat", sampling) for place in range(int(count))]


def run(engine, point):
    kind, number = point.split()
    passed = {"made": 0}
    log = os.open(Path(folder, point + ".log"), os.O_CREAT | os.O_WRONLY)

    def die_at(what, more):
        passed[what] = passed.get(what, 0) + more
        if kind == what and passed[what] >= int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    def progress(done, tokens):
        if tokens:
            os.write(log, b"." * done)
            die_at("made", done)

    cached = Cached(engine, Path(folder, point + ".sqlite"), chunk=4, progress=progress)
    cached._store._connection.set_trace_callback(lambda statement: die_at(statement.split()[0], 1))
    for response in cached.generate(requests):
        die_at("given", 1)


torch.set_num_threads(1)
engine = TransformersEngine(model, EngineOptions(batch=2))  # once: each child has it as it was here
for point in points:
    child = os.fork()
    if not child:
        run(engine, point)
        os._exit(0)
    print(point, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
COUNT = 18
POINTS = {
    # point of the kill: chunks of four that are in the file afterwards
    "made 2": 0,  # in the first chunk
    "made 4": 0,  # after the first chunk, before it is kept
    "made 10": 2,  # in the third
    "made 18": 4,  # after everything, before the last is kept
    "given 1": 1,
    "given 7": 2,
    "BEGIN 2": 1,
    "INSERT 7": 0,  # the first chunk's rows are written, not all of whose they are
    "INSERT 11": 1,  # two of the second chunk's rows are written
    "COMMIT 3": 2,  # all of the third chunk's are
    "never 1": 5,  # runs to its end
}


@pytest.fixture(scope="module")
def opened(open_watched: Callable[..., Any]) -> Any:
    return open_watched()


@pytest.fixture(scope="module")
def killed(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of processes that were killed, each at its point."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tiny_model), str(folder), str(COUNT), *POINTS],
        cwd=CHECKOUT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    expected = [f"{point} {0 if point == 'never 1' else -9}" for point in POINTS]
    assert done.stdout.splitlines() == expected, done.stderr
    return folder


def answers(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT * FROM answers ORDER BY key").fetchall()


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_loses_one_chunk_at_most_and_nothing_is_made_twice(
    killed: Path, opened: Any, portable: Any, tmp_path: Path, point: str
) -> None:
    opened.chunks = []
    sampling = Sampling(max_tokens=6, temperature=1.0, seed=3)
    requests = [Request(f"r{place}", "the cat", sampling) for place in range(COUNT)]
    path = tmp_path / "cache.sqlite"
    for ending in ("", "-wal", "-shm"):
        if (found := killed / f"{point}.sqlite{ending}").exists():
            path.with_name(path.name + ending).write_bytes(found.read_bytes())
    kept = min(POINTS[point] * 4, COUNT)
    made = len((killed / f"{point}.log").read_bytes())
    assert 0 <= made - kept <= 4
    cached = Cached(opened, path, chunk=4)
    assert list(cached.generate(requests)) == list(portable.generate(requests))
    assert (cached.hits, cached.generated) == (kept, COUNT - kept)
    assert opened.chunks == [[one.id for one in requests[begin : begin + 4]] for begin in range(kept, COUNT, 4)]
    cached.close()
    unkilled = Cached(opened, tmp_path / "unkilled.sqlite", chunk=4)
    list(unkilled.generate(requests))
    unkilled.close()
    assert answers(path) == answers(tmp_path / "unkilled.sqlite")
