"""Instances: classification asked first, its label written first, and every request accounted for."""

import json
from typing import Any

import pytest

from curation.model import Request, Response, Sampling
from synth.synthesize.attempt import Ask, Attempt, Source
from synth.synthesize.instructions.instance import Made, complete
from synth.synthesize.instructions.options import InstructionsOptions
from synth.synthesize.instructions.pool import Task

SOURCE = Source("s", "t", None, None)


def made(text: str = "Is the review good or bad?", language: str = "en") -> Made:
    request = Request(f"ask-{text}", "p", Sampling(8))
    attempt = Attempt(Ask(SOURCE, request), Response(request.id, 0, text, (), "stop", 1), "e", "m")
    return Made([Task(SOURCE, "shown", "", True)], language, attempt, Task(SOURCE, text, "", False))


def instance(given: str, output: str) -> str:
    return json.dumps({"input": given, "output": output}, ensure_ascii=False)


def rule(kind: str | tuple[str, str], *answers: str) -> Any:
    def answer(request: Request) -> str | tuple[str, str]:
        return kind if request.sampling.max_tokens == 16 else answers[request.sample]

    return answer


def test_a_classification_writes_its_label_first(by_rule: Any) -> None:
    for said, first in (("Yes.", "output"), ("no", "input")):
        engine, one = by_rule(rule(said, instance("It was fine.", "good"))), made()
        complete([one], engine, InstructionsOptions(), 1)
        schema = json.loads(engine.asked[-1].sampling.guide.json_schema)
        assert list(schema["properties"])[0] == first and one.classification is (first == "output")
        assert [each.output for each in one.instances if each.attempt.used] == ["good"]
        assert all(attempt.used for attempt in one.attempts())
    korean = made("이 후기가 좋은지 나쁜지 쓰세요.", "ko")
    complete([korean], by_rule(rule("예", instance("좋아요", "좋음"))), InstructionsOptions(), 1)
    assert korean.classification


@pytest.mark.parametrize("said", ["maybe", "yes and no", "", ("yes", "length"), ("", "refused"), "YES PASS"])
def test_anything_but_yes_or_no_is_no_answer(by_rule: Any, said: Any) -> None:
    one = made()
    complete([one], by_rule(rule(said)), InstructionsOptions(), 1)
    assert one.kind is not None and one.kind.drop is not None and one.instances == []
    assert one.attempt.drop is not None and one.attempt.drop.rule == "no_kind"


def test_instances_that_are_no_good_are_named_and_equal_inputs_count_once(by_rule: Any) -> None:
    answers = [instance("a", "good"), instance("A ", "bad"), "no", instance("b", "b"), instance("", "good")]
    one = made()
    complete([one], by_rule(rule("yes", *answers)), InstructionsOptions(instances=5), 1)
    rules = [each.attempt.drop.rule if each.attempt.drop else None for each in one.instances]
    assert rules == [None, "same_input", "not_json", "own_output", "empty_field"]
    assert one.attempt.used and one.kind is not None and one.kind.used
    lost = made()
    complete([lost], by_rule(rule("no", "nothing")), InstructionsOptions(), 1)
    assert [attempt.drop.rule for attempt in lost.attempts() if attempt.drop] == [
        "no_instance",
        "no_instance",
        "not_json",
    ]
