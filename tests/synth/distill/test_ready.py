"""Rows that stand ready: each has the truth that it says, and all are measured without an error."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from curation.checks import sandbox, typed, typed_answers, typed_spec
from curation.checks.typed_result import CheckResult, verdict
from synth.distill import CanaryError, DistillOptions, canaries, ready
from synth.distill.asked import Asker
from synth.distill.item import Item
from synth.distill.verify import passed, verify

MakeItem = Callable[..., Item]
LIKE = {
    "number": "7", "choice": "A", "regex": "A+", "json": "{}", "json_schema": "{}", "python_call": "f()",
    "short_answer": "Oslo", "yes or no": "Yes", "open text": None,
}  # fmt: skip
PROGRAMS = {"python_code": "assert 1", "python_output": "1"}


def like(make_item: MakeItem, kind: str) -> Item:
    check = {"yes or no": "short_answer", "open text": "short_answer"}.get(kind, kind)
    return make_item(answer={**LIKE, **PROGRAMS}[kind], check=check, choices=["A", "B"])


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", LIKE)
@pytest.mark.parametrize("fluency", [False, True])
def test_they_are_measured_without_an_error(make_item: MakeItem, kind: str, language: str, fluency: bool) -> None:
    rows = ready.rows([like(make_item, kind)], language, 60 if fluency else 31)
    assert all(canaries.group(row).endswith(f", {language}") for row in rows)
    assert len({row.id for row in rows}) == len(rows)
    told = {(row.question, row.reference) for row in rows}
    assert len(told) == len(rows) and len({row.question for row in rows}) >= min(len(rows), 55)  # 55 towns and themes
    found = canaries.measure(rows, DistillOptions(fluency=fluency), seed=3)
    assert found["too_few"] == {"good": {}, "bad": {}}
    assert found["false_accept"]["wrong"] == found["false_reject"]["wrong"] == 0
    assert found["false_accept"]["of"] == (300 if kind == "open text" else 120) and found["false_reject"]["of"] == 60


@pytest.mark.parametrize("kind", PROGRAMS)
def test_programs_do_what_is_asked_of_them(make_item: MakeItem, kind: str) -> None:
    if sandbox.available() is None:
        pytest.skip(f"no sandbox: {sandbox.detect()[1]}")
    one, other = ready.rows([like(make_item, kind)], "en", 2)
    assert passed(verify(one, one.reference, "stop", DistillOptions()))
    assert not passed(verify(one, other.reference, "stop", DistillOptions()))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", [*LIKE, *PROGRAMS])
def test_something_can_match_their_answers(make_item: MakeItem, kind: str, language: str) -> None:
    for row in ready.rows([like(make_item, kind)], language, 40):
        assert row.answer is None or typed_spec.problem(row.kind, row.answer, row.choices) is None
        said = None if row.answer is None else typed_answers.yes_or_no(row.answer)
        assert (said is not None) == (kind == "yes or no")


def test_yes_and_no_are_both_right_somewhere(make_item: MakeItem) -> None:
    for row in ready.rows([like(make_item, "yes or no")], "en", 60):
        one, other = (int(word.strip("?")) for word in row.question.split() if word.strip("?").isdigit())
        assert row.answer == ("Yes" if one > other else "No")
    mixed = [like(make_item, "yes or no"), like(make_item, "short_answer")]
    assert not typed_answers.yes_or_no(ready.rows(mixed, "en", 1)[0].answer or "")


def test_a_check_that_refuses_everything_stops_a_run_of_one_row(
    make_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row's pattern takes one text alone: one canary of its own shows nothing."""
    item = make_item(reference="A1", answer="A1", check="regex")
    found = canaries.measure([item], DistillOptions(), 1)["false_reject"]
    assert {name: one["of"] for name, one in found["by_group"].items()} == {"regex, en": 1, "regex, en, ready rows": 59}
    whole = typed.check

    def broken(name: str, *args: Any, **settings: Any) -> CheckResult:
        return verdict(name, False, "broken") if name == "regex" else whole(name, *args, **settings)

    monkeypatch.setattr(typed, "check", broken)
    with pytest.raises(CanaryError, match=r"\(regex, en, with ready rows\).*change them, or raise max_false_reject"):
        canaries.measure([item], DistillOptions(), 1)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_thresholds_that_let_everything_through_stop_a_run_of_one_row(make_item: MakeItem, language: str) -> None:
    """Half of what the ready texts say has neither name nor number, so that its words alone show a change."""
    rows = ready.rows([like(make_item, "open text")], language, 1)
    item = make_item(question=rows[0].question, reference=rows[0].reference.split(". ")[0] + ".", answer=None)
    assert not canaries.measure([item], DistillOptions(), 1)["false_accept"]["wrong"]
    loose = DistillOptions(min_recall=0.0, min_precision=0.0, min_kept=0.0, min_grounded=0.0)
    with pytest.raises(CanaryError, match=r"accept known-bad answers too often \(.*, with ready rows\)"):
        canaries.measure([item], loose, 1)


@pytest.mark.parametrize("count", [1, 2, 5, 7])
@pytest.mark.parametrize("kind", LIKE)
def test_as_many_as_are_wanted_are_had_of_one_row(make_item: MakeItem, kind: str, count: int) -> None:
    (row,) = ready.rows([like(make_item, kind)], "en", 1)
    found = canaries.measure([replace(row, row={**row.row, "task": "t"})], DistillOptions(canaries=count), 1)
    assert found["false_reject"]["of"] == count
    assert found["false_accept"]["of"] == (5 if kind == "open text" else 2) * count


def test_the_kinds_of_ready_answers_take_turns(make_item: MakeItem) -> None:
    """A few that are all references, or all bare answers, would say nothing of the others."""
    rows = ready.rows([like(make_item, "short_answer")], "en", 30)
    few = canaries._every_kind(rows, 5, references_alone=False)
    assert [one.kind for one in few] == ["own reference", "the bare answer", *["in a sentence"] * 3]
    assert len({one.item.id for one in few}) == 5
    many = canaries._every_kind(rows, 60, references_alone=False)
    assert len({(one.item.id, one.text) for one in many}) == 60
    assert {one.kind for one in canaries._every_kind(rows, 30, references_alone=True)} == {"own reference"}


def test_a_model_is_asked_about_them_only_where_it_alone_decides(make_item: MakeItem, by_rule: Any) -> None:
    """A model of one domain may well fail on rows of another; a judge that decides alone must show that it can."""
    item = make_item(reference="The mill by the river grinds barley. It was built in 1804.", answer=None)
    for options in (DistillOptions(judge=True), DistillOptions(judge=True, signs=False)):
        engine = by_rule(lambda request: "A")
        loose = replace(options, max_false_accept=1.0, max_false_reject=1.0)
        canaries.measure([item], loose, 1, Asker(engine, None, loose, 1))
        asked = {request.id for request in engine.asked}
        assert any("ready-" in one for one in asked) == (not options.signs) and any(item.id in one for one in asked)
