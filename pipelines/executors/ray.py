"""A Ray cluster: one on this machine, or one that is running already and sees the run folder under the same path."""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from curation.errors import InputError

from ..child import ChildError
from .executor import Call, Report
from .local import THREAD_VARIABLES, carry_out, cores, unwrapped

RETRIES = 5  # of a task whose node or process died; tasks write each file whole or not at all, so repeating is safe
KNOCK_SECONDS = 5  # for a cluster to answer at its address; Ray itself would try for minutes
OBJECT_STORE = 256 << 20  # bytes; tasks pass files by their paths, so hardly anything goes through it


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
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray
        except ImportError as error:
            raise InputError(
                'executor ray: Ray is not installed; install it with pip install "keepwise[ray]"'
            ) from error
        self._ray: Any = ray
        if address is not None and ":" in address:
            _knock(address)
        environment = {"env_vars": dict.fromkeys(THREAD_VARIABLES, "1")}
        try:
            if address is None:
                ray.init(
                    address="local", num_cpus=workers or cores(), object_store_memory=OBJECT_STORE,
                    include_dashboard=False, log_to_driver=False, logging_level=logging.WARNING,
                    runtime_env=environment,
                )  # fmt: skip
            else:
                ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING, runtime_env=environment)
        except (ConnectionError, RuntimeError, ValueError) as error:
            sentence = " ".join(str(error).split())
            raise InputError(
                f"ray address {address!r}: cannot be reached ({sentence}); start it with ray start"
            ) from error
        self.workers = max(1, int(ray.cluster_resources().get("CPU", 1)))

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


def _knock(address: str) -> None:
    """Refuse an address at which nothing listens."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()
    except (OSError, ValueError) as error:
        raise InputError(
            f"ray address {address!r}: nothing answers there ({error}); start it with ray start"
        ) from error
