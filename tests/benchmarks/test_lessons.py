"""The lessons by which `benchmarks.methods` teaches a model to ask, judge, label and reason: right, and held apart."""

import json
import random

from benchmarks import lessons
from curation.checks import typed


def test_what_is_measured_is_in_no_lesson() -> None:
    draw = random.Random(1)
    taught = {one.prompt for one in lessons.of("reasoning", 300, 1)}
    sums = lessons.sums(100, draw, kept=True)
    assert not any(one.question in prompt for one in sums for prompt in taught)
    judged = {one.prompt for one in lessons.of("judge", 300, 1)}
    assert not judged & {one.lesson().prompt for one in lessons.matches(200, draw, kept=True)}
    words = {one.prompt for one in lessons.of("label", 300, 1)}
    held = [word for word in lessons.CATEGORY if lessons.held_out(word)]
    assert len(held) > 10 and not any(f'"{word}"' in prompt for word in held for prompt in words)


def test_a_lesson_says_what_is_right() -> None:
    draw = random.Random(2)
    for one in lessons.sums(50, draw):
        assert one.chain.endswith(f"{lessons.MARK[one.language]} {one.start + sum(one.changes)}")
        assert all(eval(step.split(" = ")[0]) == int(step.split(" = ")[1]) for step in one.steps)  # noqa: S307
    for match in lessons.matches(80, draw):
        good = [typed.check("short_answer", match.answer, text).passed for text in (match.first, match.second)]
        assert match.verdict == {(True, False): "A", (False, True): "B"}.get((good[0], good[1]), "C")
    for lesson in lessons.questions(20, "ko", (), draw):
        if '{"question"' in lesson.completion:
            made = json.loads(lesson.completion)
            assert made["answer"] in lesson.prompt and made["question"] not in lesson.prompt
