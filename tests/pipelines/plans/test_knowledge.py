from pipelines.plans.knowledge import KNOWN, NEW, NewKnowledge
from pipelines.report.words import TIERS

GIVEN = {"data": ("a",), "documents": ("d",), "tasks": ("t",)}


def test_every_tier_takes_one_of_the_two_roads():
    assert {NEW, *KNOWN} == set(TIERS)


def test_new_rows_go_to_pit_stages_and_the_others_to_self_distillation():
    steps = NewKnowledge(**GIVEN, samples=6).steps()
    assert list(steps) == ["distilled", "questioned", "read", "tuned", "examined"]
    assert steps["distilled"]["knowledge"] == {"samples": 6}
    assert steps["questioned"]["data"] == [{"path": "step:distilled", "tier": [NEW]}]
    assert (steps["read"]["method"], steps["read"]["model"]) == ("cpt", "step:questioned")
    assert steps["tuned"]["data"] == [{"path": "step:distilled", "tier": list(KNOWN)}]


def test_a_road_without_rows_is_left_out():
    unless = NewKnowledge(**GIVEN).unless()
    assert unless["questioned"]["use"] == "$model" and unless["read"]["use"] == "step:questioned"
    assert unless["tuned"] == {"step": "distilled", "without_tier": list(KNOWN), "use": "step:read"}
