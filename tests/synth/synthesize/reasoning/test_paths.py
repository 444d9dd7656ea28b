"""Paths: one answer, or a question taken apart and its parts solved in order."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
import re2

from curation.model import Request
from synth.parse import Rejected
from synth.synthesize.problem import problems
from synth.synthesize.reasoning.options import ReasoningOptions
from synth.synthesize.reasoning.paths import chains, least_to_most, part_list, sub_questions

Make = Callable[..., pl.DataFrame]
PARTS = ReasoningOptions(method="least_to_most", samples=1, temperature=0.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. How many are there?\n2. How many go?", ("How many are there?", "How many go?")),
        ("1) 몇 개인가요?\n\n2) 몇 개가 남나요?", ("몇 개인가요?", "몇 개가 남나요?")),
        ("Sure! Here they are:\n1. How many?", "no_parts"),
        ("1. How many?\n3. And then?", "no_parts"),
        ("How many?", "no_parts"),
        ("1.", "no_parts"),
        ("\n".join(f"{n}. Part?" for n in range(1, 8)), "too_many_parts"),
    ],
)
def test_parts_are_a_numbered_list_and_nothing_else(text: str, expected: Any) -> None:
    found = sub_questions(text, 6)
    assert (found.rule if isinstance(found, Rejected) else found) == expected


def test_the_guide_of_the_list_allows_what_is_read_and_nothing_else() -> None:
    pattern = re2.compile(part_list(3))
    for text in ("1. A?", "1. A?\n2. B b?", "1. 가?\n2. 나?\n3. 다?"):
        assert pattern.fullmatch(text) and not isinstance(sub_questions(text, 3), Rejected)
    for text in ("A?", "2. A?", "1. A?\n3. C?", "1.  \n2. B?", "Sure!\n1. A?", "1. A?\n2. B?\n3. C?\n4. D?"):
        assert not pattern.fullmatch(text) and isinstance(sub_questions(text, 3), Rejected)


@pytest.mark.parametrize("guided", [True, False])
def test_the_list_is_guided_where_that_is_wanted(make_rows: Make, by_rule: Any, guided: bool) -> None:
    every = problems(make_rows([{"prompt": "Why?", "completion": "So."}]), "reasoning")
    engine = by_rule(lambda request: "no")
    least_to_most(every, engine, replace(PARTS, guided=guided), seed=1)
    assert [request.sampling.guide is not None for request in engine.asked] == [guided]


def test_chains_ask_in_the_language_of_the_row(make_rows: Make, by_rule: Any) -> None:
    every = problems(
        make_rows([{"prompt": "2 + 2?", "completion": "4"}, {"prompt": "이 더하기 이는?", "completion": "4"}]),
        "reasoning",
    )
    engine = by_rule(lambda request: "Answer: 4" if "Answer" in request.prompt[-1][1] else "답: 4")
    paths = chains(every, engine, ReasoningOptions(samples=2), seed=1)
    assert [(path.problem.source.id, path.number) for path in paths] == [
        (every[at].source.id, number) for at in (0, 1) for number in (0, 1)
    ]
    assert [path.text for path in paths] == ["Answer: 4", "Answer: 4", "답: 4", "답: 4"]


def test_parts_are_solved_in_order_each_with_those_before_in_view(make_rows: Make, by_rule: Any) -> None:
    every = problems(make_rows([{"prompt": "5 apples, 2 eaten, shared by 3?", "completion": "1"}]), "reasoning")

    def rule(request: Request) -> str:
        shown = request.prompt[-1][1]
        if request.id.endswith("decompose"):
            return "1. How many are left?\n2. How many for each?"
        if request.id.endswith("solve-0"):
            assert "known so far" not in shown and "Answer only this: How many are left?" in shown
            return "5 - 2 = 3 are left."
        if request.id.endswith("solve-1"):
            assert "How many are left?\n5 - 2 = 3 are left." in shown
            return "3 / 3 = 1 for each."
        assert "5 - 2 = 3 are left." in shown and "3 / 3 = 1 for each." in shown and 'after "Answer:"' in shown
        return "Each gets one.\nAnswer: 1"

    (path,) = least_to_most(every, by_rule(rule), PARTS, seed=1)
    assert len(path.attempts) == 4 and not path.failed
    assert path.text == (
        "1. How many are left?\n5 - 2 = 3 are left.\n\n2. How many for each?\n3 / 3 = 1 for each.\n\n"
        "Each gets one.\nAnswer: 1"
    )


def test_every_path_asks_requests_of_its_own(make_rows: Make, by_rule: Any) -> None:
    every = problems(make_rows([{"prompt": "Why?", "completion": "So."}]), "reasoning")
    engine = by_rule(lambda request: "1. What?" if request.id.endswith("decompose") else f"It is {request.sample}.")
    paths = least_to_most(every, engine, replace(PARTS, samples=2, temperature=0.7), seed=5)
    assert [path.text for path in paths] == [f"1. What?\nIt is {n}.\n\nIt is {n}." for n in range(2)]
    assert {request.sampling.seed for request in engine.asked} == {5}


def test_a_prompt_form_of_ones_own_is_asked_instead(make_rows: Make, by_rule: Any) -> None:
    every = problems(make_rows([{"prompt": "2 + 2?", "completion": "4"}]), "reasoning")
    engine = by_rule(lambda request: "Answer: 4")
    chains(every, engine, ReasoningOptions(samples=1, template="Think: {{ question }}"), seed=1)
    assert [request.prompt[-1][1] for request in engine.asked] == ["Think: 2 + 2?"]


def test_forms_of_ones_own_take_apart_and_solve(make_rows: Make, by_rule: Any) -> None:
    every = problems(make_rows([{"prompt": "5 - 2 + 1?", "completion": "4"}]), "reasoning")
    said = {"5 - 2 + 1? Parts, 6 at most:": "1. 5 - 2?", "5 - 2?|0": "3", "5 - 2?=3;5 - 2 + 1?|1": "Answer: 4"}
    engine = by_rule(lambda request: said[request.prompt[-1][1]])
    forms = {
        "decompose": "{{ question }} Parts, {{ most }} at most:",
        "solve": "{% for one in solved %}{{ one.question }}={{ one.answer }};{% endfor %}{{ part }}|{{ last | int }}",
    }
    (path,) = least_to_most(every, engine, replace(PARTS, templates=forms), seed=1)
    assert [request.prompt[-1][1] for request in engine.asked] == list(said)
    assert path.text == "1. 5 - 2?\n3\n\nAnswer: 4"
    names = [attempt.ask.template.name for attempt in path.attempts if attempt.ask.template]
    assert names == ["templates.decompose", "templates.solve", "templates.solve"]


def test_a_path_stops_at_the_first_request_that_fails(make_rows: Make, by_rule: Any) -> None:
    every = problems(make_rows([{"prompt": "Why?", "completion": "So."}]), "reasoning")

    def rule(request: Request) -> str | tuple[str, str]:
        return "1. What?\n2. Who?" if request.id.endswith("decompose") else ("It is", "length")

    engine = by_rule(rule)
    (path,) = least_to_most(every, engine, PARTS, seed=1)
    assert len(engine.asked) == 2 and path.failed
    path.settle(None)
    assert [attempt.drop.rule if attempt.drop else None for attempt in path.attempts] == ["abandoned", "finish"]
