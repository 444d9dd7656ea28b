"""Tasks that ask a model, in a process of its own: it is loaded once for all of them, and its memory ends with it."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from curation import chat
from curation.errors import InputError

from ...child import ChildError, die_with_parent
from ...executors import Call, Report
from ...executors.local import carry_out, unwrapped
from ...progress import Advance, track
from ...recipe import STEP

Opening = Callable[..., AbstractContextManager[Any]]  # advance, arguments -> the model while it is open

opened: list[tuple[Any, Advance]] = []  # in the child: the model that its calls ask, and what tells the progress


def model_there(step: str, name: str, model: str) -> Path:
    """The folder of a model that a curate step asks.

    Raises:
        InputError: when it is not there, or is to be made by another step of the recipe.
    """
    if model.startswith(STEP):
        raise InputError(f"{step}: {name}.model: found {model}, expected a model folder or name that is there before")
    return chat.model_folder(model)


class ModelChild:
    """An executor of calls that ask one model, which is open in a child process as long as there are calls.

    Args:
        title: what the progress is called.
        unit: what is counted.
        opening: module-level function that opens the model, given what advances the progress.
        arguments: its others.
    """

    workers = 1
    threads: int | None = None
    reports = False

    def __init__(self, title: str, unit: str, opening: Opening, *arguments: Any) -> None:
        self._arguments = (title, unit, opening, arguments)

    def map(self, calls: Sequence[Call], report: Report) -> Iterator[tuple[int, Any]]:
        """See `Executor.map`; without calls the model is not loaded."""
        if not calls:
            return
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_serve, args=(sender, list(calls), *self._arguments))
        process.start()
        sender.close()
        done = False
        try:
            for _ in calls:
                number, outcome, value = receiver.recv()
                yield number, unwrapped(outcome, value)
            done = True
        except EOFError as error:
            process.join()
            raise ChildError(f"the model's process ended with {process.exitcode} (out of memory?)") from error
        finally:
            if not done:
                process.terminate()
            process.join()

    def __enter__(self) -> "ModelChild":
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _serve(sender: Connection, calls: list[Call], *arguments: Any) -> None:
    die_with_parent()
    try:
        outcome, said = carry_out(_answer, (sender, calls, *arguments))
        if outcome != "returned":
            sender.send((-1, outcome, said))
    except KeyboardInterrupt:
        sys.exit(130)


def _answer(
    sender: Connection, calls: list[Call], title: str, unit: str, opening: Opening, arguments: tuple[Any, ...]
) -> None:
    with track(title, None, unit) as advance, opening(advance, *arguments) as model:
        opened.append((model, advance))
        for number, (function, given) in enumerate(calls):
            sender.send((number, "returned", function(*given)))
