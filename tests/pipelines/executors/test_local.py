import os
import signal
import sys

import pytest

from curation.errors import InputError
from pipelines.child import ChildError
from pipelines.executors import LocalExecutor, report_progress
from pipelines.executors.local import carry_out, cores, unwrapped


def work(value: int) -> tuple[int, int, str | None]:
    report_progress(1.0)
    return value, os.getpid(), os.environ.get("POLARS_MAX_THREADS")


def fails(sentence: str) -> None:
    raise InputError(sentence)


def breaks() -> None:
    raise ZeroDivisionError("by a fault")


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_calls_run_in_other_processes_of_one_thread_each_and_come_back_with_their_numbers():
    told: list[float] = []
    before = os.environ.get("POLARS_MAX_THREADS")
    with LocalExecutor(2) as executor:
        results = dict(executor.map([(work, (n,)) for n in range(12)], told.append))
        again = dict(executor.map([(work, (0,))], told.append))
    assert {number: result[0] for number, result in results.items()} == {n: n for n in range(12)}
    processes = {result[1] for result in results.values()}
    assert os.getpid() not in processes and len(processes) <= 2
    assert again[0][1] in processes  # the pool stays
    assert {result[2] for result in results.values()} == {"1"}
    assert os.environ.get("POLARS_MAX_THREADS") == before
    assert set(told) == {1.0}


def loaded(module: str) -> bool:
    return module in sys.modules


def test_processes_start_with_the_context_and_load_what_calls_will_need():
    with LocalExecutor(2, preload=("this",)) as executor:
        assert executor._pool is not None
        assert dict(executor.map([(loaded, ("this",))] * 4, print)) == dict.fromkeys(range(4), True)
    assert "this" not in sys.modules


def test_an_error_comes_back_as_what_it_was():
    with LocalExecutor(1) as executor:
        with pytest.raises(InputError, match="expected better"):
            list(executor.map([(fails, ("found this, expected better",))], print))
        with pytest.raises(ChildError, match="ZeroDivisionError: by a fault"):
            list(executor.map([(breaks, ())], print))


def test_a_killed_process_is_said_to_be_one():
    with LocalExecutor(1) as executor, pytest.raises(ChildError, match="killed"):
        list(executor.map([(dies, ())], print))


def test_what_a_call_returned_is_unwrapped():
    assert unwrapped(*carry_out(abs, (-3,))) == 3
    assert cores() >= 1
