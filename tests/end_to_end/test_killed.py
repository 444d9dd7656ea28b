"""A run that is killed again and again, wherever it happens to be, ends with the bytes of one that never was."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

GONE_SECONDS = 20  # for the kernel to end the children of a killed process, on a busy machine


def members(session: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, _, _, of_session = (entry / "stat").read_text().rpartition(") ")[2].split()[:4]
        except OSError:  # ended meanwhile
            continue
        if int(of_session) == session and state not in "ZX":
            found.append(int(entry.name))
    return found


def killed_after(process, manifest: Path, tasks: int, seconds: float) -> bool:
    """Kill only the process itself so long after it finished so many tasks; whether it was still running then."""
    before = lines_of(manifest)
    while process.poll() is None and lines_of(manifest) < before + tasks:
        time.sleep(0.002)
    time.sleep(seconds)
    if process.poll() is not None:
        return False
    os.kill(process.pid, signal.SIGKILL)
    return True


def lines_of(manifest: Path) -> int:
    return manifest.read_bytes().count(b"\n") if manifest.is_file() else 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "kills", "furthest"),
    [
        (2, 2, 30),
        pytest.param(2, 8, 20, marks=pytest.mark.long),
        pytest.param(1, 16, 12, marks=pytest.mark.long),
    ],
)
def test_killed_at_random_moments_and_continued_gives_the_same_bytes(
    workers, kills, furthest, messy, every_stage, unbroken, every_byte, tmp_path, keepwise
):
    rng = random.Random(workers)
    run = tmp_path / "run"
    command = ("curate", messy, "--recipe", every_stage, "--out", run, "--set", f"workers={workers}")
    done = finished = 0
    partials = 0
    while done < kills:
        process = keepwise.start(*command)
        try:
            # At least one task, so that the chain of runs gets somewhere; then anywhere inside the next ones.
            hit = killed_after(process, run / "manifest.jsonl", rng.randint(1, furthest), rng.uniform(0, 0.15))
        finally:
            _, said = process.communicate(timeout=600)  # returns when no child holds the pipes any more
        deadline = time.monotonic() + GONE_SECONDS
        while members(process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not members(process.pid), "a process outlived the one that started it, and may write to the run"
        if hit:
            done += 1
            partials += len(list(run.rglob("*.partial")))
            continue
        assert process.returncode == 0, said
        finished += 1
        same(every_byte(run), unbroken)
        shutil.rmtree(run)
    ended = keepwise(*command)
    assert ended.code == 0, ended.err
    same(every_byte(run), unbroken)
    assert not list(run.rglob("*.partial"))
    print(f"{workers} workers: {done} kills, {partials} files half written, {finished} runs finished between")


def same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Equal bytes file by file; of `recipe.yaml` only the number of processes may differ."""
    assert found.keys() == expected.keys()
    differing = [name for name in expected if found[name] != expected[name] and name != "recipe.yaml"]
    assert not differing


def test_every_stage_found_something(unbroken_run, table):
    """Else a stage that is never at work would prove nothing when it is killed."""
    assert set(table(unbroken_run, "ledger")["rule"]) >= {
        "reader.damaged", "structure.sections", "c4.end_mark", "length.characters", "outlier.length.characters",
        "pii.email", "consistency.label", "consistency.conflict", "duplicate.exact", "duplicate.line",
        "duplicate.substring", "duplicate.minhash", "duplicate.semantic", "diversity.lang", "chunk.tokens",
    }  # fmt: skip
    assert list((unbroken_run / "export").rglob("*.jsonl.gz"))
