"""Checks of many: the same findings in the same order, programs beside each other, errors not swallowed."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.checks import beside
from curation.errors import InputError


@given(st.lists(st.tuples(st.integers(), st.booleans()), max_size=40))
def test_findings_stand_in_the_order_of_what_was_checked(every: list[tuple[int, bool]]) -> None:
    assert beside.each(lambda one: one[0] * 2, every, lambda one: one[1]) == [2 * number for number, _ in every]


def test_only_programs_leave_the_thread_and_as_many_as_there_are_cores_run_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(beside, "cores", lambda: 3)
    all_there = threading.Barrier(3, timeout=20)  # broken, an error, unless three wait at once

    def check(runs: bool) -> str:
        if runs:
            all_there.wait()
        return threading.current_thread().name

    here = threading.current_thread().name
    found = beside.each(check, [True, False, True, True], lambda runs: runs)
    assert found[1] == here and here not in (found[0], found[2], found[3])


def test_an_error_ends_all_and_what_has_not_begun_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "cores", lambda: 1)
    begun = []

    def check(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise InputError("no sandbox")
        time.sleep(0.05)

    with pytest.raises(InputError, match="no sandbox"):
        beside.each(check, list(range(100)), lambda number: True)
    assert len(begun) < 50
