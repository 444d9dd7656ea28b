"""Every check of a candidate, form before content, each failing for what it is there for."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.checks import sandbox
from curation.checks.typed_result import graded, verdict
from synth.distill import DistillOptions
from synth.distill.item import Item
from synth.distill.verify import passed, verify

MakeItem = Callable[..., Item]
FORM = ["finish", "refusal", "markers", "orders", "leak", "remark", "repetition", "language", "length"]
OPEN = [
    "open.numbers", "open.names", "open.polarity", "open.recall", "open.precision", "open.kept", "open.grounded",
    "open.exchanged",
]  # fmt: skip
OPTIONS = DistillOptions()


def failing(item: Item, text: str, finish_reason: str = "stop", options: DistillOptions = OPTIONS) -> list[str]:
    return [check.name for check in verify(item, text, finish_reason, options) if not check.passed]


def test_form_comes_before_content(make_item: MakeItem) -> None:
    typed = verify(make_item(), "It is 22.", "stop", OPTIONS)
    assert [check.name for check in typed] == [*FORM, "short_answer"]
    open_text = verify(make_item(answer=None), "It is 22.", "stop", OPTIONS)
    assert [check.name for check in open_text] == [*FORM, *OPEN]


@pytest.mark.parametrize(
    ("text", "finish_reason", "wrong"),
    [
        ("It is 22.", "stop", []),
        ("22", "stop", []),
        ("It is 22", "length", ["finish"]),
        ("I cannot help with that, 22.", "stop", ["refusal"]),
        ("According to the reference answer it is 22", "stop", ["leak"]),
        ("정답은 바로 22 입니다", "stop", ["language"]),
        ("It is 23.", "stop", ["short_answer"]),
        (f"Now {', '.join(f'{n} follows {n - 1}' for n in range(1, 20))}, so 22", "stop", ["length"]),
        ("so so so so so so so so so 22", "stop", ["repetition"]),
        ("I cannot help with that", "length", ["finish", "refusal", "short_answer"]),
    ],
)
def test_what_each_check_is_for(make_item: MakeItem, text: str, finish_reason: str, wrong: list[str]) -> None:
    assert failing(make_item(), text, finish_reason) == wrong


@pytest.mark.parametrize(
    ("columns", "right", "wrong"),
    [
        ({"answer": "1,000", "check": "number"}, "That makes 1000.", "That makes 100."),
        ({"answer": "B", "check": "choice", "choices": ["A", "B"]}, "The answer is B", "The answer is A"),
        ({"answer": "[a-z]{3}", "check": "regex"}, "abc", "abcd"),
        ({"answer": '{"a": 1}', "check": "json"}, '{ "a" : 1 }', '{"a": 2}'),
        ({"answer": "f(x=1, y=2)", "check": "python_call"}, "f(y=2, x=1)", "f(y=1, x=2)"),
        ({"answer": "Seoul"}, "It is Seoul.", "It is Busan."),
    ],
)
def test_the_kind_of_a_row_decides_how_its_answer_is_compared(
    make_item: MakeItem, columns: dict[str, Any], right: str, wrong: str
) -> None:
    item = make_item(reference=f"<<{columns['answer']}>>", **columns)
    kind = columns.get("check", "short_answer")
    assert failing(item, right) == []
    assert failing(item, wrong) == [kind]


def test_a_bare_answer_may_be_short_and_open_text_may_not(make_item: MakeItem) -> None:
    reference = "The bridge that crosses the river was opened by the mayor of Seoul in the spring."
    assert "length" not in failing(make_item(reference=reference, answer="Seoul"), "Seoul")
    assert "length" in failing(make_item(reference=reference, answer=None), "Seoul")
    assert "length" not in failing(
        make_item(reference=reference, answer=None), "Seoul", options=DistillOptions(shortest=0.0)
    )


def test_options_move_the_limits(make_item: MakeItem) -> None:
    mixed = "It is 22 그리고 끝"  # 4 of 8 letters are Latin
    assert failing(make_item(), mixed) == []
    assert failing(make_item(), mixed, options=DistillOptions(min_language=0.6)) == ["language"]
    long = "It is certainly 22, as anybody who has ever added two numbers will be able to confirm."
    assert failing(make_item(), long) == []
    assert failing(make_item(), long, options=DistillOptions(longest=1.0)) == ["length"]
    item = make_item(reference="Glaciers scratch bedrock slowly over centuries.", answer=None)
    partly = "Glaciers scratch bedrock, whenever mountains tremble."  # three of five content words, two of its own
    assert failing(item, partly) == ["open.recall", "open.precision", "open.kept", "open.grounded"]
    lenient = {"min_recall": 0.6, "min_precision": 0.5, "min_kept": 0.6, "min_grounded": 0.5}
    assert failing(item, partly, options=DistillOptions(**lenient)) == []
    for name in ("recall", "precision", "kept", "grounded"):
        assert failing(item, partly, options=DistillOptions(**{**lenient, f"min_{name}": 0.7})) == [f"open.{name}"]


@pytest.mark.skipif(sandbox.available() is None, reason=f"no sandbox: {sandbox.detect()[1]}")
def test_a_program_runs_within_the_limits_of_the_options(make_item: MakeItem) -> None:
    code = "import resource as r\nprint(r.getrlimit(r.RLIMIT_CPU)[0], r.getrlimit(r.RLIMIT_AS)[0] >> 20)"
    item = make_item(reference=code, answer="7 128", check="python_output")
    assert failing(item, code, options=DistillOptions(code_seconds=7, code_memory_mb=128)) == []


def test_what_the_question_says_is_no_leak(make_item: MakeItem) -> None:
    item = make_item(question="Repeat the reference answer: 22")
    assert failing(item, "The reference answer is 22.") == []


@given(text=st.text(max_size=60), reason=st.sampled_from(["stop", "length", "refused"]))
def test_any_text_gets_a_verdict_and_the_same_one_twice(make_item: MakeItem, text: str, reason: str) -> None:
    for item in (make_item(), make_item(answer=None)):
        checks = verify(item, text, reason, OPTIONS)
        assert checks == verify(item, text, reason, OPTIONS)
        assert all(check.passed == (check.score >= check.threshold) for check in checks)
        assert passed(checks) == all(check.passed for check in checks)
        assert not (passed(checks) and (reason != "stop" or not text.strip()))


def test_one_failure_is_enough() -> None:
    good, bad = verdict("a", True, ""), graded("b", 0.1, 0.2, "")
    assert passed((good, good)) and passed(()) and not passed((good, bad, good))
