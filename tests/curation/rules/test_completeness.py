"""Ends of texts graded by hand, cut texts against whole ones, and fields that a record must have."""

import json
import random

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.rules import rule
from curation.rules.completeness import CERTAIN, ENDED, NO_MARK, OPEN_LINE, WITHIN_LINE, completeness

BEFORE = "We walked along the river for an hour. Nobody said anything about the letter.\n"
KOREAN_BEFORE = "그 강을 따라 한 시간쯤 걸었다. 아무도 그 편지에 대해 말하지 않았다.\n"


def documents(texts: list[str], metas: list[dict] | None = None) -> pl.DataFrame:
    rows = pl.DataFrame(
        {
            "doc_id": [f"d{i}" for i in range(len(texts))],
            "text": texts,
            "meta": [json.dumps(meta) for meta in metas or [{}] * len(texts)],
        },
        schema={"doc_id": pl.String, "text": pl.String, "meta": pl.String},
    )
    return tables.complete(rows, tables.DOCUMENTS)


def cut(text: str) -> float | None:
    return rule.score(documents([text]), completeness())["completeness.cut"][0]


@pytest.mark.parametrize(
    "end",
    [
        "The house was empty.",
        "Was the house empty?!",
        "He said that “the house was empty.”",
        "The house was empty (as always).",
        "The house was empty (as always)",
        "The house was empty…",
        "See https://example.org/the",
        "Write to someone@example.org",
        "The house was empty :)",
        "The house was empty 🙂",
        "| a | table |",
        "그 집은 비어 있었다",
        "그 집은 비어 있었어요",
        "그 집은 비어 있음",
        "그 집은 비어 있었다.”",
        "집이 비었네 ㅋㅋㅋ",
        "집이 너무 비었음 ^^;",
        "집이 좀 비었던데;;",
        "那座房子是空的。",
        "print(house.empty);",
    ],
)
def test_ended(end: str) -> None:
    assert cut(BEFORE + KOREAN_BEFORE + end) == ENDED
    assert cut(BEFORE + KOREAN_BEFORE + end + " \n\n") == ENDED


@pytest.mark.parametrize(
    "end",
    [
        "The house was empty,",
        "The house was empty and",
        "They had walked to the",
        "The house, which",
        "As follows:",
        "The house was half-",
        "The house (an old",
        "He said: “The house",
        "그 집은 비어 있었고",
        "그 집은 비어 있었지만",
        "그 집은 오래되어서",
        "그 사람이 집을",
        "그 사람은 집에서",
        "그 집과 마당 및",
        "그 집(오래된",
        "「민법",
    ],
)
def test_something_must_follow(end: str) -> None:
    assert cut(BEFORE + KOREAN_BEFORE + end) == CERTAIN


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        (BEFORE.strip() + " The house was emp", WITHIN_LINE),
        (KOREAN_BEFORE.strip() + " 그 집은 비어 있", WITHIN_LINE),
        ("그 강을 따라 걸었다 그날은 아무도 그 편지 이야기를 하지 않 은 채 그 집", WITHIN_LINE),
        (BEFORE + "The old house by the river was almost emp", OPEN_LINE),
        (BEFORE + "Contact the editor", NO_MARK),
        ("one two three four five six seven eight nine ten eleven", NO_MARK),  # no sentence has an end here
        ("The house and", None),  # too short to need a sentence
        ("", None),
    ],
)
def test_grades(text: str, grade: float | None) -> None:
    assert cut(text) == grade


def test_nouns_that_look_like_particles_end_a_text() -> None:
    assert cut(BEFORE + "여름이 가고 이제는 가을") == NO_MARK
    assert cut(BEFORE + "그 해 가장 좋았던 영화 최고") == NO_MARK


def test_open_fences() -> None:
    rules = completeness()
    open_fence, closed = "Text.\n```python\nx = 1", "Text.\n```python\nx = 1\n```"
    scores = rule.score(documents([open_fence, closed, "a `code` word"]), rules)
    assert scores["completeness.open_fences"].to_list() == [1, 0, 0]
    assert rule.decide(scores, rules)["first_failing_rule"].to_list() == ["completeness.open_fences", None, None]


def test_required_fields() -> None:
    rules = completeness(required=("title", "a.b", "two words"))
    whole = {"title": "T", "a": {"b": 0}, "two words": "x"}
    metas = [whole, whole | {"title": " N/A "}, whole | {"a": {"b": None}}, {"a": 1}, {}]
    scores = rule.score(documents(["text"] * 5, metas), rules)
    assert scores["completeness.missing_fields"].to_list() == [0, 1, 1, 3, 3]
    decided = rule.decide(scores, rules)
    assert decided["first_failing_rule"].to_list() == [None] + ["completeness.missing_fields"] * 4
    lenient = completeness(required=("title", "a.b", "two words"), max_missing=1)
    assert (
        rule.decide(scores, lenient)["first_failing_rule"].to_list() == [None] * 3 + ["completeness.missing_fields"] * 2
    )


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="rules.completeness.required: found 'title', expected a list of names"):
        completeness(required="title")


@pytest.mark.shared_data
def test_cut_texts_against_whole_ones(shared_data) -> None:
    """The figures in the documentation, from below: of English web pages and Korean legal answers."""
    texts = {
        "c4-sample": pl.read_ndjson(shared_data / "corpora" / "c4-sample.jsonl.gz")["text"].to_list(),
        "rights": pl.read_ndjson(shared_data / "instructions" / "korean-human-rights-qa.jsonl.gz")[
            :, -1
        ].to_list()[:400],
    }  # fmt: skip
    draw = random.Random(0)
    for whole in texts.values():
        stopped = [text[: draw.randrange(len(text) // 2, len(text))] for text in whole]
        found = [
            (rule.score(documents(each), completeness())["completeness.cut"] > 0.5).fill_null(False).sum()
            for each in (whole, stopped)
        ]
        assert found[0] <= 0.02 * len(whole)
        assert found[1] >= 0.65 * len(whole)
