"""One door to the typed checks: every kind behind it, and what holds for all of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.checks import typed
from curation.checks.typed import check
from curation.errors import InputError


def passes(kind: str, reference: str, candidate: str, **settings) -> bool:
    result = check(kind, reference, candidate, **settings)
    assert result.passed == (result.score >= result.threshold)
    assert result.name == kind and result.detail
    return result.passed


def test_unknown_kind_names_the_nearest():
    with pytest.raises(InputError, match="the nearest is 'short_answer'"):
        check("shortanswer", "", "")


def test_the_graded_checks_take_the_threshold_that_is_given():
    for kind, text in (("language", "가나다abc"), ("repetition", "a b a b a b a b c c")):
        assert check(kind, "가나다", text, threshold=0.1).threshold == 0.1
        assert passes(kind, "가나다", text, threshold=0.1) != passes(kind, "가나다", text, threshold=0.9)


REQUIRED = {"choices": ["a", "b"], "pattern": "a*", "finish_reason": "stop"}


@given(st.sampled_from(typed.KINDS), st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_a_check(kind: str, reference: str, candidate: str):
    if kind == "json_schema":
        reference = '{"type": "object"}'
    schema = {"type": "object"} if kind == "json" else None
    passes(kind, reference, candidate, schema=schema, **REQUIRED)


@pytest.mark.parametrize("kind", [*(kind for kind in typed.FORM_KINDS if kind not in ("finish", "whole"))])
@given(text=st.text(min_size=1, max_size=40).filter(str.strip))
def test_the_reference_passes_its_own_form_checks(kind: str, text: str):
    assert passes(kind, text, text)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9))
def test_a_number_verifies_itself_and_never_another(number: int, change: int):
    assert passes("number", f"{number}", f"That makes {number:,}.")
    assert not passes("number", f"{number}", f"That makes {number + change}.")


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=4),
        st.recursive(st.integers() | st.text(max_size=5) | st.booleans() | st.none(), st.lists, max_leaves=6),
        min_size=1,
        max_size=4,
    )
)
def test_json_verifies_itself_and_no_half_of_it(value: dict):
    text = json.dumps(value)
    assert passes("json", text, json.dumps(dict(reversed(value.items()))))
    assert not passes("json", text, text[: len(text) // 2])
    assert not passes("json_schema", '{"type": "object"}', text[: len(text) // 2])
