import pytest
from pydantic import ValidationError

from pipelines.plans.adaptation import Dapt, Tapt


def test_the_domain_is_read_once_and_then_the_task_several_times():
    steps = Dapt(documents=("d", "e"), task_texts=("t",), tasks=("q",)).steps()
    assert list(steps) == ["domain", "task", "examined"]
    assert (steps["domain"]["epochs"], steps["task"]["epochs"]) == (1.0, 4.0)
    assert steps["domain"]["data"] == [{"path": "d", "weight": 0.5}, {"path": "e", "weight": 0.5}]
    assert (steps["domain"]["model"], steps["task"]["model"]) == ("$model", "step:domain")
    assert {step["tuning"] for step in (steps["domain"], steps["task"])} == {"full"}
    assert list(Dapt(documents=("d",), tasks=("q",)).steps()) == ["domain", "examined"]


def test_replay_has_its_share_of_the_tokens_beside_both():
    steps = Dapt(documents=("d",), task_texts=("t",), replay=("r",), share=0.25, tasks=("q",)).steps()
    for name, text in (("domain", "d"), ("task", "t")):
        assert steps[name]["data"] == [{"path": text, "weight": 0.75}, {"path": "r", "weight": 0.25}]


def test_the_task_alone_starts_from_the_model():
    steps = Tapt(task_texts=("t",), tasks=("q",), task_epochs=2).steps()
    assert list(steps) == ["task", "examined"]
    assert (steps["task"]["model"], steps["task"]["epochs"]) == ("$model", 2.0)
    with pytest.raises(ValidationError):
        Tapt(tasks=("q",))
