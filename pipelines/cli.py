"""The command line: the entry point, and what becomes of errors."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from curation import storage
from curation.errors import InputError

from .child import ChildError
from .commands import curation as curation_commands
from .commands import generation, models, review, runs
from .commands.app import app

COMMANDS = (curation_commands, generation, models, review, runs)  # their functions have joined `app` by being imported
INTERRUPTED = 130  # exit code of what SIGINT ended


def main(arguments: list[str] | None = None) -> None:
    """Entry point of `keepwise`: bad input ends with one sentence and exit code 2."""
    sys.exit(guarded(lambda: app(arguments, standalone_mode=True)))


def guarded(command: Callable[[], Any]) -> int:
    """Run a command and turn what may go wrong into a sentence and an exit code."""
    try:
        command()
    except SystemExit as error:
        if error.code == INTERRUPTED:  # typer makes this of Ctrl-C, without a word
            return _interrupted()
        return error.code if isinstance(error.code, int) else 1
    except InputError as error:
        return _refuse(str(error))
    except OSError as error:
        if not storage.disk_full(error):
            raise
        return _refuse(storage.no_space(Path(error.filename or "the run folder")))
    except ChildError as error:  # a fault of ours: the child's own traceback says more than this process's
        print(
            f"{error}\nThis is a fault in Keepwise or a library; the same command goes on from here.", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        return _interrupted()
    return 0


def _interrupted() -> int:
    print("Interrupted; the same command continues where this one stopped.", file=sys.stderr)
    return INTERRUPTED


def _refuse(sentence: str) -> int:
    Console(stderr=True, soft_wrap=True).print(Text.assemble(("Error:", "bold red"), " ", sentence))
    return 2
