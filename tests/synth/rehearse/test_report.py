"""The figures of a report, each worked by hand, and their sums."""

import json
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from curation.checks.typed_result import graded
from synth.drop import Drop
from synth.rehearse import RehearseOptions
from synth.rehearse.demos import Demo, Task
from synth.rehearse.draft import Draft
from synth.rehearse.report import report

MakeTask = Callable[..., Task]
MakeDraft = Callable[..., Draft]
DEMOS = [("say one", "x"), ("say two", "y")]
OPTIONS = RehearseOptions(per_task=3)
TOKENS = RehearseOptions(budget_tokens=100)


def refined(one: Draft, agreement: float) -> Draft:
    one.refined = "anew"
    one.refinement = {"prompt_tokens": 11, "tokens": 2}
    one.checks.append(graded("consistency", agreement, 0.0, ""))
    return one


def test_two_tasks_worked_by_hand(make_task: MakeTask, make_draft: MakeDraft) -> None:
    first = make_task(DEMOS, "first")
    second = Task("second", None, (Demo("a", "p", "q"), Demo("b", "r", "s")), unfit=("c",), flattened=1, left=4,
                  language="ko")  # fmt: skip
    drafts = [
        refined(make_draft(first, 0, "say three"), 1.0),
        refined(make_draft(first, 1, "say four"), 0.5),
        refined(make_draft(first, 2, "say five", drop=Drop("not_selected")), 1.0),
        make_draft(first, 3, "say three", drop=Drop("duplicate.exact")),
        make_draft(first, 4, "", drop=Drop("no_output")),
        make_draft(first, 5, "", drop=Drop("no_output")),
        refined(make_draft(second, 0, "say three"), 0.0),
    ]
    labels = {"first": {"anew": 2}, "second": {}}
    made = report([first, second], drafts, labels, {"first": 2, "second": 3}, {"first": 2, "second": 1}, OPTIONS, {})
    assert made == {
        "unit": "rows", "selection": "nearest", "wanted": 5, "spent": 3,
        "requests": 7,
        "samples": 3,
        "dropped": {"no_output": 2, "duplicate.exact": 1, "not_selected": 1},
        "shortfall": {"second": 2},
        "tokens": {"prompt": 49, "generated": 35, "refinement_prompt": 44, "refinement_generated": 8},
        "tasks": {
            "first": {
                "language": "en",
                "demos": 2, "demos_unfit": 0, "demos_flattened": 0, "demos_left": 0, "prompts": 6, "requests": 6,
                "wanted": 2, "spent": 2, "kept": 2, "unspent": 0, "shortfall": 0,
                "dropped": {"no_output": 2, "duplicate.exact": 1, "not_selected": 1},
                "different_inputs": 3, "agree_with_refinement": 2 / 3, "labels": {"anew": 2},
            },
            "second": {
                "language": "ko",
                "demos": 2, "demos_unfit": 1, "demos_flattened": 1, "demos_left": 4, "prompts": 1, "requests": 1,
                "wanted": 3, "spent": 1, "kept": 1, "unspent": 2, "shortfall": 2, "dropped": {},
                "different_inputs": 1, "agree_with_refinement": 0.0, "labels": {},
            },
        },
    }  # fmt: skip
    assert list(made["dropped"]) == ["no_output", "duplicate.exact", "not_selected"]  # the most frequent first


def test_a_task_of_which_nothing_came_says_so(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task(DEMOS)
    made = report(
        [task], [make_draft(task, 0, "", drop=Drop("refused"))], {"task": {}}, {"task": 3}, {"task": 0}, OPTIONS, {}
    )
    assert made["shortfall"] == {"task": 3} and made["samples"] == 0
    assert made["tasks"]["task"]["agree_with_refinement"] is None


@given(fates=st.lists(st.tuples(st.sampled_from(["first", "second"]), st.sampled_from([None, "length", "refused"])),
                      max_size=12))  # fmt: skip
def test_every_request_is_a_sample_or_has_a_reason(
    make_task: MakeTask, make_draft: MakeDraft, fates: list[tuple[str, str | None]]
) -> None:
    named = {name: make_task(DEMOS, name) for name in ("first", "second")}
    drafts = [
        make_draft(named[name], n, f"say word{n}", drop=None if rule is None else Drop(rule))
        for n, (name, rule) in enumerate(fates)
    ]
    spent = {name: sum(one.task == name and one.drop is None for one in drafts) for name in named}
    wanted = dict.fromkeys(named, 12)
    made = report(list(named.values()), drafts, {"first": {}, "second": {}}, wanted, spent, OPTIONS, {})
    assert json.loads(json.dumps(made)) == made
    assert made["samples"] + sum(made["dropped"].values()) == made["requests"] == len(fates)
    for key in ("requests", "kept"):
        total = {"requests": "requests", "kept": "samples"}[key]
        assert sum(task[key] for task in made["tasks"].values()) == made[total]
    assert all(task["kept"] + task["unspent"] == task["wanted"] for task in made["tasks"].values())


def test_tokens_left_between_two_rows_are_no_shortfall(make_task: MakeTask, make_draft: MakeDraft) -> None:
    """Of 50 tokens each, one task spends 47 and had more rows; the other spends 47 and had none."""
    named = [make_task(DEMOS, "first"), make_task(DEMOS, "second")]
    drafts = [make_draft(named[0], 0, "say three"), make_draft(named[0], 1, "say four", drop=Drop("not_selected")),
              make_draft(named[1], 0, "say three")]  # fmt: skip
    quotas, spent = {"first": 50, "second": 50}, {"first": 47, "second": 47}
    made = report(named, drafts, {"first": {}, "second": {}}, quotas, spent, TOKENS, {})
    assert made["unit"] == "tokens" and made["shortfall"] == {"second": 3}
    assert [task["unspent"] for task in made["tasks"].values()] == [3, 3]


def test_what_was_not_judged_for_outliers_is_counted_where_that_was_asked_for(
    make_task: MakeTask, make_draft: MakeDraft
) -> None:
    named = [make_task(DEMOS, name) for name in ("first", "second", "third")]
    drafts = [make_draft(task, number, f"say word{number}") for number, task in enumerate(named)]
    quotas = {task.name: 1 for task in named}
    not_judged = {"first": {"too_few": 7}, "second": {}, "third": {"too_few": 1, "no_spread": 20}}
    labels: dict[str, dict[str, int]] = {task.name: {} for task in named}
    made = report(named, drafts, labels, quotas, quotas, replace(OPTIONS, outliers=3.0), not_judged)
    assert made["not_judged"] == {"no_spread": 20, "too_few": 8}
    assert [task["not_judged"] for task in made["tasks"].values()] == [7, 0, 21]
    without = report(named, drafts, labels, quotas, quotas, OPTIONS, {})
    assert "not_judged" not in without and "not_judged" not in without["tasks"]["first"]
