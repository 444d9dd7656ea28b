import pytest

from pipelines.plans.plan import Plan, examination, rows


def test_sources_share_their_weight():
    assert rows("a", "b", weight=0.5) == [{"path": "a", "weight": 0.25}, {"path": "b", "weight": 0.25}]


def test_an_examination_compares_with_its_first_model():
    step = examination({"before": "m", "after": "step:s"}, ("t",), ("new",))
    assert (step["job"], list(step["models"]), step["tasks"], step["new_tasks"]) == (
        "evaluate", ["before", "after"], ["t"], ["new"],
    )  # fmt: skip


def test_a_plan_without_steps_is_none():
    with pytest.raises(TypeError, match="steps"):
        Plan()


def test_a_plan_leaves_no_step_out_unless_it_says_so():
    class Shortest(Plan):
        def steps(self):
            return {"examined": examination({"before": "m"}, ("t",))}

    assert Shortest().unless() == {}
