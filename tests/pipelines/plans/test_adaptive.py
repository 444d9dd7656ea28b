from pipelines.plans.adaptive import Adaptive

GIVEN = {"data": ("d",), "demos": ("o",), "tasks": ("t",), "new_tasks": ("n",)}


def test_a_round_rehearses_what_the_examination_before_it_shows_lost():
    steps = Adaptive(**GIVEN, rounds=3).steps()
    assert [name for name in steps if name.startswith("tuned")] == ["tuned-1", "tuned-2", "tuned-3"]
    assert "rehearsed-1" not in steps
    assert steps["rehearsed-3"]["adaptive"] == {"file": "step:examined-2"}
    assert steps["rehearsed-3"]["held_out"] == ["t"]  # whose items' texts say which cluster an instance is of
    assert steps["tuned-3"]["model"] == "step:tuned-2"
    assert steps["examined-3"]["models"] == {"before": "$model", "after round 3": "step:tuned-3"}


def test_a_round_is_not_needed_when_little_is_forgotten():
    unless = Adaptive(**GIVEN, rounds=3, margin=0.1).unless()
    assert set(unless) == {f"{step}-{number}" for step in ("rehearsed", "tuned", "examined") for number in (2, 3)}
    assert unless["tuned-3"] == {"step": "examined-2", "forgotten_under": 0.1, "use": "step:tuned-2"}
    assert unless["rehearsed-2"]["use"] is None


def test_what_was_lost_is_told_and_rehearsed_by_cluster():
    asked = {given["clusters"] for name, given in Adaptive(**GIVEN).steps().items() if name.startswith("examined")}
    assert asked == {4}
    assert Adaptive(**GIVEN, clusters=0).steps()["examined-1"]["clusters"] == 0
