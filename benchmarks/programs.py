"""Checks of answers that are programs: one after the other, and beside each other on all cores.

    python -m benchmarks.programs [--programs 200] [--rounds 5]

The same programs are checked in both ways, in turns; half of them are right, and both ways must say the same of each.
A bare start of the interpreter, without a sandbox, is timed beside them: what no check can be quicker than.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from curation.checks import beside, sandbox, typed
from curation.checks.typed_result import CheckResult
from curation.cores import cores

Program = tuple[str, str]  # tests and what is checked with them


def programs(count: int) -> list[Program]:
    """Functions that add a number, of which every second adds another one than the tests want."""
    return [
        (f"assert add(1) == {number + 1}", f"def add(value):\n    return value + {number + number % 2}")
        for number in range(count)
    ]


def checked(one: Program) -> CheckResult:
    return typed.check("python_code", one[0], one[1])


def timed(work: Callable[[], list[CheckResult]]) -> tuple[float, list[CheckResult]]:
    """Seconds, and what was found."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    every = programs(given.programs)
    ways: dict[str, Callable[[], list[CheckResult]]] = {
        "one after the other": lambda: [checked(one) for one in every],
        "beside each other": lambda: beside.each(checked, every, lambda one: True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    bare: list[float] = []
    for _ in range(given.rounds):
        verdicts = []
        for name, work in ways.items():
            took, found = timed(work)
            seconds[name].append(took)
            verdicts.append([one.passed for one in found])
        if verdicts[0] != verdicts[1] or sum(verdicts[0]) != (given.programs + 1) // 2:
            raise SystemExit("the two ways do not say the same of every program")
        start = time.perf_counter()
        for _ in range(given.programs):
            subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
        bare.append(time.perf_counter() - start)
    print(f"{given.programs} programs, {given.rounds} rounds, {cores()} cores, sandbox {sandbox.available()}")
    for name, many in [*seconds.items(), ("bare interpreters", bare)]:
        each = 1000 * median(many) / given.programs
        print(f"{name:<22}{median(many):>8.2f} s ({min(many):.2f} to {max(many):.2f}), {each:.0f} ms a program")


if __name__ == "__main__":
    main()
