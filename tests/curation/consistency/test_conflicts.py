"""Contradicting rows: found when planted, decided by policy, and never an open answer among them."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import tables
from curation.consistency import conflicts
from curation.consistency.conflicts import ConflictOptions
from curation.errors import InputError
from curation.stage import DROPS


def side(*pairs: tuple[str, str]) -> pl.DataFrame:
    ids = [f"d{i:02d}" for i in range(len(pairs))]
    return pl.DataFrame(
        {"doc_id": ids, "prompt": [prompt for prompt, _ in pairs], "answer": [answer for _, answer in pairs]},
        schema=conflicts.SIDE,
    )


QUESTION = "What is the capital of France?"
ROWS = side(
    (QUESTION, "Paris"),
    ("what is the capital of France", "Paris."),
    ("What is capital of France?", "Lyon"),
    (QUESTION, "Its capital has been Paris since the tenth century."),  # open: neither compared nor dropped
    ("What is the capital of Finland?", "Helsinki"),
    ("Name a fruit", "apple"),
    ("Name a fruit", "pear"),
    ("힘들어", "기운 내세요."),
    ("힘들어", "푹 쉬세요."),
    ("3 더하기 4는?", "7"),
    ("3 더하기 4는?", "8"),
)


def test_report() -> None:
    found = conflicts.conflicts(ROWS, ConflictOptions())
    assert found["doc_id"].to_list() == ["d09", "d10", "d00", "d01", "d02"]
    paris = found.filter(pl.col("kind") == "phrase")
    assert paris["says"].to_list() == ["paris", "paris", "lyon"]
    assert paris["majority"].to_list() == ["paris"] * 3
    assert paris["agrees"].to_list() == [True, True, False]
    assert paris["similarity"].to_list() == [1.0, 1.0, 1.0]
    assert conflicts.decide(ROWS, ConflictOptions()).equals(tables.empty(DROPS))


def test_majority_keeps_what_most_say_and_drops_ties_whole() -> None:
    drops = conflicts.decide(ROWS, ConflictOptions(policy="majority"))
    assert drops.schema == DROPS
    assert drops["doc_id"].to_list() == ["d02", "d09", "d10"]
    lyon = drops.row(0, named=True)
    assert (lyon["rule"], lyon["value"], lyon["threshold"]) == ("consistency.conflict", 2.0, 1.0)
    assert lyon["duplicate_of"] == "d00"
    assert json.loads(lyon["detail"]) == {"answer": "lyon", "majority": "paris", "kind": "phrase"}
    assert drops["duplicate_of"].to_list()[1:] == [None, None]


def test_drop_drops_all_closed_answers() -> None:
    drops = conflicts.decide(ROWS, ConflictOptions(policy="drop"))
    assert drops["doc_id"].to_list() == ["d00", "d01", "d02", "d09", "d10"]


def test_the_same_prompts_only() -> None:
    found = conflicts.conflicts(ROWS, ConflictOptions(similarity=None))
    assert found["doc_id"].to_list() == ["d09", "d10"]


def test_answers_that_agree_through_another_are_one() -> None:
    rows = side(("Who?", "Anna Lee"), ("Who?", "Lee"), ("Who?", "Bob Lee"), ("Who?", "Kim"))
    found = conflicts.conflicts(rows, ConflictOptions())
    assert found["says"].to_list() == ["anna lee", "anna lee", "anna lee", "kim"]


def test_a_question_with_many_answers_is_open() -> None:
    many = [("Which colour?", f"shade {chr(97 + i)}{chr(98 + i)}x") for i in range(conflicts.MAX_ANSWERS + 1)]
    assert conflicts.conflicts(side(*many), ConflictOptions()).is_empty()
    assert conflicts.conflicts(side(*many[:-1]), ConflictOptions()).height == conflicts.MAX_ANSWERS


@settings(max_examples=10)
@given(st.permutations(range(ROWS.height)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    options = ConflictOptions(policy="majority")
    assert_frame_equal(conflicts.decide(ROWS[order], options), conflicts.decide(ROWS, options))
    assert_frame_equal(conflicts.conflicts(ROWS[order], options), conflicts.conflicts(ROWS, options))


def test_sides_of_documents_and_samples() -> None:
    rows = pl.DataFrame({"doc_id": ["a", "b", "c"], "text": ["Paris", "x", "y"], "meta": [
        '{"q":"Capital?","n":{"a":"7"}}', '{"q":null}', "{}"]})  # fmt: skip
    documents = tables.complete(rows, tables.DOCUMENTS)
    assert conflicts.side(documents, ConflictOptions(prompt="q")).rows() == [("a", "Capital?", "Paris")]
    assert conflicts.side(documents, ConflictOptions(prompt="text", answer="n.a")).rows() == [("a", "Paris", "7")]
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Capital?"}]
    samples = pl.DataFrame(
        {"sample_id": ["s"], "prompt": [turns], "completion": [[{"role": "assistant", "content": "Paris"}]]},
        schema_overrides={"prompt": tables.TURNS, "completion": tables.TURNS},
    )
    assert conflicts.side_of_samples(samples).rows() == [("s", "Be brief.\nCapital?", "Paris")]


def test_nothing_to_compare() -> None:
    assert conflicts.decide(side(), ConflictOptions(policy="drop")).equals(tables.empty(DROPS))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"policy": "vote"}, "consistency.policy: found 'vote', expected one of report, majority, drop"),
        ({"similarity": 1.5}, "consistency.similarity: found 1.5"),
        ({"max_words": 0}, "consistency.max_words: found 0"),
    ],
)
def test_what_is_refused(given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ConflictOptions(**given)


@pytest.mark.shared_data
def test_planted_contradictions_and_none_besides(shared_data) -> None:
    """Every changed answer of 300 mathematics questions is found, and nothing else among them and 2 000 chats."""
    grade = pl.read_ndjson(shared_data / "instructions" / "gsm8k" / "test.jsonl.gz").head(300)
    asked = [(question, answer) for question, answer in grade.select("question", "answer").iter_rows()]
    planted = [(f"  {question} ", answer.split("####")[0] + "#### 987654321") for question, answer in asked[::10]]
    chat = pl.read_ndjson(shared_data / "instructions" / "korean-chatbot.jsonl.gz").head(2000)
    rows = side(*asked, *planted, *chat.select("Q", "A").iter_rows())
    rows = rows.with_columns(doc_id=pl.int_range(pl.len()).cast(pl.String))
    found = conflicts.conflicts(rows, ConflictOptions())
    expected = set(range(0, 300, 10)) | set(range(300, 330))
    assert set(found["doc_id"].cast(pl.Int64)) == expected
