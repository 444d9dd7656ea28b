"""Tables of an evaluation: new tasks first, differences coloured by what they mean, several metrics apart."""

from typing import Any

import pytest

from pipelines.report.evaluation import evaluate


def step(metric: str, difference: float, p_holm: float) -> dict[str, Any]:
    row = {"model": "after", "task": "stories", "metric": metric, "kind": "old", "before": 0.5,
           "after": 0.5 + difference, "difference": difference, "low": difference - 0.1, "high": difference + 0.1,
           "p": 0.001, "p_holm": p_holm}  # fmt: skip
    scores = [{"model": model, "task": "stories", "metric": metric, "items": 200, "mean": mean}
              for model, mean in (("before", 0.5), ("after", 0.5 + difference))]  # fmt: skip
    return {"facts": {"base": "before", "models": ["before", "after"], "scores": scores, "comparison": [row]}}


@pytest.mark.parametrize(
    ("metric", "difference", "p_holm", "meaning"),
    [
        ("contains", -0.25, 0.01, "worse"),
        ("contains", 0.25, 0.01, "better"),
        ("contains", -0.25, 0.2, ""),  # an interval without zero is not enough where many tasks are looked at
        ("bits_per_byte", 0.25, 0.01, "worse"),
        ("bits_per_byte", -0.25, 0.01, "better"),
    ],
)
def test_a_difference_is_coloured_by_what_it_means(metric: str, difference: float, p_holm: float, meaning: str) -> None:
    (task,) = evaluate(step(metric, difference, p_holm))["tasks"]
    assert task["cells"][0]["class"] == meaning
    said = f"{difference:+.3f}" if metric == "bits_per_byte" else f"{100 * difference:+.1f}"
    assert task["cells"][0]["difference"] == said


def test_new_tasks_come_first_and_metrics_stand_apart() -> None:
    facts = step("choice", 0.1, 0.5)["facts"]
    facts["scores"] += [{**row, "metric": "choice_per_byte", "mean": 0.25} for row in facts["scores"]]
    facts["scores"] += [{**row, "task": "zebra", "metric": "contains"} for row in facts["scores"][:2]]
    facts["comparison"].append({**facts["comparison"][0], "task": "zebra", "metric": "contains", "kind": "new"})
    view = evaluate({"facts": facts})
    found = [(row["name"], row["metric"], row["kind"]) for row in view["tasks"]]
    assert found == [("zebra", "contains", "new"), ("stories", "choice", "old"), ("stories", "choice per byte", "old")]
    assert view["tasks"][2]["before"] == "25.0" and view["tasks"][2]["cells"][0]["difference"] == "–"
    assert len(view["charts"]) == 1 and "stories, after: 60.0" in view["charts"][0]


def test_bits_per_byte_have_a_chart_of_their_own() -> None:
    facts = step("bits_per_byte", -0.1, 0.5)["facts"]
    facts["scores"] += [{**row, "task": "other", "metric": "contains"} for row in facts["scores"]]
    charts = evaluate({"facts": facts})["charts"]
    assert ["bits per byte" in chart for chart in charts] == [False, True]


def test_only_models_with_answers_that_were_cut_are_named() -> None:
    answers = [{"model": "before", "answers": 4000, "cut": 0}, {"model": "after", "answers": 4000, "cut": 1204}]
    view = evaluate({"facts": {"answers": answers}, "max_tokens": 64})
    assert view["cut"] == [
        "after: 1,204 of 4,000 answers (30 %) were cut at 64 tokens and may be right beyond it; "
        "raise max_tokens to look further"
    ]


def test_an_evaluation_of_nothing() -> None:
    assert evaluate({"facts": {}}) == {
        "base": None, "models": [], "tasks": [], "cut": [], "controls": [], "sequences": [], "clusters": [],
        "charts": [], "chance": False,
    }  # fmt: skip


def test_chance_intervals_and_what_was_shown_to_be_kept_stand_beside_the_scores() -> None:
    facts = step("choice", 0.0, 1.0)["facts"]
    facts["scores"] = [{**row, "chance": 0.25, "low": 0.4, "high": 0.6} for row in facts["scores"]]
    facts["comparison"] = [{**facts["comparison"][0], "kept": True}]
    (task,) = evaluate({"facts": facts})["tasks"]
    assert (task["chance"], task["interval"], task["cells"][0]["kept"]) == ("25.0", "[40.0, 60.0]", "kept")
    facts["comparison"] = [{**facts["comparison"][0], "kind": "new"}]  # what was not there cannot be kept
    assert evaluate({"facts": facts})["tasks"][0]["cells"][0]["kept"] == ""
    bits = step("bits_per_byte", 0.1, 1.0)["facts"]
    bits["scores"] = [{**row, "perplexity": 12.345} for row in bits["scores"]]
    bits["comparison"] = [{**bits["comparison"][0], "kept": False}]
    (task,) = evaluate({"facts": bits})["tasks"]
    assert (task["chance"], task["perplexity"]) == ("", "12.35")
    assert (task["cells"][0]["perplexity"], task["cells"][0]["kept"]) == ("12.35", "not shown to be kept")
