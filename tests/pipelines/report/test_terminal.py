"""The summary in a terminal: plain lines whose columns stand below each other."""

import json
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from pipelines.report import summary
from pipelines.report.terminal import table


def test_no_report_no_lines(tmp_path: Path) -> None:
    assert summary(tmp_path) == []


def test_summary_says_the_funnel_the_tiers_and_what_was_forgotten(whole_run: Path) -> None:
    lines = summary(whole_run)
    assert not any("\x1b" in line or "\n" in line for line in lines)
    text = "\n".join(lines)
    row = next(line for line in lines if "passed the rules" in line)
    assert row.split() == ["passed", "the", "rules", "8,371", "19,040", "69", "%"]
    assert next(line for line in lines if "verified_rewrite" in line).split() == ["verified_rewrite", "402", "74", "%"]
    assert "Learned and forgotten since seed model, in points of 100 with 95 % intervals (examined)" in text
    plain = next(line for line in lines if "plain tuning " in line)
    assert plain.split("tuning")[1].split() == ["+90.0", "[88.0,", "92.0]", "+76.0", "[74.5,", "77.5]", "not", "shown"]
    assert "less than 3.0" in text and next(line for line in lines if "distilled +" in line).endswith("yes")
    assert "fewer than wanted: addition 19" in text
    assert [line.strip() for line in lines if "max_tokens" in line] == [
        "plain tuning: 45 of 1,800 answers (2.5 %) were cut at 64 tokens and may be right beyond it; "
        "raise max_tokens to look further"
    ]


def test_columns_stand_below_each_other_in_korean_too() -> None:
    lines = table([["task", "n"], ["한국어 과제", "7"], ["addition", "1,000"]], (1,))
    assert [cell_len(line) for line in lines] == [cell_len(lines[0])] * 3
    assert lines[1] == "한국어 과제       7"


def test_a_buffer_asked_again_says_how_many_rows_were_replaced(tmp_path: Path) -> None:
    facts = {"mode": "refresh", "requests": 24, "samples": 24, "unchanged": 1, "replaced": 7,
             "fallback": {"truncated": 15, "empty": 1}, "tasks": {"reverse": {}}}  # fmt: skip
    step = {"name": "fresh", "job": "rehearse", "facts": facts}
    (tmp_path / "report.json").write_text(json.dumps({"steps": [step], "headline": []}), encoding="utf-8")
    assert summary(tmp_path)[-1].strip() == (
        "rows of the buffer: 24, asked again 24, replaced 7, as before 1, kept because the new answer cannot be used 16"
    )


def said(tmp_path: Path, **facts: Any) -> list[str]:
    step = {"name": "step", "job": "rehearse", "facts": facts}
    (tmp_path / "report.json").write_text(json.dumps({"steps": [step], "headline": []}), encoding="utf-8")
    return [line.strip() for line in summary(tmp_path)]


def test_a_baseline_keeps_real_rows_and_makes_none_up(tmp_path: Path) -> None:
    tasks = {"sort": {"rows": 60}, "reverse": {"rows": 1200}}
    lines = said(tmp_path, mode="baseline", requests=0, samples=14, tasks=tasks)
    assert lines[-1] == "14 samples kept of 1,260 real rows, for 2 tasks"
    one = {"replay": {"requests": 9}}
    assert said(tmp_path, mode="replay", requests=9, samples=4, tasks=one)[-1] == (
        "4 samples kept of 9 made up, for 1 task"
    )


def test_rows_of_a_buffer_that_repeat_the_evaluation_are_said(tmp_path: Path) -> None:
    facts = {"mode": "refresh", "requests": 3, "samples": 3, "unchanged": 3, "replaced": 0, "fallback": {}}
    lines = said(tmp_path, **facts, dropped={"held_out": 3})
    assert lines[-1] == "rows dropped since they repeat what is held out: 3"
    assert lines[-2].startswith("rows of the buffer: 3, asked again 3, replaced 0")


def test_rows_made_by_templates_alone_are_not_counted_against_requests(tmp_path: Path) -> None:
    facts = {"method": "templates", "samples": 40, "requests": {"requests": 0}}
    report = {"steps": [{"name": "made", "job": "synthesize", "facts": facts}], "headline": []}
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert any("40 samples made without asking a model (templates)" in line for line in summary(tmp_path))


def test_rows_that_no_model_was_asked_about_are_said(tmp_path: Path) -> None:
    facts = {"method": "best_of", "samples": 0, "requests": {"requests": 0}, "rejections": {},
             "rows": {"rows": 3, "used": 0, "unused": {"not_checkable": 3}}}  # fmt: skip
    report = {"steps": [{"name": "best", "job": "synthesize", "facts": facts}], "headline": []}
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert summary(tmp_path)[-1].strip() == "rows without a sample: 3 not_checkable"


def test_rows_that_a_training_left_out_are_said(tmp_path: Path) -> None:
    cut = {"tokens": 128, "dropped": 1, "available": {"rows": 2}}
    sources = {"long.jsonl": cut, "all.jsonl": {"tokens": 5, "dropped": 0}}
    facts = {"tokens": 133, "final_loss": 2.5, "sources": sources}
    report = {"steps": [{"name": "train", "job": "train", "facts": facts}], "headline": []}
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert [line.strip() for line in summary(tmp_path)][2:] == [
        "133 tokens (128 of long.jsonl, 5 of all.jsonl); final loss 2.5",
        "1 of 2 rows of long.jsonl were not trained on; the ledger says why of each",
    ]


def test_a_task_whose_instances_were_mostly_cut_off_is_told_what_to_raise(tmp_path: Path) -> None:
    lists = {"requests": 190, "dropped": {"truncated": 187, "no_output": 3}}
    tasks = {"lists": lists, "sort": {"requests": 190, "dropped": {"truncated": 95}}}
    lines = said(tmp_path, mode="rehearse", requests=380, samples=9, tasks=tasks, shortfall={"lists": 15, "sort": 6})
    assert lines[-2:] == [
        "fewer than wanted: lists 15, sort 6",
        "lists: 187 of 190 were cut off; raise max_tokens, or top_p where an end is never likely, as in lists "
        "(1 leaves nothing out)",
    ]
    others = {"rehearse": {}, "replay": {"lists": 15}}  # nothing lacks; the nucleus of a replay leaves nothing out
    for mode, short in others.items():
        again = said(tmp_path, mode=mode, requests=190, samples=15, tasks={"lists": lists}, shortfall=short)
        assert "cut off" not in "".join(again)
