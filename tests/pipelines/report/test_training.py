"""A training on the page: what it was fed, what was measured in every step and on held-out pairs."""

from typing import Any

from pipelines.report import training


def test_tokens_of_a_training_by_source() -> None:
    facts = {
        "tokens": 400,
        "options": {"steps": 5, "learning_rate": 0.0002},
        "sources": {"new": {"tokens": 100, "passes": 1.0, "dropped": 0}, "old": {"tokens": 300, "passes": 2.5}},
    }
    view = training.train({"facts": facts})
    assert [(source["name"], source["share"], source["passes"]) for source in view["sources"]] == [
        ("new", "25 %", "1"),
        ("old", "75 %", "2.5"),
    ]
    assert view["settings"] == [("steps", "5"), ("learning rate", "0.0002")]


def test_a_long_training_is_drawn_with_few_points_and_its_end_is_said() -> None:
    course = [1 / (step + 1) for step in range(10_000)]
    drawn = training.losses([{"name": "long", "job": "train", "facts": {"losses": course}}])
    assert drawn is not None and len(drawn) < 30_000 and "long ends at 0.000" in drawn
    assert training.losses([{"name": "none", "job": "train", "facts": {}}]) is None


def test_the_loss_of_pairs_is_not_said_to_be_of_tokens() -> None:
    def drawn(*methods: str) -> str:
        return str(training.losses([
            {"name": method, "job": "train", "facts": {"losses": [2.0, 1.0], "options": {"method": method}}}
            for method in methods
        ]))  # fmt: skip

    assert "loss, nats a token" in drawn("cpt", "sft")
    for methods in (("dpo",), ("sft", "dpo"), ("ppo",)):
        assert "nats a token" not in drawn(*methods) and "loss, of each method its own" in drawn(*methods)


def test_rows_of_other_tiers_are_counted_where_some_were_left_out() -> None:
    sources = {"distilled": {"tokens": 5}, "other": {"tokens": 5}}
    view = training.train({"facts": {"sources": sources, "of_other_tiers": {"distilled": 7}}})
    assert view["other"] and [row["other"] for row in view["sources"]] == ["7", "0"]
    assert not training.train({"facts": {"sources": sources}})["other"]


def test_measures_are_small_charts_that_say_where_they_begin_and_end() -> None:
    view = training.train({"facts": {"measures": {"rewards/margins": [0.0, 0.5, 1.25], "empty": []}}})
    (drawn,) = view["measures"]
    assert (drawn["name"], drawn["said"]) == ("rewards, margins", "from 0 to 1.25")
    assert drawn["chart"].startswith("<svg ") and "rewards, margins by step, from 0 to 1.25" in drawn["chart"]


def test_held_out_pairs_of_a_reward_model_and_of_preferences() -> None:
    share: dict[str, Any] = {"right": 30, "pairs": 40, "share": 0.75, "low": 0.6, "high": 0.86}
    reward = {"pairs": 40, "accuracy": share, "calibration_error": 0.125, "length_correlation": None}
    shown = dict(training.train({"facts": {"held_out": reward}})["held_out"])
    assert shown["held-out pairs"] == "40"
    assert shown["pairs in which the better answer is preferred"] == "75.0 % [60.0 %, 86.0 %] of 40"
    assert shown["calibration error: how far confidence is from being right"] == "0.125"
    facts = {"prompts_trained_on": 2, "before": {**share, "margin": -1.5}, "after": {**share, "margin": 2.0}}
    shown = dict(training.train({"facts": {"held_out": facts}})["held_out"])
    assert shown["pairs in which the better answer is preferred, before"].startswith("75.0 %")
    assert shown["mean margin between better and worse answers, after"] == "2"
    assert training.train({"facts": {"held_out": {"pairs": 0}}})["held_out"] == [("held-out pairs", "0")]
