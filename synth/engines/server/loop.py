"""An event loop in a thread of its own, so that engines are asked without `async`, in notebooks too."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Job = Callable[[], Coroutine[Any, Any, T]]


class Loop:
    """Runs coroutines for a thread that waits."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="server engine", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine; an interrupt while waiting cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, jobs: Sequence[Job[T]], limit: int) -> Iterator[tuple[int, T]]:
        """Places and results of all jobs as they end, `limit` of them under way at a time.

        The first error ends all of them and is raised; so does leaving the iterator.
        """
        ended: queue.SimpleQueue[tuple[int, T] | None] = queue.SimpleQueue()
        waiting = iter(enumerate(jobs))

        async def work() -> None:
            for place, job in waiting:
                ended.put((place, await job()))

        async def all_of_them() -> None:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(limit, len(jobs))):
                        group.create_task(work())
            finally:
                ended.put(None)

        future = asyncio.run_coroutine_threadsafe(all_of_them(), self._loop)
        try:
            while (one := ended.get()) is not None:
                yield one
            try:
                future.result()
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None
        finally:
            future.cancel()
            with contextlib.suppress(BaseException):
                self.run(asyncio.sleep(0))  # what was cancelled has seen it

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._loop.is_closed()

    def close(self) -> None:
        """End the loop and its thread; twice does nothing."""
        if not self.is_closed:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
