"""A function run in a process of its own: its memory, threads and engine are gone when it returns."""

import ctypes
import multiprocessing
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from curation.errors import InputError


class ChildError(Exception):
    """The child process died, or raised something that is not the user's input's fault."""


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a module-level function in a spawned process and return what it returns.

    The engine, the trainer and their threads start from the same state however the run got here, which is what makes
    a resumed run equal to an unbroken one; and models do not add up in memory.

    Raises:
        InputError: as the function raised it.
        ChildError: when it raised anything else, or was killed (then with the likely reason).
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        outcome, value = receiver.recv()
    except EOFError:
        outcome, value = "died", None
    except BaseException:
        process.terminate()
        process.join()
        raise
    process.join()
    if outcome == "returned":
        return value
    if outcome == "input":
        raise InputError(value)
    if outcome == "raised":
        raise ChildError(value)
    reason = " (out of memory?)" if process.exitcode == -signal.SIGKILL else ""
    raise ChildError(f"{function.__module__}.{function.__name__} ended with exit code {process.exitcode}{reason}")


def _serve(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    die_with_parent()
    try:
        sender.send(("returned", function(*arguments)))
    except InputError as error:
        sender.send(("input", str(error)))
    except KeyboardInterrupt:
        sys.exit(130)
    except BaseException:
        sender.send(("raised", traceback.format_exc()))


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent ends, so that a killed run leaves nobody writing to its folder."""
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
