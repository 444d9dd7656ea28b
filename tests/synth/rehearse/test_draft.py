"""Requests for instances: every pair of demonstrations, a stable name for each, and what comes back parsed."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.model import Request
from synth.rehearse import RehearseOptions, draft
from synth.rehearse.demos import Task
from synth.rehearse.draft import Draft

MakeTask = Callable[..., Task]
DEMOS = [(f"reverse: {word}", word[::-1]) for word in ("lamp", "stone", "river", "cloud", "paper")]


def fresh(request: Request) -> str:
    return f" reverse: {request.id[:4]}{request.sample}\nOutput: x"


def test_every_ordered_pair_is_asked_for_every_sample(make_task: MakeTask, by_rule: Any) -> None:
    engine = by_rule(fresh)
    drafts = draft([make_task(DEMOS)], engine, RehearseOptions(samples=3), seed=7)
    assert len(drafts) == len(engine.asked) == 5 * 4 * 3
    shown = Counter((one.demos[0].input, one.demos[1].input) for one in drafts)
    assert len(shown) == 20 and set(shown.values()) == {3}
    assert all(first != second for first, second in shown)
    assert {one.request.sample for one in drafts} == {0, 1, 2}


def test_the_prompt_is_the_list_the_seed_model_knows(make_task: MakeTask, by_rule: Any) -> None:
    options = RehearseOptions(samples=1, prompts_per_task=1, max_tokens=50)
    (one,) = draft([make_task(DEMOS[:2])], by_rule(fresh), options, seed=7)
    first, second = one.demos
    assert one.request.prompt == (
        f"Input: {first.input}\nOutput: {first.output}\n\nInput: {second.input}\nOutput: {second.output}\n\nInput:"
    )
    sampling = one.request.sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.top_p, sampling.repetition_penalty) == (
        50, 0.9, 0.6, 1.2,
    )  # fmt: skip
    assert sampling.stop == ("\n\n",) and sampling.seed == 7 and one.request.adapter is None


def test_a_korean_task_is_shown_and_read_as_a_korean_list(make_task: MakeTask, by_rule: Any) -> None:
    """Beside an English one, in the same call: the English list is as it was."""
    korean = make_task([("글자 수: 나무", "두 글자"), ("글자 수: 도서관", "세 글자")], "ko", language="ko")

    def rule(request: Request) -> str:
        return " 글자 수: 바다\n출력: 두 글자" if "입력:" in str(request.prompt) else fresh(request)

    options = RehearseOptions(samples=1, prompts_per_task=1)
    english = draft([make_task(DEMOS[:2])], by_rule(fresh), options, seed=7)
    one, *others = draft([korean, make_task(DEMOS[:2])], by_rule(rule), options, seed=7)
    first, second = one.demos
    assert one.request.prompt == (
        f"입력: {first.input}\n출력: {first.output}\n\n입력: {second.input}\n출력: {second.output}\n\n입력:"
    )
    assert (one.input, one.output, one.drop) == ("글자 수: 바다", "두 글자", None) and others == english
    (strange,) = draft([korean], by_rule(lambda request: " 글자 수: 바다\nOutput: 두 글자"), options, seed=7)
    assert strange.drop is not None and strange.drop.rule == "no_output"


def test_an_answer_is_parsed_or_dropped_with_its_reason(make_task: MakeTask, by_rule: Any) -> None:
    said: list[str | tuple[str, str]] = [
        " reverse: moon\nOutput: noom",
        (" reverse: moon\nOutput: no", "length"),
        " reverse: moon",
        ("", "refused"),
    ]
    engine = by_rule(lambda request: said[request.sample])
    drafts = draft([make_task(DEMOS[:2])], engine, RehearseOptions(samples=4, prompts_per_task=1), seed=7)
    assert [(one.input, one.output, one.drop and one.drop.rule) for one in drafts] == [
        ("reverse: moon", "noom", None),
        ("", "", "truncated"),
        ("", "", "no_output"),
        ("", "", "refused"),
    ]
    assert drafts[3].drop is not None and drafts[3].drop.detail == {"why": "prompt of 9 tokens, limit 8"}
    assert [one.response.text for one in drafts] == [text if isinstance(text, str) else text[0] for text in said]


def test_names_depend_on_the_demonstrations_alone(make_task: MakeTask, by_rule: Any) -> None:
    """A request that is asked again in another run, beside other tasks, is the same one: the cache answers it."""
    alone = draft([make_task(DEMOS)], by_rule(fresh), RehearseOptions(samples=2), seed=7)
    other = make_task(DEMOS, "other")
    both = draft([other, make_task(DEMOS)], by_rule(fresh, backwards=True), RehearseOptions(samples=2), seed=7)
    assert [one.task for one in both] == ["other"] * 40 + ["task"] * 40
    assert both[40:] == alone
    assert len({one.key for one in both}) == 80  # the same demonstrations in another task are other requests


def test_a_draft_trains_on_what_was_refined(make_task: MakeTask, make_draft: Callable[..., Draft]) -> None:
    one = make_draft(make_task(DEMOS), 3, "reverse: moon", "nom")
    assert one.key == "task-0003-0" and one.text == "nom"
    one.refined = "noom"
    assert one.text == "noom"


@given(count=st.integers(2, 6), prompts=st.none() | st.integers(1, 40), samples=st.integers(1, 3))
def test_the_budget_of_prompts_is_kept(
    make_task: MakeTask, by_rule: Any, count: int, prompts: int | None, samples: int
) -> None:
    demos = [(f"reverse: word{n}", "x") for n in range(count)]
    options = RehearseOptions(samples=samples, prompts_per_task=prompts)
    drafts = draft([make_task(demos)], by_rule(fresh), options, seed=1)
    pairs = count * (count - 1)
    assert len(drafts) == samples * (pairs if prompts is None else min(prompts, pairs))
    assert [one.key for one in drafts] == sorted({one.key for one in drafts})


def test_an_engine_that_loses_an_answer_is_found_out(make_task: MakeTask, by_rule: Any) -> None:
    class Losing(by_rule):  # type: ignore[misc]
        def generate(self, requests: Any) -> Any:
            yield from list(super().generate(requests))[1:]

    with pytest.raises(RuntimeError, match="gave 19 answers to 20 requests"):
        draft([make_task(DEMOS)], Losing(fresh), RehearseOptions(samples=1), seed=1)
