"""Prompt forms of the user's own: which are taken, and that every method shows them in place of its own."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.synthesize import own
from synth.synthesize.backtranslate import BacktranslateOptions
from synth.synthesize.dialogue.options import DialogueOptions
from synth.synthesize.instructions import InstructionsOptions
from synth.synthesize.own import Values
from synth.synthesize.preferences.options import PreferencesOptions
from synth.synthesize.qa import QaOptions
from synth.synthesize.reasoning.options import ReasoningOptions
from synth.synthesize.templates import TemplatesOptions

FORMS = {"ask": Values(("document",), ("tone",)), "neutral": Values(())}


def test_a_form_of_ones_own_stands_for_every_language() -> None:
    given = {"ask": "About {{ document }}, please."}
    for language in ("en", "ko"):
        found = own.form("qa", "ask", language, given)
        assert found.name == "templates.ask" and found.render({"document": "X"}) == "About X, please."
    assert own.form("qa", "answer", "ko", given).name == "qa_answer.ko"


def test_forms_may_use_what_is_optional_and_nothing_at_all_where_nothing_is_needed() -> None:
    own.check("m option templates", {"ask": "{{ tone }}: {{ document }}", "neutral": "Write something."}, FORMS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"asks": "{{ document }}"}, r"m option templates has 'asks', expected ask, neutral"),
        ({"ask": "{{ document }} {{ text }}"}, r"templates\.ask uses the value 'text', expected document, tone"),
        ({"ask": "Ask."}, r"templates\.ask does not use the value 'document', so every prompt would be the same"),
        ({"ask": "{{ document "}, r"templates\.ask is no Jinja template: line 1"),
        ({"ask": "{% for a in document %}"}, r"templates\.ask is no Jinja template"),
    ],
)
def test_a_form_that_cannot_be_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        own.check("m option templates", given, FORMS)


@pytest.mark.parametrize(
    ("options", "method", "names"),
    [
        (QaOptions, "qa", "ask, answer, closed"),
        (BacktranslateOptions, "backtranslate", "ask, neutral"),
        (DialogueOptions, "dialogue", "user, answer"),
        (PreferencesOptions, "preferences", "judge"),
        (InstructionsOptions, "instructions", "ask, kind, instance, label"),
        (ReasoningOptions, "reasoning", "decompose, solve"),
    ],
)
def test_each_method_says_which_forms_it_has(options: Any, method: str, names: str) -> None:
    with pytest.raises(InputError, match=f"{method} option templates has 'none', expected {names}$"):
        options(templates={"none": "x"})


@pytest.mark.parametrize(
    ("options", "given", "lacking"),
    [
        (QaOptions, {"answer": "{{ document }}"}, "question"),
        (PreferencesOptions, {"judge": "{{ question }} {{ first }}"}, "second"),
        (DialogueOptions, {"answer": "{{ question }}"}, "document"),
        (ReasoningOptions, {"solve": "{{ question }} {{ part }}"}, "solved"),
    ],
)
def test_what_a_form_must_show_is_needed(options: Any, given: dict[str, str], lacking: str) -> None:
    with pytest.raises(InputError, match=f"does not use the value '{lacking}'"):
        options(templates=given)


def test_templates_call_them_forms_since_templates_are_what_it_writes() -> None:
    with pytest.raises(InputError, match="templates option forms has 'ask', expected write, invert$"):
        TemplatesOptions(write=1, forms={"ask": "{{ examples }}"})
    with pytest.raises(InputError, match=r"forms\.invert does not use the value 'examples'"):
        TemplatesOptions(write=1, forms={"invert": "Write one."})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ question", "no Jinja template: line 1"),
        ("{{ question }} {{ answer }}", "uses the value 'answer', expected question"),
        ("Answer now.", "does not use the value 'question'"),
        ("{% if question %}", "no Jinja template"),
    ],
)
def test_a_prompt_form_that_cannot_work_is_refused_before_anything_is_generated(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        own.own_template(text, ("question",), "probe option templates[0]")


def test_a_prompt_form_is_known_by_its_place() -> None:
    assert own.own_template("Q: {{ question }}", ("question",), "probe option templates[0]").name == "templates[0]"
