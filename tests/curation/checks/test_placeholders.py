import ast
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.checks.call_variants import changed, reordered
from curation.checks.placeholders import LONGEST, hidden, parsed, shown
from curation.checks.typed_calls import problem, same_calls

CALL = "s3.open(path='s3://b', region='us', session_token=<session_token>)"


def test_a_placeholder_is_equal_to_itself_alone():
    assert same_calls(CALL, CALL) == (True, "the same calls")
    assert same_calls(CALL, 's3.open(session_token=<session_token>, region="us", path="s3://b")')[0]
    assert problem(CALL) is None
    for other in ("<other>", "'<session_token>'", "session_token", "None", hidden("f(<a>)")[2:-1]):
        assert not same_calls(CALL, CALL.replace("<session_token>", other))[0], other
    assert same_calls("f(a=<b>)", "f(a=<c>)") == (False, "found f(a=<c>), expected f(a=<b>)")


def test_variants_of_a_call_keep_its_placeholder():
    assert reordered(CALL) == ["s3.open(session_token=<session_token>, region='us', path='s3://b')"]
    assert "s3.open(path='s3://b', region='us', session_token=<session_token_other>)" in changed(CALL)
    assert not any(same_calls(CALL, other)[0] for other in changed(CALL))


@pytest.mark.parametrize(
    "text", ["f(a < b > c)", "f('<a>')", "f(1)", "f(", "a <b>", "<이름>", "\u01c2_b", "\u01c2\u01c2 <\u01c2>"]
)
def test_what_comes_back_is_what_was_given(text: str):
    assert shown(hidden(text)) == text


@pytest.mark.parametrize("text", ["f(a < b > c)", "f('<a>')", "f(1)", "f(", "안녕 <1>"])
def test_python_and_what_has_none_are_left_as_they_are(text: str):
    assert hidden(text) == text


def test_a_name_of_one_s_own_is_no_placeholder():
    named = hidden("f(a=<b>)")
    assert same_calls(named, named)[0] and shown(hidden(named)) == named
    assert not same_calls("f(a=<b>)", named)[0]


@given(st.text(alphabet="<>ab_1\u01c2 (=)이'", max_size=30))
def test_nothing_of_a_text_is_lost(text: str):
    assert shown(hidden(text)) == text


def test_a_text_longer_than_any_call_is_not_put_to_the_parser(monkeypatch: pytest.MonkeyPatch):
    parse, longest = ast.parse, 0

    def watched(text: str) -> ast.Module:
        nonlocal longest
        longest = max(longest, len(text))
        return parse(text)

    monkeypatch.setattr(ast, "parse", watched)
    for call in (f"f({'a, ' * 7000}<b>)", f"f('{'a' * 20_000}', <b>)"):
        assert not same_calls(CALL, call)[0] and not same_calls(call, CALL)[0]
        assert problem(call) == "is not a Python expression"
        for variants in (reordered, changed):
            with pytest.raises(SyntaxError):
                variants(call)
    assert 0 < longest <= LONGEST


@pytest.mark.parametrize("text", ["f('\\d <a>')", "f('\\d', <a>)", "f(1is 2, <a>)"])
def test_what_python_warns_of_in_a_text_is_no_concern_of_the_user(text: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hidden(text), problem(text), same_calls(text, text), reordered(text), changed(text)


@pytest.mark.parametrize("text", ["(" * 9000, "f(\x00)", "f(", "f(" + "-" * 5000 + "1)", f"f({'9' * 5000})"])
def test_what_cannot_be_parsed_is_a_syntax_error(text: str):
    with pytest.raises(SyntaxError):
        parsed(text)
    assert hidden(text) == text and problem(text) == "is not a Python expression"
