"""Templates are text around one value; nothing else of Jinja gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from synth.synthesize.templates.template import INVERTED, PLAIN, read


def test_text_around_its_value_is_a_template() -> None:
    form = read("Please do this:\n{{ prompt }}\nThanks.", PLAIN, "t")
    assert form.template.render({"prompt": "{{ 1 }} <b>"}) == "Please do this:\n{{ 1 }} <b>\nThanks."
    assert not form.inverted and read("답: {{completion}} 질문은?", INVERTED, "t").inverted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no value", "shows the values none, expected prompt and no other"),
        ("{{ completion }} x", "shows the values completion, expected prompt"),
        ("{{ prompt }} {{ completion }}", "shows the values completion, prompt, expected prompt"),
        ("{{ prompt }}", "is nothing but"),
        ("x {{ prompt.__class__ }}", "has a Getattr"),
        ("x {{ prompt | upper }}", "has a Filter"),
        ("x {{ prompt }}{{ 7 * 7 }}", "has a Mul"),
        ("x {{ prompt }}{% for a in [1] %}{% endfor %}", "has a For"),
        ("x {% set prompt = 1 %}{{ prompt }}", "has a Assign"),
        ("x {% include 'a' %}{{ prompt }}", "has a Include"),
        ("x {{ cycler.__init__.__globals__.os }}{{ prompt }}", "has a Getattr"),
        ("x {{ prompt }", "is no Jinja template"),
        ("x {{ prompt }} {% if %}", "is no Jinja template"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        read(text, PLAIN, "templates option plain[0]")


@given(st.text(alphabet=st.sampled_from(list("ab{}%# \nprompt|._")), max_size=40), st.text(max_size=20))
def test_whatever_is_read_shows_its_value_whole(text: str, value: str) -> None:
    try:
        form = read(text, PLAIN, "t")
    except InputError:
        return
    assert value in form.template.render({"prompt": value})
