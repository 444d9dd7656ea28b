"""The prompts are part of what a seed model learned: to the character."""

import pytest
from jinja2 import UndefinedError

from synth import prompts


def test_rewriting_prompts_are_the_agreed_ones() -> None:
    values = {"prompt": "P", "reference": "R"}
    english, korean = prompts.rewrites("en"), prompts.rewrites("ko")
    assert [template.name for template in english] == ["rewrite_1.en", "rewrite_2.en"]
    assert [template.name for template in korean] == ["rewrite_1.ko", "rewrite_2.ko"]
    assert english[0].render(values) == (
        "P\n\nReference answer: R\n\nUsing the reference answer as a guide, answer in your own words."
    )
    assert english[1].render(values) == "P\n\nA correct answer is: R\n\nSay the same in your own style."
    assert korean[0].render(values) == "P\n\n참고 답: R\n\n참고 답의 내용을 지키면서 자신의 말로 답하세요."
    assert korean[1].render(values) == "P\n\n정답은 이렇습니다: R\n\n같은 내용을 자신의 말로 답하세요."


def test_a_language_without_templates_gets_the_english_ones() -> None:
    assert prompts.rewrites("und") == prompts.rewrites("en")


def test_the_few_shot_list_is_the_agreed_one() -> None:
    demos = [{"input": "a", "output": "b"}, {"input": "c", "output": "d"}]
    listed = "Input: a\nOutput: b\n\nInput: c\nOutput: d\n\n"
    assert prompts.load("few_shot.en").render({"demos": demos}) == listed + "Input:"
    answered = prompts.load("few_shot_answer.en").render({"demos": demos, "input": "e"})
    assert answered == listed + "Input: e\nOutput:"
    korean = "입력: a\n출력: b\n\n입력: c\n출력: d\n\n"
    assert prompts.load("few_shot.ko").render({"demos": demos}) == korean + "입력:"
    assert prompts.load("few_shot_answer.ko").render({"demos": demos, "input": "e"}) == korean + "입력: e\n출력:"


def test_braces_in_data_stay_text() -> None:
    hostile = "{{ 7 * 7 }} {% for x in y %} {# gone #}"
    shown = prompts.rewrites("en")[0].render({"prompt": hostile, "reference": "{{ prompt }} <b>"})
    assert shown.startswith(hostile + "\n\nReference answer: {{ prompt }} <b>\n\n")


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        prompts.rewrites("en")[0].render({"prompt": "P"})


def test_the_hash_follows_the_text() -> None:
    template = prompts.load("few_shot.en")
    assert template.hash != prompts.Template(template.name, template.text + " ").hash
    assert len(template.hash) == 32


def test_a_line_break_at_the_end_stays() -> None:
    assert prompts.Template("own", "{{ prompt }}\n").render({"prompt": "P\n"}) == "P\n\n"
