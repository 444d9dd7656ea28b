"""The lessons by which `benchmarks.short_prompts` teaches a model to ask, talk and judge: right, and held apart."""

import json
import random

import pytest

from benchmarks import known_words
from benchmarks.lessons import LANGUAGES, held_out
from curation.checks import typed

EVERY = known_words.lessons(600, 3)


def test_what_is_measured_is_in_no_lesson() -> None:
    taught = {content for one in EVERY for _, content in (*one.prompt, ("assistant", one.completion))}
    draw = random.Random(1)
    for language in LANGUAGES:
        for _ in range(100):
            told = known_words.pairs(2, language, draw, kept=True)
            assert held_out(sorted(word for word, _ in told))
            text = known_words.document(told, language)  # which may be part of one of three words
            assert text not in taught and not any(one.startswith(f"{text}\n") for one in taught)
            assert known_words.match(language, draw, kept=True).lesson().prompt[0][1] not in taught


def test_a_lesson_says_what_its_document_says() -> None:
    asked = [one for one in EVERY if one.completion.startswith('{"question"')]
    assert len(asked) > 20
    for one in asked:
        made = json.loads(one.completion)
        language = "ko" if "영어" in made["question"] else "en"
        words = known_words.KNOWN[language]
        (word,) = [word for word in words
                   if made["question"] in (known_words.question(word, language, at) for at in range(3))]  # fmt: skip
        told = [(word, known_words.KNOWN[language][word])]
        assert known_words.document(told, language) in one.prompt[0][1]
        assert known_words.answer_to(made["question"], told, language) == made["answer"]
    assert known_words.answer_to("What is that?", [("river", "nature")], "en") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_better_answer_is_that_of_the_document_in_its_language(language: str) -> None:
    draw = random.Random(4)
    verdicts = set()
    for _ in range(60):
        one = known_words.match(language, draw)
        good = [typed.check("short_answer", one.answer, text).passed
                and text in [form.format(one.answer) for form in known_words.SAID[language]]
                for text in (one.first, one.second)]  # fmt: skip
        assert one.verdict == {(True, False): "A", (False, True): "B"}.get((good[0], good[1]), "C")
        verdicts.add(one.verdict)
    assert verdicts == {"A", "B", "C"}


def test_lessons_of_one_seed_are_the_same() -> None:
    assert known_words.lessons(200, 3)[:50] == known_words.lessons(200, 3)[:50] != known_words.lessons(200, 4)[:50]
