import random

from train.evaluation.regions import clustered
from train.evaluation.tasks import Task

FRUIT = ("apple", "pear", "plum", "cherry", "grape")


def items() -> list[Task]:
    asked = [f"What colour is a {one}, the fruit, when it is ripe?" for one in FRUIT]
    asked += [f"Compute the sum of {n} and {n + 1} and write the number." for n in range(5)]
    return [Task(f"{n:02d}", "t", "contains", (("user", text),), ("x",)) for n, text in enumerate(asked)]


def test_items_that_ask_alike_share_a_cluster_whatever_their_order() -> None:
    found = clustered(items(), 2)
    assert [item.cluster for item in found] == [0] * 5 + [1] * 5
    mixed = items()
    random.Random(4).shuffle(mixed)
    assert sorted(clustered(mixed, 2), key=lambda item: item.id) == found


def test_a_task_with_clusters_of_its_own_keeps_them_and_tasks_stand_apart() -> None:
    own = [Task("1", "own", "contains", "p", ("x",), cluster=7), Task("2", "own", "contains", "q", ("x",))]
    text = [Task(str(n), "text", "bits_per_byte", (), (f"some text {n}",)) for n in range(3)]
    found = clustered([*own, *text, *items()], 2)
    assert [item.cluster for item in found[:2]] == [7, None]
    assert {item.cluster for item in found[2:5]} == {0, 1}
    assert found[5:] == clustered(items(), 2)


def test_no_more_clusters_than_items() -> None:
    alike = [Task(str(n), "t", "contains", "the same prompt", ("x",)) for n in range(4)]
    assert {item.cluster for item in clustered(alike, 3)} == {0}
    assert clustered([], 3) == []
