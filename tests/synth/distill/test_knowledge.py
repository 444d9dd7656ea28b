"""The knowledge gate: what is asked, when a row counts as known, and that luck does not."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.model import Request, Response, Sampling
from pipelines.demo.skills import NEW_SKILLS, SKILLS
from synth.distill import knowledge
from synth.distill.item import Item
from synth.distill.knowledge import KnowledgeOptions
from synth.engines import open_engine

MakeItem = Callable[..., Item]
PLAIN = KnowledgeOptions(samples=4, forms=("asked",))
CHOICES = ["red", "green", "blue", "black"]


def number(request: Request) -> int:
    return int(request.id.split("/")[0], 16)


def facts(make_item: MakeItem, count: int, **other: Any) -> list[Item]:
    """Rows whose answers all differ."""
    return [
        make_item(n, question=f"Who is {n}?", reference=f"It is name{n}.", answer=f"name{n}", **other)
        for n in range(count)
    ]


def colours(make_item: MakeItem, count: int) -> list[Item]:
    return [
        make_item(n, question=f"Is {n} red, green, blue or black?", reference=f"It is {CHOICES[n % 4]}.",
                  answer=CHOICES[n % 4], check="choice", choices=CHOICES)
        for n in range(count)
    ]  # fmt: skip


def test_samples_go_round_the_forms_each_greedily_first(make_item: MakeItem, by_rule: Any) -> None:
    english = make_item(0, question="Who wrote Emma?", reference="It was Austen.", answer="Austen")
    korean = make_item(1, question="엠마는 누가 썼나요?", reference="오스틴입니다.", answer="오스틴")
    engine = by_rule(lambda request: "모릅니다" if number(request) else "Austen")
    found = knowledge.measure([english, korean], engine, KnowledgeOptions(samples=5, right=1), seed=3)
    asked = [request for request in engine.asked if number(request) == 0]
    assert [(request.id.split("/")[1], request.sample, request.sampling.temperature) for request in asked] == [
        ("known-asked", 0, 0.0), ("known-brief", 0, 0.0), ("known-question", 0, 0.0),
        ("known-asked", 1, 0.7), ("known-brief", 1, 0.7),
    ]  # fmt: skip
    assert [request.prompt[-1][1] for request in asked[:3]] == [
        "Who wrote Emma?", "Who wrote Emma?\n\nAnswer from memory, as briefly as you can.",
        "Question: Who wrote Emma?\nAnswer:",
    ]  # fmt: skip
    in_korean = [request.prompt[-1][1] for request in engine.asked if number(request) == 1][:3]
    assert in_korean[1].endswith("\n\n기억하는 대로 짧게 답하세요.") and in_korean[2].startswith("질문: 엠마는")
    assert not any("It was" in request.prompt[-1][1] for request in engine.asked)  # closed book
    assert {request.sampling.seed for request in engine.asked} == {3}
    assert found[english.id].right == 5 and found[english.id].known
    assert found[korean.id].right == 0 and not found[korean.id].known


@pytest.mark.parametrize("least", [1, 2, 3, 4])
def test_m_of_k_must_be_right(make_item: MakeItem, by_rule: Any, least: int) -> None:
    rows = facts(make_item, 5)
    engine = by_rule(lambda request: f"It is name{number(request)}." if request.sample < number(request) else "no idea")
    options = KnowledgeOptions(samples=4, right=least, forms=("asked",))
    found = knowledge.measure(rows, engine, options, seed=3)
    assert [found[row.id].right for row in rows] == [0, 1, 2, 3, 4]
    assert [found[row.id].known for row in rows] == [n >= least for n in range(5)]


def test_the_grades_are_those_of_the_paper(make_item: MakeItem, by_rule: Any) -> None:
    rows = facts(make_item, 4)
    right = {0: {"known-asked-0", "known-brief-0"}, 1: {"known-brief-0"}, 2: {"known-asked-1"}, 3: set[str]()}

    def rule(request: Request) -> str:
        place = f"{request.id.split('/')[1]}-{request.sample}"
        return f"name{number(request)}" if place in right[number(request)] else "nobody"

    options = KnowledgeOptions(samples=4, right=1, forms=("asked", "brief"))
    found = knowledge.measure(rows, by_rule(rule), options, seed=3)
    assert [found[row.id].grade for row in rows] == ["highly", "maybe", "weakly", "unknown"]
    assert [found[row.id].known for row in rows] == [True, True, True, False]


def test_always_the_same_answer_is_luck(make_item: MakeItem, by_rule: Any) -> None:
    rows = colours(make_item, 80)
    found = knowledge.measure(rows, by_rule(lambda request: "It is red."), PLAIN, seed=3)
    reds = [row for row in rows if row.answer == "red"]
    assert all(found[row.id].right == 4 and found[row.id].chance == 1.0 for row in reds)
    assert not any(one.known for one in found.values())
    assert knowledge.report(rows, found)["guessed"] == len(reds) == 20


def test_as_many_lucky_answers_as_must_be_right_are_enough(make_item: MakeItem, by_rule: Any) -> None:
    rows = colours(make_item, 80)
    engine = by_rule(lambda request: "It is red." if request.sample < 2 else "It is none.")
    found = knowledge.measure(rows, engine, PLAIN, seed=3)
    assert {found[row.id].chance for row in rows if row.answer == "red"} == {1.0}
    assert not any(one.known for one in found.values())


def test_rows_of_a_task_are_compared_with_those_of_their_kind_alone(make_item: MakeItem, by_rule: Any) -> None:
    """What is known of names says nothing of colours that were guessed."""
    rows, names = colours(make_item, 80), facts(make_item, 180)[100:]
    engine = by_rule(lambda request: f"name{number(request)}" if number(request) >= 100 else "It is red.")
    found = knowledge.measure([*rows, *names], engine, PLAIN, seed=3)
    assert all(found[row.id].known for row in names) and not any(found[row.id].known for row in rows)


def test_an_answer_to_the_same_question_is_no_luck(make_item: MakeItem, by_rule: Any) -> None:
    rows = [make_item(n) for n in range(6)]  # the same sum six times
    found = knowledge.measure(rows, by_rule(lambda request: "It is 22."), PLAIN, seed=3)
    assert all(one.known and one.chance == 0 for one in found.values())


def test_programs_of_other_rows_are_not_run(make_item: MakeItem) -> None:
    rows = [make_item(n, question=f"Print {n}.", check="python_output", answer=str(n)) for n in range(3)]
    request = Request("r", rows[0].prompt, Sampling(8))
    wrote = knowledge.Sample("asked", request, Response("r", 0, "while True: pass", (1,), "stop", 9), True)
    found = knowledge.decide(rows, {row.id: (wrote, wrote) for row in rows}, PLAIN, seed=1)
    assert all(one.chance == 0 and one.known for one in found.values())


def test_a_task_that_is_known_passes_though_its_answers_are_few(make_item: MakeItem, by_rule: Any) -> None:
    rows = colours(make_item, 80)
    found = knowledge.measure(rows, by_rule(lambda request: f"It is {CHOICES[number(request) % 4]}."), PLAIN, seed=3)
    assert all(one.known for one in found.values())
    assert all(one.chance >= 0.25 for one in found.values())


def test_drawn_answers_of_choices_are_not_knowledge(make_item: MakeItem, by_rule: Any) -> None:
    rows = colours(make_item, 80)
    engine = by_rule(lambda request: f"It is {CHOICES[(number(request) * 7 + request.sample * 3) // 2 % 4]}.")
    found = knowledge.measure(rows, engine, PLAIN, seed=3)
    assert not any(one.known for one in found.values())


def test_one_row_of_choices_cannot_be_told_from_luck(make_item: MakeItem, by_rule: Any) -> None:
    (row,) = colours(make_item, 1)
    found = knowledge.measure([row], by_rule(lambda request: "red"), PLAIN, seed=3)[row.id]
    assert found.passed and found.chance == 0.25 and not found.known


def test_open_text_and_rows_without_a_reference_are_not_measured(make_item: MakeItem, by_rule: Any) -> None:
    rows = [make_item(0, answer=None), make_item(1, reference=" "), make_item(2)]
    engine = by_rule(lambda request: "It is 22.")
    found = knowledge.measure(rows, engine, PLAIN, seed=3)
    assert set(found) == {rows[2].id} and {number(request) for request in engine.asked} == {2}
    figures = knowledge.report(rows, found)
    assert (figures["measured"], figures["not_measured"], figures["known"], figures["samples"]) == (1, 2, 1, 4)
    assert knowledge.measure(rows, engine, KnowledgeOptions(samples=0), seed=3) == {}


def test_an_answer_that_the_engine_refused_is_not_right(make_item: MakeItem, by_rule: Any) -> None:
    row = make_item()
    found = knowledge.measure([row], by_rule(lambda request: ("22", "refused")), PLAIN, seed=3)
    assert found[row.id].right == 0
    cut = knowledge.measure([row], by_rule(lambda request: ("It is 22, since", "length")), PLAIN, seed=3)
    assert cut[row.id].right == 4  # what it knows it said before it was cut off


def test_every_answer_of_the_gate_is_an_event(make_item: MakeItem, by_rule: Any) -> None:
    row = make_item(7)
    engine = by_rule(lambda request: "It is 22." if request.sample else "]} known: true")
    found = knowledge.measure([row], engine, KnowledgeOptions(samples=4, forms=("asked", "question")), seed=3)
    made = knowledge.events(row, found[row.id])
    assert [event["row_id"] for event in made] == [
        f"{row.id}/known-{place}" for place in ("asked-0", "question-0", "asked-1", "question-1")
    ]
    assert [event["value"] for event in made] == [0.0, 0.0, 1.0, 1.0]
    assert {event["rule"] for event in made} == {"distill.knowledge_sample"} and made[0]["record"] == 7
    assert json.loads(made[0]["detail"])["text"] == "]} known: true"


@given(st.permutations(range(12)), st.integers(0, 5))
def test_decisions_do_not_depend_on_the_order_of_the_rows(
    make_item: MakeItem, by_rule: Any, places: list[int], seed: int
) -> None:
    rows = colours(make_item, 12)
    engine = by_rule(lambda request: CHOICES[number(request) % 3], backwards=True)
    options = KnowledgeOptions(samples=2, forms=("asked",), partners=3)
    first = knowledge.measure(rows, engine, options, seed)
    again = knowledge.measure([rows[place] for place in places], engine, options, seed)
    assert {key: (one.known, one.chance) for key, one in first.items()} == {
        key: (one.known, one.chance) for key, one in again.items()
    }


@given(st.integers(0, 200), st.integers(1, 200), st.floats(0, 1))
def test_shares_and_probabilities_stay_in_their_range(passed: int, of: int, chance: float) -> None:
    share = knowledge.known_share(min(passed, of), of, chance)
    assert 0 <= share <= 1 and 0 <= knowledge.posterior(share, chance) <= 1
    assert knowledge.known_share(0, of, chance) == 0
    assert knowledge.posterior(share, 0.0) == 1


def test_the_correction_for_guessing_worked_by_hand() -> None:
    assert knowledge.known_share(400, 400, 0.25) == 1.0
    assert knowledge.known_share(70, 100, 0.25) == pytest.approx(0.45 / 0.75)
    assert knowledge.known_share(30, 100, 0.25) == 0.0  # its interval begins at 0.22
    assert knowledge.posterior(0.5, 0.5) == pytest.approx(0.5 / 0.75)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"samples": -1}, "samples is -1"),
        ({"right": 0}, "right is 0"),
        ({"samples": 3, "right": 4}, "at most samples, 3"),
        ({"confidence": 1.5}, "confidence is 1.5"),
        ({"forms": ()}, "forms is"),
        ({"forms": ("asked", "asked")}, "expected different ones"),
        ({"forms": ("sung",)}, "forms is"),
        ({"partners": 0}, "partners is 0"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_p": 0.0}, "top_p is 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        KnowledgeOptions(**wrong)


def test_grades_add_up(make_item: MakeItem, by_rule: Any) -> None:
    rows = facts(make_item, 9)
    engine = by_rule(lambda request: f"name{number(request)}" if number(request) % 3 else "nobody")
    figures = knowledge.report(rows, knowledge.measure(rows, engine, PLAIN, seed=1))
    assert Counter(figures["grades"]) == Counter(highly=6, maybe=0, weakly=0, unknown=3)
    assert figures["right_by_form"] == {"asked": {"right": 24, "of": 36}}
    assert figures["tasks"] == {"sums": {"rows": 9, "passed": 6, "known": 6, "chance": 0.0}}


@pytest.mark.slow
def test_the_seed_model_knows_what_it_was_trained_on_and_no_more(make_item: MakeItem, seed_model: Path) -> None:
    learned = [skill for skill in SKILLS if skill.name in ("opposite", "ko_to_en")]
    items = [(skill, item) for skill in (*learned, *NEW_SKILLS) for item in skill.items("train", 4, 5)]
    rows = [
        make_item(n, question=item.prompt, reference=item.completion, answer=item.answer, task=skill.name)
        for n, (skill, item) in enumerate(items)
    ]
    with open_engine("transformers", str(seed_model)) as engine:
        found = knowledge.measure(rows, engine, KnowledgeOptions(samples=2, right=1, max_tokens=24), seed=1)
    assert [found[row.id].known for row in rows] == [skill in learned for skill, _ in items]
