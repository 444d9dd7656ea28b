"""Checks of many answers: those that run a program only wait for it, and so stand beside each other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..cores import cores

PROGRAMS = frozenset(("python_code", "python_output"))  # kinds of checks that run what the answer is

Given = TypeVar("Given")
Found = TypeVar("Found")


def each(check: Callable[[Given], Found], given: Sequence[Given], runs: Callable[[Given], bool]) -> list[Found]:
    """What a check finds of each, in their order; as many programs run at a time as there are cores.

    A program's limit is its own CPU time, and its wall-clock time twice that and more, so that neighbours change no
    verdict. An error of one ends all: what has not begun by then is left out.

    Args:
        check: of one; it must change nothing that another reads.
        given: what is checked.
        runs: whether the check of one runs a program; the others are checked here, one after the other.
    """
    pool = ThreadPoolExecutor(cores())
    try:
        waiting = {number: pool.submit(check, one) for number, one in enumerate(given) if runs(one)}
        return [waiting[number].result() if number in waiting else check(one) for number, one in enumerate(given)]
    finally:
        pool.shutdown(cancel_futures=True)
