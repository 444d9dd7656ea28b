"""Calls that ask a model in a child process: a real process, a model that is a list."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines.child import ChildError
from pipelines.jobs.curate import asking
from pipelines.jobs.curate.asking import ModelChild, model_there


@contextlib.contextmanager
def opening(advance, note: str) -> Iterator[list[str]]:
    path = Path(note)
    path.write_text(path.read_text() + "opened ")
    yield [str(os.getpid())]
    path.write_text(path.read_text() + "closed ")


def answer(word: str) -> tuple[str, list[str]]:
    return word, asking.opened[-1][0]


def fail() -> None:
    raise InputError("text 7: too long")


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note"
    path.write_text("")
    return path


def child(note: Path) -> ModelChild:
    return ModelChild("t", "texts", opening, str(note))


def ignore(amount: float) -> None:
    pass


def test_a_model_is_opened_once_for_all_calls_elsewhere_and_not_for_none(note):
    assert list(child(note).map([], ignore)) == [] and note.read_text() == ""
    found = list(child(note).map([(answer, ("a",)), (answer, ("b",))], ignore))
    assert [(number, word) for number, (word, _) in found] == [(0, "a"), (1, "b")]
    (one,), (other,) = (model for _, (_, model) in found)
    assert one == other != str(os.getpid()) and note.read_text() == "opened closed "


def test_bad_input_in_the_child_is_bad_input_here(note):
    with pytest.raises(InputError, match="text 7: too long"):
        list(child(note).map([(answer, ("a",)), (fail, ())], ignore))


def test_a_child_that_is_killed_says_so(note):
    found = child(note).map([(answer, ("a",)), (kill_itself, ())], ignore)
    assert next(found)[0] == 0
    with pytest.raises(ChildError, match="ended with -9"):
        next(found)


def test_a_model_of_another_step_and_one_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"c: grade\.model: found step:tuned"):
        model_there("c", "grade", "step:tuned")
    with pytest.raises(InputError, match="nowhere"):
        model_there("c", "grade", str(tmp_path / "nowhere"))
