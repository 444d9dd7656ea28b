"""Outputs written anew: what is asked, what is kept, and why an answer is not usable."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.model import Request
from synth.drop import Drop
from synth.prompts import load
from synth.rehearse import RehearseOptions
from synth.rehearse.demos import Task
from synth.rehearse.draft import Draft
from synth.rehearse.refine import refine

MakeTask = Callable[..., Task]
MakeDraft = Callable[..., Draft]
DEMOS = [("reverse: lamp", "It reads pmal."), ("reverse: stone", "It reads enots.")]
OPTIONS = RehearseOptions()


def test_the_latest_models_answer_replaces_the_made_up_one(
    make_task: MakeTask, make_draft: MakeDraft, by_rule: Any
) -> None:
    task = make_task(DEMOS, system="Be brief.")
    one = make_draft(task, 0, "reverse: moon", "It reads nom.")
    engine = by_rule(lambda request: "  It reads noom.\n", fingerprint="e" * 32)
    refine([task], [one], engine, RehearseOptions(max_tokens=40))
    assert (one.refined, one.text, one.output) == ("It reads noom.", "It reads noom.", "It reads nom.")
    (request,) = engine.asked
    assert request.prompt == (("system", "Be brief."), ("user", "reverse: moon"))
    assert (request.sampling.max_tokens, request.sampling.temperature, request.sampling.stop) == (40, 0.0, ())
    (check,) = one.checks
    assert (check.name, check.score, check.passed) == ("consistency", pytest.approx(2 / 3), True)  # 2 of 3 words
    assert one.refinement is not None and json.loads(json.dumps(one.refinement)) == one.refinement
    assert {key: one.refinement[key] for key in ("model", "engine", "template", "request", "tokens")} == {
        "model": "e" * 32, "engine": "by rule 1", "template": None, "request": "task-0000-0-refined", "tokens": 3,
    }  # fmt: skip


def test_a_model_without_a_template_continues_the_list(
    make_task: MakeTask, make_draft: MakeDraft, by_rule: Any
) -> None:
    task = make_task(DEMOS)
    one = make_draft(task, 0, "reverse: moon")
    engine = by_rule(lambda request: " It reads noom.")
    refine([task], [one], engine, RehearseOptions(refine="list"))
    (request,) = engine.asked
    assert request.prompt == (
        "Input: reverse: lamp\nOutput: It reads pmal.\n\nInput: reverse: stone\nOutput: It reads enots.\n\n"
        "Input: reverse: moon\nOutput:"
    )
    assert request.sampling.stop == ("\n\n",) and one.refined == "It reads noom."
    assert one.refinement is not None and one.refinement["template_hash"] == load("few_shot_answer.en").hash


def test_a_korean_list_is_continued_in_korean(make_task: MakeTask, make_draft: MakeDraft, by_rule: Any) -> None:
    task = make_task([("글자 수: 나무", "두 글자"), ("글자 수: 도서관", "세 글자")], language="ko")
    said = {"바다": " 두 글자", "구름": " 두 글자\n입력: 해", "하늘": " 두 글자\nInput: 해"}
    drafts = [make_draft(task, number, f"글자 수: {word}") for number, word in enumerate(said)]
    engine = by_rule(lambda request: said[request.prompt.split()[-2]])
    refine([task], drafts, engine, RehearseOptions(refine="list"))
    assert engine.asked[0].prompt == (
        "입력: 글자 수: 나무\n출력: 두 글자\n\n입력: 글자 수: 도서관\n출력: 세 글자\n\n입력: 글자 수: 바다\n출력:"
    )
    assert drafts[0].refined == "두 글자" and drafts[0].refinement is not None
    assert drafts[0].refinement["template_hash"] == load("few_shot_answer.ko").hash
    assert drafts[1].drop == Drop("refine.several_instances", detail={"why": said["구름"].strip()})
    assert drafts[2].drop is None or drafts[2].drop.rule == "refine.language"


def test_of_two_tasks_each_list_is_continued_in_its_own_language(
    make_task: MakeTask, make_draft: MakeDraft, by_rule: Any
) -> None:
    tasks = [
        make_task(DEMOS, "words"),
        make_task([("글자 수: 나무", "두 글자"), ("글자 수: 도서관", "세 글자")], "letters", language="ko"),
    ]
    drafts = [make_draft(tasks[0], 0, "reverse: moon"), make_draft(tasks[1], 0, "글자 수: 바다")]
    engine = by_rule(lambda request: " It reads noom." if request.prompt.endswith("Output:") else " 두 글자")
    refine(tasks, drafts, engine, RehearseOptions(refine="list"))
    assert [one.refined for one in drafts] == ["It reads noom.", "두 글자"]
    for one, request, language, labels in zip(
        drafts, engine.asked, ("en", "ko"), (("Input: ", "Output:"), ("입력: ", "출력:")), strict=True
    ):
        assert request.prompt.startswith(labels[0]) and request.prompt.endswith(labels[1])
        assert one.refinement is not None
        template = load(f"few_shot_answer.{language}")
        assert (one.refinement["template"], one.refinement["template_hash"]) == (template.name, template.hash)


@pytest.mark.parametrize(
    ("said", "drop"),
    [
        (("", "refused"), Drop("refine.refused", detail={"why": "prompt of 9 tokens, limit 8"})),
        (("It reads no", "length"), Drop("refine.truncated", detail={"why": "ended by 'length'"})),
        (" \n", Drop("refine.empty")),
        ("la " * 20, Drop("refine.repetition", 0.0, 0.7, detail={"why": ("la " * 20).strip()})),
        ("나무나무 moon", Drop("refine.language", 0.5, 0.2, detail={"why": "나무나무 moon"})),
        ("12 + 3", None),
        ("나 + 3 moon 4", None),  # one letter of five: no more than the margin
    ],
)
def test_what_is_no_usable_answer_says_why(
    make_task: MakeTask, make_draft: MakeDraft, by_rule: Any, said: str | tuple[str, str], drop: Drop | None
) -> None:
    task = make_task(DEMOS)
    one = make_draft(task, 0, "reverse: moon")
    refine([task], [one], by_rule(lambda request: said), OPTIONS)
    assert one.drop == drop
    assert one.text == (said if drop is None else "made up") and one.refinement is not None


def test_an_answer_without_letters_has_no_script_to_be_wrong(
    make_task: MakeTask, make_draft: MakeDraft, by_rule: Any
) -> None:
    task = make_task([("몇 글자: 나무", "모두 두 글자"), ("몇 글자: 도서관", "모두 세 글자")])
    drafts = [make_draft(task, 0, "몇 글자: 사과"), make_draft(task, 1, "몇 글자: 바다")]
    refine([task], drafts, by_rule(lambda request: "2" if "0000" in request.id else "two"), OPTIONS)
    assert drafts[0].refined == "2" and drafts[1].drop == Drop("refine.language", 1.0, 0.2, detail={"why": "two"})


def test_a_list_that_goes_on_is_no_answer(make_task: MakeTask, make_draft: MakeDraft, by_rule: Any) -> None:
    task = make_task(DEMOS)
    said = "It reads noom.\nInput: reverse: sun"
    listed, chatted = make_draft(task, 0, "reverse: moon"), make_draft(task, 0, "reverse: moon")
    refine([task], [listed], by_rule(lambda request: said), RehearseOptions(refine="list"))
    assert listed.drop == Drop("refine.several_instances", detail={"why": said})
    refine([task], [chatted], by_rule(lambda request: said), OPTIONS)
    assert chatted.drop is None and chatted.refined == said


def test_agreement_is_with_the_instances_own_output_whatever_order_answers_come_in(
    make_task: MakeTask, make_draft: MakeDraft, by_rule: Any
) -> None:
    task = make_task(DEMOS)
    drafts = [
        make_draft(task, n, f"reverse: {word}", f"It reads {word[::-1]}.") for n, word in enumerate(("sun", "moon"))
    ]
    engine = by_rule(lambda request: f"It reads {request.prompt[-1][1].split()[-1][::-1]}.", backwards=True)
    refine([task], drafts, engine, OPTIONS)
    assert [one.refined for one in drafts] == [one.output for one in drafts]
    assert [check.score for one in drafts for check in one.checks] == [1.0, 1.0]


def test_marks_of_the_model_at_hand_are_no_answer(make_task: MakeTask, make_draft: MakeDraft, by_rule: Any) -> None:
    task = make_task(DEMOS)
    for markers, drop in (((), None), (("[[me]]",), Drop("refine.role_marker", detail={"why": "[[me]]"}))):
        one = make_draft(task, 0, "reverse: moon")
        refine([task], [one], by_rule(lambda request: "It reads noom. [[me]]"), OPTIONS, markers)
        assert one.drop == drop


def test_agreement_can_be_demanded(make_task: MakeTask, make_draft: MakeDraft, by_rule: Any) -> None:
    task = make_task(DEMOS)
    drafts = [make_draft(task, 0, "reverse: moon", "It reads noom."), make_draft(task, 1, "reverse: sun", "It is sun")]
    refine([task], drafts, by_rule(lambda request: "It reads noom."), RehearseOptions(min_consistency=0.9))
    assert drafts[0].drop is None
    assert drafts[1].drop == Drop("refine.consistency", pytest.approx(1 / 3), 0.9, detail={"why": "It reads noom."})


def test_what_was_dropped_before_is_not_asked(make_task: MakeTask, make_draft: MakeDraft, by_rule: Any) -> None:
    task = make_task(DEMOS)
    drafts = [make_draft(task, 0, "reverse: moon", drop=Drop("length")), make_draft(task, 1, "reverse: sun")]
    engine = by_rule(lambda request: "It reads nus.")
    refine([task], drafts, engine, OPTIONS)
    assert [request.id for request in engine.asked] == ["task-0001-0-refined"]
    assert drafts[0] == make_draft(task, 0, "reverse: moon", drop=Drop("length"))
    refine([task], [drafts[0]], engine, OPTIONS)  # nothing left to ask is nothing to do
    assert len(engine.asked) == 1


GOOD = ("It reads noom.", "stop")
answers = st.sampled_from([GOOD, ("", "stop"), ("cut", "length"), ("", "refused"), ("나무", "stop")])


@given(said=st.lists(answers, min_size=1, max_size=6), backwards=st.booleans(), tasks=st.integers(1, 3))
def test_every_instance_is_refined_or_dropped(
    make_task: MakeTask, make_draft: MakeDraft, by_rule: Any, said: list, backwards: bool, tasks: int
) -> None:
    named = [make_task(DEMOS, f"task{n}") for n in range(tasks)]
    drafts = [make_draft(task, n, f"reverse: word{n}") for task in named for n in range(len(said))]

    def rule(request: Request) -> tuple[str, str]:
        return said[int(request.id.split("-")[1])]

    engine = by_rule(rule, backwards=backwards)
    refine(named, drafts, engine, OPTIONS)
    assert len(engine.asked) == len(drafts)
    for one in drafts:
        assert (one.drop is None) == bool(one.refined) == (said[int(one.request.id.split("-")[1])] == GOOD)
