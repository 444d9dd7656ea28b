"""Coroutines for a thread that waits: bounded, ended by the first error, and never in the waiting thread."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from synth.engines.server.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()
    loop.close()
    assert loop.is_closed


def test_all_results_come_once_with_their_places_and_no_more_run_than_allowed(loop: Loop) -> None:
    running, most = 0, 0

    async def job(number: int) -> int:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.001 * (number % 3))
        running -= 1
        return number * number

    found = list(loop.each([lambda number=number: job(number) for number in range(30)], 4))
    assert sorted(found) == [(number, number * number) for number in range(30)]
    assert most == 4
    assert list(loop.each([], 4)) == []


def test_the_first_error_ends_the_others_and_what_ended_before_is_given(loop: Loop) -> None:
    ended: list[int] = []

    async def job(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        if number > 3:
            await asyncio.sleep(60)
        ended.append(number)
        return number

    found = []
    with pytest.raises(ValueError, match="^three$"):
        for place, _ in loop.each([lambda number=number: job(number) for number in range(8)], 1):
            found.append(place)
    assert found == ended == [0, 1, 2]


def test_leaving_early_cancels_what_is_under_way(loop: Loop) -> None:
    cancelled = threading.Event()

    async def job(number: int) -> int:
        try:
            await asyncio.sleep(60 * number)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return number

    results = loop.each([lambda number=number: job(number) for number in range(2)], 2)
    assert next(results) == (0, 0)
    results.close()
    assert cancelled.wait(5)


def test_it_runs_where_a_loop_runs_already(loop: Loop) -> None:
    """As in a notebook."""

    async def inner() -> str:
        return threading.current_thread().name

    async def outer() -> str:
        return loop.run(inner())

    assert asyncio.run(outer()) == "server engine"
