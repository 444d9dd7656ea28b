"""Answers in a form: read whole, or refused with the reason."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.model import Request, Response, Sampling
from curation.readers.rows import records
from synth.drop import Drop
from synth.synthesize import parsed
from synth.synthesize.attempt import Ask, Attempt, Source


def attempt(text: str, finish: str = "stop") -> Attempt:
    request = Request("r", "p", Sampling(8))
    response = Response("r", 0, text, (1, 2), finish, 3, "too long" if finish == "refused" else None)
    return Attempt(Ask(Source("s", "t", None, None), request), response, "e", "m")


KEYS = ("question", "answer")


@pytest.mark.parametrize(
    "text",
    ['{"question": "q?", "answer": " a "}', ' {"answer":"a","question":"q?"}\n',
     '```json\n{"question": "q?", "answer": "a"}\n```'],
)  # fmt: skip
def test_an_object_of_the_keys_is_read(text: str) -> None:
    assert parsed.fields(attempt(text), KEYS) == {"question": "q?", "answer": "a"}


@pytest.mark.parametrize(
    ("text", "finish", "rule"),
    [
        ("", "refused", "refused"),
        ('{"question": "q", "answer": "a"}', "length", "truncated"),
        ("  ", "stop", "empty"),
        ("Sure! {\"question\": \"q\", \"answer\": \"a\"}", "stop", "not_json"),
        ('{"question": "q", "answer": "a"} PASS', "stop", "not_json"),
        ('{"question": "q", "answer"', "stop", "not_json"),
        ('{"question": "q", "answer": "a", "answer": "b"}', "stop", "not_json"),
        ('{"question": NaN, "answer": "a"}', "stop", "not_json"),
        ("[" * 100_000, "stop", "not_json"),
        ('["q", "a"]', "stop", "wrong_keys"),
        ('{"question": "q"}', "stop", "wrong_keys"),
        ('{"question": "q", "answer": "a", "accepted": "yes"}', "stop", "wrong_keys"),
        ('{"question": "q", "answer": 7}', "stop", "wrong_keys"),
        ('{"question": "q", "answer": {"a": 1}}', "stop", "wrong_keys"),
        ('{"question": "\\ud83d", "answer": "a"}', "stop", "not_unicode"),
        ('{"question": " ", "answer": "a"}', "stop", "empty_field"),
    ],
)  # fmt: skip
def test_whatever_else_is_refused_with_the_reason(text: str, finish: str, rule: str) -> None:
    found = parsed.fields(attempt(text, finish), KEYS)
    assert isinstance(found, Drop) and found.rule == rule
    assert parsed.fields(attempt('{"question": "", "answer": "a"}'), KEYS, may_be_empty=("question",)) == {
        "question": "", "answer": "a"
    }  # fmt: skip


@given(st.text(max_size=30), st.text(max_size=30))  # of Unicode without halves of pairs
def test_every_text_comes_back_as_it_was_written(question: str, answer: str) -> None:
    text = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
    found = parsed.fields(attempt(text), KEYS, may_be_empty=KEYS)
    assert found == {"question": question.strip(), "answer": answer.strip()}


def test_the_guide_allows_exactly_what_is_read() -> None:
    guide = parsed.guide(KEYS)
    schema = json.loads(guide.json_schema or "")
    jsonschema.validate({"question": "q", "answer": "a"}, schema)
    for wrong in ({"question": "q"}, {"question": "q", "answer": 1}, {"question": "q", "answer": "a", "x": "y"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "asked", "answered"),
    [
        ("korean-chatbot", "Q", "A"),
        ("korean-human-rights-qa", "질의", "상담례, 결정례 기반 답변"),
    ],
)
def test_korean_questions_and_answers_are_read_whole(shared_data: Path, name: str, asked: str, answered: str) -> None:
    """Quotes, line ends and signs of real texts survive the form."""
    read = 0
    for _, row in records(shared_data / "instructions" / f"{name}.jsonl.gz"):
        assert isinstance(row, dict)
        text = json.dumps({"question": row[asked], "answer": row[answered]}, ensure_ascii=False)
        found = parsed.fields(attempt(text), KEYS)
        assert found == {"question": row[asked].strip(), "answer": row[answered].strip()}
        read += 1
        if read == 500:
            break
    assert read == 500 or name == "korean-human-rights-qa"
