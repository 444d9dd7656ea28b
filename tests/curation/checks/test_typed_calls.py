"""The same Python call, however it is spelt."""

import pytest

from curation.checks.typed import check
from curation.checks.typed_calls import same_calls

CALL = "find(city='Seoul', near=[1, 2], options={'a': 1, 'b': 2})"


def passes(kind: str, reference: str, candidate: str, **settings) -> bool:
    result = check(kind, reference, candidate, **settings)
    assert result.passed == (result.score >= result.threshold)
    assert result.name == kind and result.detail
    return result.passed


@pytest.mark.parametrize(
    "same",
    [
        "find(near=[1,2], city=\"Seoul\", options={'b': 2, 'a': 1})",
        f"```python\n{CALL}\n```",
        f"  {CALL}\n",
    ],
)
def test_python_call_needs_no_equal_string(same: str):
    # compared as strings, nine in ten rewrites of function calls fell back on the reference
    assert passes("python_call", CALL, same)


@pytest.mark.parametrize(
    "other",
    [
        "find(city='Busan', near=[1, 2], options={'a': 1, 'b': 2})",
        "find(city='Seoul', near=[2, 1], options={'a': 1, 'b': 2})",
        "find(city='Seoul', near=[1, 2])",
        "search(city='Seoul', near=[1, 2], options={'a': 1, 'b': 2})",
        f"{CALL}  # No change needed as the response is correct. The final answer is {CALL}",
        f"```\n{CALL}\n```\nThis response is a function call with keyword arguments.",
        f"{CALL}\n{CALL}",
        f"x = {CALL}",
        "find(city='Seoul', near=[1, 2], options={'a': True, 'b': 2})",
        "find(",
        "(" * 5000,
        "a\x00b()",
        "",
    ],
)
def test_python_call_that_differs(other: str):
    assert not passes("python_call", CALL, other)


def test_python_call_keeps_positional_order():
    assert passes("python_call", "f(1, g(b=2, a=1))", "f(1, g(a=1, b=2))")
    assert not passes("python_call", "f(1, 2)", "f(2, 1)")
    assert not passes("python_call", "a", "a")  # no call to compare


def test_the_detail_says_what_differs():
    assert same_calls("f(1)", "f(1)") == (True, "the same calls")
    assert same_calls("f(1)", "g(2)") == (False, "found g(2), expected f(1)")
    assert same_calls("f(", "f(1)") == (False, "the reference is not a Python expression")
    assert same_calls("f(1)\ng(2)", "f(1)") == (False, "1 expressions, expected 2")
    assert same_calls("1 + 1", "1 + 1") == (False, "the reference has no call")
    assert same_calls("f(1)", "f(1)  # sure") == (False, "the candidate has comments, the reference has none")
    assert same_calls("f('#')", "f('#')")[0]  # a sign in a string is no comment


def test_spelling_is_free_and_types_are_not():
    assert same_calls("f(a=1, b='x', **k)", 'f(b="x",a = 1, **k)')[0]
    assert same_calls("f(0x10)", "f(16)")[0]
    assert not same_calls("f(1)", "f(1.0)")[0]
    assert not same_calls("f('1')", "f(1)")[0]
    assert not same_calls("f(-1)", "f(1)")[0]
    assert not same_calls("f({'a': 1})", "f({'a': 1, 'b': 2})")[0]


@pytest.mark.parametrize(("length", "read"), [(20_000, True), (20_001, False)])
def test_a_text_of_thousands_of_characters_is_no_call(length: int, read: bool):
    text = "f('" + "x" * (length - 5) + "')"
    assert len(text) == length and same_calls(text, text)[0] is read


@pytest.mark.parametrize("call", ["f(" + "-" * 900 + "1)", "f" + ".a" * 5000 + "()", "f(1" + "+1" * 5000 + ")"])
def test_a_call_nested_too_deeply_is_another_and_no_error(call: str):
    """A model may write it: what is deeper than Python's stack ended the whole run."""
    assert not same_calls("f(1)", call)[0]
    assert not same_calls(call, call.replace("f", "g", 1))[0]
