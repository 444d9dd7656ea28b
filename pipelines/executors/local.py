"""Several processes on this machine, each with one thread: partitions are independent, so they scale better."""

import importlib
import multiprocessing
import os
import queue
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from curation.cores import cores
from curation.errors import InputError

from ..child import ChildError, die_with_parent
from .executor import Call, Report, listen

THREAD_VARIABLES = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS")  # read when a library is loaded
POLL_SECONDS = 0.2


class LocalExecutor:
    """A pool of spawned processes, started with the context, so that they load while calls are prepared, and ended
    with it.

    Args:
        workers: processes, one for each core unless given.
        preload: modules that each process imports at once, rather than with the first call that needs them.
    """

    threads: int | None = 1
    reports = True

    def __init__(self, workers: int | None = None, preload: tuple[str, ...] = ()) -> None:
        self.workers = workers or cores()
        self.preload = preload
        self._pool: ProcessPoolExecutor | None = None
        self._context = multiprocessing.get_context("spawn")
        self._reports: Any = None

    def map(self, calls: Sequence[Call], report: Report) -> Iterator[tuple[int, Any]]:
        """See `Executor.map`. At most two calls a worker are handed over in advance, so that Ctrl-C stops soon."""
        pool = self._start()
        running: dict[Future[Any], int] = {}
        waiting = iter(enumerate(calls))
        try:
            while True:
                while len(running) < 2 * self.workers and (following := next(waiting, None)) is not None:
                    number, (function, arguments) = following
                    running[pool.submit(carry_out, function, arguments)] = number
                if not running:
                    return
                finished, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                self._pass_on(report)
                for future in finished:
                    yield running.pop(future), _result(future)
        finally:
            for future in running:
                future.cancel()

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._reports = self._context.Queue()
            before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
            os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
            try:
                self._pool = ProcessPoolExecutor(
                    self.workers,
                    mp_context=self._context,
                    initializer=_begin,
                    initargs=(self._reports, self.preload),
                )
                for _ in range(self.workers):  # a submitted call starts a process: all now, while the variables are set
                    self._pool.submit(os.getpid)
            finally:
                for name, value in before.items():
                    if value is None:
                        del os.environ[name]
                    else:
                        os.environ[name] = value
        return self._pool

    def _pass_on(self, report: Report) -> None:
        while True:
            try:
                report(self._reports.get_nowait())
            except queue.Empty:
                return

    def __enter__(self) -> "LocalExecutor":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _begin(reports: Any, preload: tuple[str, ...]) -> None:
    die_with_parent()
    listen(reports.put)
    for module in preload:
        importlib.import_module(module)


def carry_out(function: Any, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """Call a function; how it ended and what it returned or said, to be passed to `unwrapped` in another process."""
    try:
        return "returned", function(*arguments)
    except InputError as error:
        return "input", str(error)
    except Exception:
        return "raised", traceback.format_exc()


def _result(future: Future[Any]) -> Any:
    try:
        outcome, value = future.result()
    except BrokenProcessPool as error:
        raise ChildError("a process of the pool was killed (out of memory?); fewer workers need less") from error
    return unwrapped(outcome, value)


def unwrapped(outcome: str, value: Any) -> Any:
    """What a call in another process returned, or its exception raised here."""
    if outcome == "input":
        raise InputError(value)
    if outcome == "raised":
        raise ChildError(value)
    return value
