"""Templates write what transformers writes with them, and none runs for long."""

import importlib.util
import time
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers.utils.chat_template_utils import render_jinja_template

from curation import chat_template
from curation.chat_template import TEMPLATE_DATE, render, render_open

TRL = importlib.util.find_spec("trl")
assert TRL is not None and TRL.origin is not None
PUBLISHED = sorted((Path(TRL.origin).parent / "chat_templates").glob("*.jinja"))
VALUES: dict[str, Any] = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "enable_thinking": False}
USER, ANSWER = {"role": "user", "content": " 하늘은 왜 파란가?\n"}, {"role": "assistant", "content": "Because <b>."}
SYSTEM = {"role": "system", "content": "Be brief."}
CONVERSATIONS = [[USER], [SYSTEM, USER], [USER, ANSWER, USER], [SYSTEM, USER, ANSWER], [USER, USER], [ANSWER], [SYSTEM]]


def theirs(source: str, messages: list[dict[str, str]], generation_prompt: bool, goes_on: bool = False) -> str:
    told = VALUES | {"strftime_now": TEMPLATE_DATE.strftime}
    written, _ = render_jinja_template(
        [messages],
        chat_template=source,
        add_generation_prompt=generation_prompt,
        continue_final_message=goes_on,
        **told,
    )
    return written[0]


def outcome(function: Any, *given: Any) -> str:
    try:
        return function(*given)
    except jinja2.TemplateError as error:
        return f"Error: {error}"
    except (TypeError, ValueError) as error:  # theirs alone
        return f"Error: {type(error).__name__}: {error}"


def test_there_are_published_templates_to_compare() -> None:
    assert len(PUBLISHED) > 30
    assert any("{%- generation %}" in file.read_text() for file in PUBLISHED)


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.stem)
def test_a_published_template_writes_what_it_writes_in_transformers(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    written = 0
    for messages in CONVERSATIONS:
        for generation_prompt in (True, False):
            ours = outcome(render, source, messages, generation_prompt, VALUES)
            assert ours == outcome(theirs, source, messages, generation_prompt)
            written += "Error" not in ours
    assert written


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.stem)
def test_a_published_template_leaves_an_answer_open_as_in_transformers(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    for content in ("Because", "Because ", " Because\n", "네, "):
        messages = [USER, {"role": "assistant", "content": content}]
        ours, expected = outcome(render_open, source, messages, VALUES), outcome(theirs, source, messages, False, True)
        assert ours == expected or ("Error" in ours and "Error" in expected)


WRAPPED = [
    "{% for x in ['p', 'q'] %}INNER{% else %}none{% endfor %}",
    "{% for x in 'pqr' if x != 'q' %}\nINNER{% if loop.last %}{% break %}{% endif %}{% endfor %}",
    "{% for x in [1, [2, 3]] recursive %}INNER{% if x is iterable %}{{ loop(x) }}{% endif %}{% endfor %}",
    "{% macro m(x) %}INNER{% endmacro %}{{ m('z') }}",
    "{% generation %}INNER{% endgeneration %}",
    "{% if messages %}INNER{% endif %}",
]
STATEMENTS = st.recursive(
    st.sampled_from([
        "{{ x }}", "a\n", " {% set x = x ~ 'b' %}", "{{ loop.index if loop is defined }}", "{{ messages|tojson }}",
        "{{ messages[0].content|trim }}", "{{ namespace(a=1).a }}", "{{- ' c ' -}}",
    ]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.builds(lambda wrapped, text: wrapped.replace("INNER", text), st.sampled_from(WRAPPED), inner),
    ),
    max_leaves=6,
)  # fmt: skip


@given(STATEMENTS)
def test_any_template_writes_what_it_writes_in_transformers(source: str) -> None:
    assert outcome(render, source, [USER], True, VALUES) == outcome(theirs, source, [USER], True)


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) if false %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% for a in [1, 2] recursive %}{% if loop.depth < 60 %}{{ loop([1, 2]) }}{% endif %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% continue %}{% endfor %}{% else %}{% endfor %}",
    ],
    ids=["loops", "loops that take nothing", "macros", "recursion", "continued"],
)
def test_a_template_that_would_run_for_hours_is_stopped(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_template, "SECONDS", 0.2)
    begin = time.monotonic()
    with pytest.raises(jinja2.TemplateError, match="it took more than 0.2 seconds for one conversation"):
        render(source, [USER], True, {})
    assert time.monotonic() - begin < 60  # of hours


def test_a_template_cannot_leave_the_sandbox() -> None:
    for source in ("{{ messages.__class__.__mro__ }}", "{{ ''.__class__.__base__.__subclasses__() }}",
                   "{{ messages.append(1) }}", "{{ raise_exception.__globals__.keys() }}"):  # fmt: skip
        with pytest.raises(jinja2.TemplateError):
            render(source, [USER], True, {})


@pytest.mark.parametrize("source", ["{% if x %}", "{{ 1 // 0 }}", "{{ messages.x.y }}", "{{ messages|nothing }}",
                                    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"])  # fmt: skip
def test_whatever_a_template_fails_with_is_an_error_of_the_template(source: str) -> None:
    with pytest.raises(jinja2.TemplateError):
        render(source, [USER], True, {})


def test_a_start_that_the_template_leaves_out_is_refused() -> None:
    with pytest.raises(jinja2.TemplateError, match="leaves out the start"):
        render_open("{{ messages[0].content }}", [USER, ANSWER], {})
