"""The index in a folder: what a kill leaves, runs that merge, processes at once, and folders that are none."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation.dedup.index import IndexOptions, LocalIndex, feed, local
from curation.errors import InputError

ROOT = Path(__file__).resolve().parents[4]
OPTIONS = IndexOptions()
BATCHES = 6

FEEDER = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import polars as pl
from curation.dedup.index import IndexOptions, LocalIndex, feed
renames = 0
def count(event, arguments):
    global renames
    renames += event == "os.rename"
    if event == "os.rename" and renames == int(sys.argv[4]) + 1:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
frame = pl.read_parquet(sys.argv[2])
for (batch,), part in frame.group_by("batch", maintain_order=True):
    print(feed(LocalIndex(Path(sys.argv[3])), part, batch, IndexOptions()).height, flush=True)
"""


def corpus(seed: int = 7, count: int = 120) -> pl.DataFrame:
    generator = random.Random(seed)
    texts: list[str] = []
    for number in range(count):
        parts = generator.choice(texts).split() if number > 20 and generator.random() < 0.5 else None
        parts = parts or [f"w{generator.randrange(500)}" for _ in range(60)]
        parts[generator.randrange(60)] = f"x{number}"
        texts.append(" ".join(parts))
    batches = [number * BATCHES // count for number in range(count)]
    return pl.DataFrame({"doc_id": [f"{seed}-{i:04d}" for i in range(count)], "text": texts, "batch": batches})


def started(frame: Path, folder: Path, renames: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FEEDER, str(ROOT), str(frame), str(folder), str(renames)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def fed(folder: Path, frame: pl.DataFrame) -> list[pl.DataFrame]:
    return [
        feed(LocalIndex(folder), part, batch, OPTIONS)
        for (batch,), part in frame.group_by("batch", maintain_order=True)
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_a_kill_at_any_rename_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    frame, path = corpus(), tmp_path / "frame.parquet"
    frame.write_parquet(path)
    expected = fed(tmp_path / "unkilled", frame)
    assert sum(drops.height for drops in expected) > 30
    heights = [str(drops.height) for drops in expected]
    for renames in (0, 6, 13):
        process = started(path, tmp_path / "killed", renames)
        answered = process.communicate()[0].split()
        assert process.returncode == -signal.SIGKILL
        assert answered == heights[: len(answered)] and len(answered) <= batches_in(tmp_path / "killed")
    assert all(a.equals(b) for a, b in zip(fed(tmp_path / "killed", frame), expected, strict=True))
    more = corpus(8).with_columns(batch=pl.lit(99))
    assert fed(tmp_path / "killed", more)[0].equals(fed(tmp_path / "unkilled", more)[0])
    state = json.loads((tmp_path / "killed/index.json").read_text())
    assert list(state["batches"]) == [*(str(batch) for batch in range(BATCHES)), "99"]


def batches_in(folder: Path) -> int:
    path = folder / "index.json"
    return len(json.loads(path.read_text())["batches"]) if path.exists() else 0


def test_two_processes_take_turns(tmp_path: Path) -> None:
    for seed in (1, 2):
        frame = corpus(seed).with_columns(batch=pl.format("{}/{}", pl.lit(seed), "batch"))
        frame.write_parquet(tmp_path / f"{seed}.parquet")
    processes = [started(tmp_path / f"{seed}.parquet", tmp_path / "index", 10_000) for seed in (1, 2)]
    for process in processes:
        assert len(process.communicate()[0].split()) == BATCHES and process.returncode == 0
    order = list(json.loads((tmp_path / "index/index.json").read_text())["batches"])
    frames = {
        batch: part
        for seed in (1, 2)
        for (batch,), part in pl.read_parquet(tmp_path / f"{seed}.parquet").group_by("batch")
    }
    for batch in order:  # the same, one after the other, in the order in which they came through
        assert feed(LocalIndex(tmp_path / "index"), frames[batch], batch, OPTIONS).equals(
            feed(LocalIndex(tmp_path / "alone"), frames[batch], batch, OPTIONS)
        )


def test_runs_merge_and_are_searched_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = corpus(count=240)
    frame = frame.with_columns(batch=pl.int_range(pl.len()) // 15)
    expected = fed(tmp_path / "whole", frame)
    monkeypatch.setattr(local, "_ROWS", 7)
    assert all(a.equals(b) for a, b in zip(fed(tmp_path / "pieces", frame), expected, strict=True))
    state = json.loads((tmp_path / "pieces/index.json").read_text())
    assert len(state["batches"]) == 16 and len(state["runs"]) <= 4
    fed(tmp_path / "pieces", frame[:15])  # takes away what is named no more
    assert set(contents(tmp_path / "pieces")) == {"index.json", *local._named(state)}


def test_places_of_keys() -> None:
    keys = np.array([1, 1, 2, 5, 5, 5, 9], np.uint64)
    assert local._matches(keys, np.array([5, 1, 3], np.uint64)).tolist() == [3, 4, 5, 0, 1]
    assert local._matches(keys[:0], keys).tolist() == [] == local._matches(keys, keys[:0]).tolist()


def test_folders_that_are_no_index(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files, expected an empty folder or an index"):
        fed(tmp_path, corpus())
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(InputError, match="index.json: found broken JSON"):
        fed(tmp_path, corpus())
    (tmp_path / "index.json").write_text("[]")
    with pytest.raises(InputError, match="index.json: found other JSON, expected an index with the keys settings, pos"):
        fed(tmp_path, corpus())
    assert (tmp_path / "notes.txt").exists()
    with pytest.raises(InputError, match="cannot be written"):
        fed(tmp_path / "notes.txt" / "index", corpus())
