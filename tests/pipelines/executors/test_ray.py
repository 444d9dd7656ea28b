import os

import pytest

from curation.errors import InputError
from pipelines.child import ChildError
from pipelines.executors import RayExecutor

pytest.importorskip("ray", reason="Ray is not installed (extra `ray`)")
pytestmark = pytest.mark.slow


def squared(value: int) -> tuple[int, int]:
    return value * value, os.getpid()


def fails() -> None:
    raise InputError("found this, expected better")


def dies() -> None:
    os._exit(1)


@pytest.fixture(scope="module")
def cluster():
    with RayExecutor(workers=2) as executor:
        yield executor


def test_calls_run_on_the_cluster_and_come_back_with_their_numbers(cluster):
    assert cluster.workers == 2
    results = dict(cluster.map([(squared, (n,)) for n in range(9)], print))
    assert {number: value for number, (value, _) in results.items()} == {n: n * n for n in range(9)}
    assert os.getpid() not in {process for _, process in results.values()}


def test_an_error_comes_back_as_what_it_was_and_a_lost_task_is_said(cluster):
    with pytest.raises(InputError, match="expected better"):
        list(cluster.map([(fails, ())], print))
    with pytest.raises(ChildError, match="lost"):
        list(cluster.map([(dies, ())], print))


def test_a_cluster_that_is_not_there_is_one_sentence(cluster):
    cluster.__exit__()  # one connection a process
    with pytest.raises(InputError, match="127.0.0.1:9.*ray start"):
        RayExecutor("127.0.0.1:9")
