import pytest
from pydantic import ValidationError

from pipelines.plans.continual import Continual


def test_each_task_is_learned_from_the_model_before_it_with_all_earlier_tasks_rehearsed():
    steps = Continual(data=("a", "b", "c"), tasks=("t",), rehearsal=0.4, per_task=7).steps()
    assert list(steps) == ["learned-1", "rehearsed-2", "learned-2", "rehearsed-3", "learned-3", "examined"]
    assert steps["learned-1"]["model"] == "$model" and steps["learned-1"]["data"] == [{"path": "a", "weight": 1.0}]
    third = steps["rehearsed-3"]
    assert (third["model"], third["refine_with"], third["demos"]) == ("$model", "step:learned-2", ["a", "b"])
    assert third["per_task"] == 7 and third["held_out"] == ["t"]
    assert steps["learned-3"]["model"] == "step:learned-2"
    assert steps["learned-3"]["data"] == [{"path": "c", "weight": 0.6}, {"path": "step:rehearsed-3", "weight": 0.4}]
    assert list(steps["examined"]["models"]) == ["before", "after task 1", "after task 2", "after task 3"]


def test_named_tasks_are_stages_of_one_sequence():
    given = {"data": ("a", "b"), "tasks": ("t",)}
    stages = Continual(**given, taught=("first", "second")).steps()["examined"]["stages"]
    assert stages == {"after task 1": ["first"], "after task 2": ["second"]}
    with pytest.raises(ValidationError, match="found 1 tasks for 2 files, expected one each"):
        Continual(**given, taught=("first",))
