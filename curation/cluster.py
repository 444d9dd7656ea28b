"""A Ray cluster: one that is running already, or one on this machine that ends with who started it."""

import logging
import os
import socket
from collections.abc import Mapping
from typing import Any

from .errors import InputError

KNOCK_SECONDS = 5  # for a cluster to answer at its address; Ray itself would try for minutes
OBJECT_STORE = 256 << 20  # bytes; what is sent are paths, prompts and answers, so hardly anything goes through it


def connect(
    address: str | None, wanted_by: str, cores: int | None = None, environment: Mapping[str, str] | None = None
) -> Any:
    """Connect this process to a cluster and give the module `ray`; `ray.shutdown()` ends what was begun here.

    Args:
        address: of a running cluster (`host:port`, `ray://...` or `auto`); none starts one on this machine.
        wanted_by: the setting that asks for it, for errors.
        cores: of a cluster that is started here, all unless given.
        environment: variables that its tasks and actors have.

    Raises:
        InputError: when Ray is not installed or the cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise InputError(f'{wanted_by}: Ray is not installed; install it with pip install "keepwise[ray]"') from error
    if address is not None and ":" in address:
        _knock(address)
    local: dict[str, Any] = {"num_cpus": cores, "object_store_memory": OBJECT_STORE, "include_dashboard": False}
    try:
        ray.init(
            address=address or "local", log_to_driver=False, logging_level=logging.WARNING,
            runtime_env={"env_vars": dict(environment or {})}, **({} if address else local),
        )  # fmt: skip
    except (ConnectionError, RuntimeError, ValueError) as error:
        sentence = " ".join(str(error).split())[:300]
        raise InputError(f"ray address {address!r}: cannot be reached ({sentence}); start it with ray start") from error
    return ray


def _knock(address: str) -> None:
    """Refuse an address at which nothing listens."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()
    except (OSError, ValueError) as error:
        raise InputError(
            f"ray address {address!r}: nothing answers there ({error}); start it with ray start"
        ) from error
