"""Views of curation, training and the headline: shares, definitions, and charts that say their numbers."""

from typing import Any

from pipelines.report import views


def headline(metric: str, learned: dict[str, float] | None, forgotten: dict[str, float]) -> dict[str, Any]:
    return {
        "base": "before",
        "metric": metric,
        "margin": None,
        "models": [{"model": "after", "learned": learned, "forgotten": forgotten}],
    }


def test_headline_shows_points_and_intervals() -> None:
    view = views.headline(
        headline("contains", {"mean": 0.5, "low": 0.4, "high": 0.6}, {"mean": -0.02, "low": -0.05, "high": 0.01})
    )
    (model,) = view["models"]
    assert model["learned"] == {"mean": "+50.0", "interval": "[40.0, 60.0]"}
    assert model["forgotten"] == {"mean": "-2.0", "interval": "[-5.0, 1.0]"}
    assert "after -2.0 [-5.0, 1.0]" in view["forgotten"] and view["unit"] == "points of 100"


def test_headline_of_bits_keeps_their_unit_and_may_have_one_side() -> None:
    view = views.headline(headline("bits_per_byte", None, {"mean": 0.31, "low": 0.3, "high": 0.32}))
    assert view["learned"] is None and view["models"][0]["learned"] == {"mean": "–", "interval": ""}
    assert view["models"][0]["forgotten"]["mean"] == "+0.310" and "in bits per byte" in view["forgotten"]


def test_kept_is_shown_only_where_a_margin_was_tested() -> None:
    entry = headline("score", None, {"mean": 0.01, "low": 0.0, "high": 0.02})
    assert views.headline(entry)["margin"] is None
    entry["margin"], entry["models"][0]["kept"] = 0.03, False
    view = views.headline(entry)
    assert view["margin"] == "3.0" and view["models"][0]["kept"] == "not shown"


def test_dropped_rows_stand_beside_what_their_rule_says() -> None:
    step = {
        "facts": {"records": 10, "passed": 4, "characters": 99, "dropped": {"gopher.words": 6}},
        "rules": [{"name": "gopher.words", "definition": "words", "low": 50, "high": None}],
        "funnel": [],
        "examples": {},
    }
    view = views.curate(step)
    assert view["dropped"][0]["definition"] == "words (at least 50)" and view["dropped"][0]["share"] == "60 %"
    assert view["kept_share"] == "40 %" and view["chart"] is None
