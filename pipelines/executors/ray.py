"""A Ray cluster: one on this machine, or one that is running already and sees the run folder under the same path."""

from collections.abc import Iterator, Sequence
from typing import Any

from curation import cluster
from curation.cores import cores

from ..child import ChildError
from .executor import Call, Report
from .local import THREAD_VARIABLES, carry_out, unwrapped

RETRIES = 5  # of a task whose node or process died; tasks write each file whole or not at all, so repeating is safe


class RayExecutor:
    """Tasks on a Ray cluster, one core each.

    Args:
        address: of a running cluster (`host:port`, `ray://...` or `auto`); none starts one on this machine.
        workers: cores of the cluster that is started here, all unless given.

    Raises:
        InputError: when Ray is not installed or the cluster cannot be reached.
    """

    threads: int | None = 1
    reports = False

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        environment = dict.fromkeys(THREAD_VARIABLES, "1")
        self._ray = cluster.connect(address, "executor ray", workers or cores(), environment)
        self.workers = max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def map(self, calls: Sequence[Call], report: Report) -> Iterator[tuple[int, Any]]:
        """See `Executor.map`; progress inside a call is not reported."""
        run = self._ray.remote(num_cpus=1, max_retries=RETRIES)(carry_out)
        running: dict[Any, int] = {}
        waiting = iter(enumerate(calls))
        try:
            while True:
                while len(running) < 2 * self.workers and (following := next(waiting, None)) is not None:
                    number, (function, arguments) = following
                    running[run.remote(function, arguments)] = number
                if not running:
                    return
                finished, _ = self._ray.wait(list(running), num_returns=1)
                for reference in finished:
                    yield running.pop(reference), self._result(reference)
        finally:
            for reference in running:
                self._ray.cancel(reference, force=True)

    def _result(self, reference: Any) -> Any:
        try:
            outcome, value = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            raise ChildError(f"a task was lost {RETRIES + 1} times with its node or process: {error}") from error
        return unwrapped(outcome, value)

    def __enter__(self) -> "RayExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()
