"""Curation of corpora of two sizes: bounded memory, constant time per document, workers that add up.

    python -m benchmarks.scale --scratch FOLDER [--data FOLDER] [--parts sizes workers korean] [--small-mb 512]
                               [--large-mb 4096] [--recipe mixed] [--workers 2] [--repeats 1] [--stages] [--keep]

Each run is `keepwise curate` in a process of its own, started fresh. Memory is what the process and all that it
started hold of their own, with the largest of their mapped files (libraries that they share), sampled five times a
second. The small corpus is the beginning of the large one. Workers have one thread each and are compared with one
thread on one core (a single worker on a free machine lets its libraries use every core). Everything written goes to a
new folder in FOLDER, removed at the end; 4 GB of text need about 15 GB there. Leave the machine alone meanwhile: runs
are compared by wall-clock time; with `--repeats`, by the fastest of several, taken in turn.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks import corpus_of_size
from benchmarks.corpora import folder
from pipelines.executors.local import THREAD_VARIABLES

PARTS = ("sizes", "workers", "korean")
MEGABYTE = 1_000_000
PAUSE = 0.2  # seconds between samples
MOST_MB = 2000  # of memory
MOST_GROWTH = 1.2  # of the time per document, from the small corpus to the large
LEAST_GAIN = 1.7  # of two workers over one
MOST_SECONDS = 180  # for the Korean reviews


@dataclass(frozen=True)
class Measured:
    """One run: sizes in MB, times in seconds, memory in MB at its peak."""

    documents: int
    kept: int
    size: float
    wall: float
    processor: float
    peak: float
    stages: dict[str, float]  # seconds of tasks

    @property
    def per_document(self) -> float:
        """Microseconds of wall clock a document."""
        return self.wall / self.documents * 1e6


def descendants(root: int) -> list[int]:
    """A process and all that it started, directly or not."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:  # it has ended
                continue
            parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    found = [root]
    for process in found:
        found.extend(child for child, parent in parents.items() if parent == process)
    return found


def resident(root: int) -> float:
    """Memory of a process and its descendants in MB. Cheap to ask for, unlike the proportional set size: a sampler
    that walks the pages of the processes it watches would slow them."""
    own, mapped = 0, 0
    for process in descendants(root):
        try:
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
        except OSError:  # it has ended
            continue
        sizes = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)
                 if name in ("RssAnon", "RssShmem", "RssFile")}  # fmt: skip
        own += sizes.get("RssAnon", 0) + sizes.get("RssShmem", 0)
        mapped = max(mapped, sizes.get("RssFile", 0))
    return (own + mapped) * 1024 / MEGABYTE


def on_one_core() -> None:
    """Keep this process, and what it starts, to one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def run(inputs: list[Path], out: Path, recipe: str, workers: int) -> Measured:
    """Curate in a child process, one thread a worker; what it took.

    Raises:
        SystemExit: when the command fails, with the end of what it said.
    """
    command = [sys.executable, "-m", "pipelines", "curate", *map(str, inputs), "--out", str(out), "--recipe", recipe]
    command += ["--set", f"workers={workers}"]
    log = out.with_suffix(".log")
    peak, ended = 0.0, threading.Event()
    with log.open("wb") as said:
        started = time.monotonic()
        child = subprocess.Popen(
            command,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")} if workers == 1 else None,
            preexec_fn=on_one_core if workers == 1 else None,
        )
        sampled: list[float] = [0.0]

        def sample() -> None:
            while not ended.wait(PAUSE):
                sampled.append(resident(child.pid))

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)  # processor time of its own children with it
        except BaseException:
            child.terminate()
            child.wait()
            raise
        finally:
            ended.set()
            sampler.join()
        wall, peak = time.monotonic() - started, max(sampled)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {child.returncode}\n{log.read_text()[-2000:]}")
    records = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    stages: Counter[str] = Counter()
    for record in records:
        stages[record["task"].split("/")[1]] += record["seconds"]
    reading = [record["facts"]["records"] for record in records if "/read/" in record["task"]]
    passed = sum(record["facts"].get("passed", 0) for record in records)
    size = sum(path.stat().st_size for path in inputs) / MEGABYTE
    return Measured(sum(reading), passed, size, wall, usage.ru_utime + usage.ru_stime, peak, dict(stages))


def tell(name: str, measured: Measured, stages: bool) -> None:
    print(f"{name:<28}{measured.documents:>10,}{measured.kept:>10,}{measured.size:>8,.0f}{measured.wall:>9.1f}"
          f"{measured.processor:>9.1f}{measured.size / measured.wall:>8.1f}{measured.per_document:>9.1f}"
          f"{measured.peak:>9,.0f}", flush=True)  # fmt: skip
    for stage, seconds in sorted(measured.stages.items(), key=lambda pair: -pair[1]) if stages else []:
        print(f"    {stage:<24}{seconds:>9.1f} s of tasks")


def verdict(what: str, found: float, bound: float, least: bool = False) -> bool:
    met = found >= bound if least else found <= bound
    print(f"{what}: {found:,.2f}, {'at least' if least else 'at most'} {bound:,} wanted: {'met' if met else 'NOT MET'}")
    return met


def sizes_and_workers(arguments: argparse.Namespace, data: Path, scratch: Path) -> list[bool]:
    """The runs on the made corpus, and whether each bound is met."""
    large = int((arguments.large_mb if "sizes" in arguments.parts else arguments.small_mb) * MEGABYTE)
    small = int(arguments.small_mb * MEGABYTE)
    started = time.monotonic()
    file_bytes = min(small, corpus_of_size.FILE_BYTES)
    files, _ = corpus_of_size.write(scratch / "corpus", large, data, file_bytes=file_bytes)
    print(f"corpus of {large / MEGABYTE:,.0f} MB written in {time.monotonic() - started:.0f} s", flush=True)
    beginning = files[: round(small / file_bytes)]
    many = arguments.workers
    names = [("small", beginning, many), ("large", files, many)] if "sizes" in arguments.parts else []
    if "workers" in arguments.parts:
        names += [("small", beginning, 1), ("small", beginning, many)] * arguments.repeats
    found: dict[tuple[str, int], Measured] = {}
    peaks = []
    header()
    for name, inputs, workers in names:
        out = scratch / f"{name}-{workers}"
        measured = run(inputs, out, arguments.recipe, workers)
        best = min(measured, found.get((name, workers), measured), key=lambda one: one.wall)
        found[name, workers] = best
        peaks.append(measured.peak)
        tell(f"{name}, {workers} workers", measured, arguments.stages)
        shutil.rmtree(out)
    met = []
    if "sizes" in arguments.parts:
        growth = found["large", many].per_document / found["small", many].per_document
        met.append(verdict("time per document, large to small", growth, MOST_GROWTH))
        busy = [found[name, many].processor / found[name, many].documents for name in ("large", "small")]
        print(f"processor time per document, large to small: {busy[0] / busy[1]:.2f}")
    if "workers" in arguments.parts:
        gain = found["small", 1].wall / found["small", many].wall
        met.append(verdict(f"gain of {many} workers over one", gain, LEAST_GAIN, least=True))
    return [*met, verdict("peak MB", max(peaks), MOST_MB)]


def korean(arguments: argparse.Namespace, data: Path, scratch: Path) -> list[bool]:
    """The Korean reviews by their recipe, and whether each bound is met."""
    header()
    path = data / "corpora" / "korean-movie-reviews.jsonl.gz"
    measured = run([path], scratch / "korean", "korean-web", arguments.workers)
    tell(f"korean reviews (gz), {arguments.workers} workers", measured, arguments.stages)
    seconds = verdict("Korean reviews, seconds", measured.wall, MOST_SECONDS)
    return [seconds, verdict("Korean reviews, peak MB", measured.peak, MOST_MB)]


def header() -> None:
    columns = f"{'documents':>10}{'kept':>10}{'MB':>8}{'wall s':>9}{'cpu s':>9}{'MB/s':>8}{'us/doc':>9}{'peak MB':>9}"
    print(f"{'run':<28}{columns}")


def main() -> None:
    parser = argparse.ArgumentParser(description="curation at two sizes, with one worker and several")
    parser.add_argument("--scratch", type=Path, required=True, help="folder to work in; a new one in it is removed")
    parser.add_argument("--data")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--small-mb", type=float, default=512)
    parser.add_argument("--large-mb", type=float, default=4096)
    parser.add_argument("--recipe", default="mixed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1, help="runs of each number of workers")
    parser.add_argument("--stages", action="store_true", help="seconds of tasks by stage as well")
    parser.add_argument("--keep", action="store_true", help="leave what was written")
    arguments = parser.parse_args()
    data = folder(arguments.data)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends and the folder goes
    arguments.scratch.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="scale-", dir=arguments.scratch))
    met: list[bool] = []
    try:
        if {"sizes", "workers"} & set(arguments.parts):
            met += sizes_and_workers(arguments, data, scratch)
        if "korean" in arguments.parts:
            met += korean(arguments, data, scratch)
    finally:
        if not arguments.keep:
            shutil.rmtree(scratch)
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
