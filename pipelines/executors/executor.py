"""What an executor does, and the one that does it in this process."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol

Call = tuple[Callable[..., Any], tuple[Any, ...]]  # a module-level function and its arguments, all picklable
Report = Callable[[float], None]  # told how much of a task is done, in the unit of the caller


class Executor(Protocol):
    """Carries out calls somewhere.

    Attributes:
        workers: calls that run at the same time.
        threads: threads that one call should use, none for all there are.
        reports: whether the progress inside a call is passed on.
    """

    workers: int
    threads: int | None
    reports: bool

    def map(self, calls: Sequence[Call], report: Report) -> Iterator[tuple[int, Any]]:
        """Carry out calls and yield the number of each in `calls` with what it returned, as they finish.

        Raises:
            InputError: as a call raised it.
            ChildError: when a call raised anything else in another process, or its process died.
        """
        ...

    def __enter__(self) -> "Executor": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


_reporting: list[Report] = []  # of the call that this process carries out


def report_progress(amount: float) -> None:
    """Tell whoever started the present call that so much more of it is done; nothing where nobody listens."""
    if _reporting:
        _reporting[-1](amount)


class InProcess:
    """One call after another in this process."""

    workers = 1
    threads: int | None = None
    reports = True

    def map(self, calls: Sequence[Call], report: Report) -> Iterator[tuple[int, Any]]:
        """See `Executor.map`; a call's own exceptions are raised as they are."""
        for number, (function, arguments) in enumerate(calls):
            _reporting.append(report)
            try:
                result = function(*arguments)
            finally:
                _reporting.pop()
            yield number, result

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None:
        return None


def listen(report: Report) -> None:
    """From now on, what calls of this process report goes to `report`: for the processes of an executor."""
    _reporting[:] = [report]
