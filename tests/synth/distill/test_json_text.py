"""JSON written anew is the same value, and can be stored, whatever a row's answer holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.distill import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(
    VALUES,
    st.sampled_from(["달", "a"]),
    st.sampled_from([None, 0, 2]),
    st.sampled_from([None, (",", ":"), (" , ", " : ")]),
)
def test_what_is_written_is_the_same_value(
    value: object, like: str, indent: int | None, separators: tuple[str, str] | None
):
    text = json_text.written(value, like, indent, separators)
    assert json_text.read(text.encode().decode()) == json.loads(json.dumps(value))


def test_letters_stay_and_half_of_a_pair_is_an_escape():
    value = json_text.read('```json\n{"달": "\\ud83d", "a": "\\ud83d\\ude42"}\n```')
    assert json_text.written(value, "달") == '{"달": "\\ud83d", "a": "🙂"}'
    assert json_text.written(value, "moon") == '{"\\ub2ec": "\\ud83d", "a": "\\ud83d\\ude42"}'


@pytest.mark.parametrize("text", ["1e400", '[{"a": -1e999}]', "NaN"])
def test_what_json_cannot_say_is_not_written(text: str):
    value = json_text.read(text)
    with pytest.raises(ValueError, match="JSON"):
        json_text.written(value, text)


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000])
def test_what_is_no_json_is_not_read(text: str):
    with pytest.raises(ValueError):
        json_text.read(text)
