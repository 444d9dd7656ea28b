"""The yield of a rehearsal by reason, what its budget followed, and how well it stands for the old data."""

from typing import Any

from pipelines.report.page import render
from pipelines.report.rehearsal import rehearse


def view(**facts: Any) -> dict[str, Any]:
    return rehearse({"facts": facts, "examples": []})


def test_rehearsal_has_a_column_for_every_reason_largest_first() -> None:
    task = {"demos": 20, "requests": 100, "wanted": 60, "kept": 40, "shortfall": 20, "agree_with_refinement": 0.875}
    facts = {
        "requests": 200,
        "samples": 80,
        "dropped": {"rehearse.no_output": 10, "rehearse.duplicate.exact": 110},
        "tasks": {
            "sort": {**task, "dropped": {"rehearse.duplicate.exact": 60}},
            "반대말": {**task, "dropped": {"rehearse.duplicate.exact": 50, "rehearse.no_output": 10}},
        },
    }
    view = rehearse({"facts": facts, "examples": []})
    assert view["columns"][-2:] == ["duplicate.exact", "no output"]
    assert [(row["task"], row["cells"][-2:], row["agreement"]) for row in view["rows"]] == [
        ("sort", ["60", "0"], "87.5 %"),
        ("반대말", ["50", "10"], "87.5 %"),
    ]
    assert "반대말, no output: 10" in view["chart"]


def test_rare_reasons_are_one_colour() -> None:
    reasons = {f"rehearse.reason_{number}": 10 - number for number in range(8)}
    facts = {"dropped": reasons, "tasks": {"sort": {"kept": 5, "requests": 57, "dropped": reasons}}}
    view = rehearse({"facts": facts, "examples": []})
    assert "other reasons: 18" in view["chart"]  # 6 + 5 + 4 + 3 of the last four
    assert len(view["columns"]) == 2 + 8


def test_what_was_forgotten_stands_beside_the_budget_it_got() -> None:
    lost = {"items": 40, "before": 0.9, "after": 0.65, "forgotten": 0.25}
    rows = [{"task": "sort", "cluster": None, **lost}, {"task": "sort", "cluster": 3, **lost}]
    found = view(unit="rows", forgotten=rows, tasks={"sort": {"wanted": 120}})["forgotten"]
    assert [(row["cluster"], row["forgotten"], row["wanted"]) for row in found] == [
        ("all", "+25.0", "120"),
        ("3", "+25.0", ""),
    ]


def test_a_buffer_stands_beside_others_of_its_size() -> None:
    buffers = {"buffer": {"rows": 9, "precision": 0.5, "coverage": 0.25}, "real_random": {"rows": 9, "precision": 1.0}}
    found = view(representation={"sort": {"held_out": 30, "k": 5, "buffers": buffers}, "few": {"why": "fewer than 3"}})
    assert [(row["task"], row["buffer"], row["cells"][:2]) for row in found["representation"]] == [
        ("sort", "this buffer", ["0.5", "0.25"]),
        ("sort", "real rows, random", ["1", "–"]),
        ("few", "fewer than 3", ["–", "–"]),
    ]


def test_real_rows_are_not_said_to_be_made_up() -> None:
    task = {"rows": 60, "wanted": 7, "kept": 7, "dropped": {"not_selected": 53}}
    facts = {"mode": "baseline", "samples": 14, "requests": 0, "tasks": {"sort": task, "reverse": task}}
    example = {"task": "sort", "prompt": {"text": "sort: b a"}, "completion": {"text": "a b"}}
    step = {"name": "real", "job": "rehearse", "seconds": 1.0, "facts": facts, "examples": [example]}
    plain = {"name": "run", "seed": 1, "trace": {}, "recipe": "", "versions": {}, "headline": []}
    shown = render({**plain, "steps": [step]})
    assert "14 rows were kept of 120 real ones." in shown and "made up" not in shown
    assert "made up" in render({**plain, "steps": [{**step, "facts": {**facts, "mode": "rehearse"}}]})


def test_a_buffer_that_was_answered_anew_says_what_changed() -> None:
    tasks = {"sort": {"rows": 10, "replaced": 4}}
    found = view(mode="refresh", unchanged=5, replaced=4, fallback={"rehearse.cut_off": 1}, agreement=0.75, tasks=tasks)
    assert dict(found["facts"]) == {
        "rows that the newer model answers in the same words": "5",
        "rows with another answer": "4",
        "rows that stay as they are: cut off": "1",
        "likeness of old and new answers": "0.75",
    }
    assert found["columns"] == ["rows", "answered anew"] and found["rows"][0]["cells"] == ["10", "4"]


def test_instances_that_were_not_judged_for_outliers_have_a_column_where_they_were_looked_for() -> None:
    task = {"requests": 9, "kept": 7}
    shown = view(tasks={"reverse": {**task, "not_judged": 7}})
    assert dict(zip(shown["columns"], shown["rows"][0]["cells"], strict=True))["not judged for outliers"] == "7"
    assert "not judged for outliers" not in view(tasks={"reverse": task})["columns"]
