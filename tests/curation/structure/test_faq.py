"""Questions and answers, marked or under headings, in English and Korean."""

import json

import polars as pl
import pytest

from curation import tables
from curation.structure import FaqOptions, faq


def frame(*texts: str) -> pl.DataFrame:
    rows = [
        {"doc_id": f"{n:032x}", "content_id": "c", "text": text, "source": "s", "file": "f", "record": n, "lang": None,
         "meta": "{}", "parents": []}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def pairs(text: str, options: FaqOptions | None = None) -> list[tuple[str, str]]:
    made = faq.samples(frame(text), options or FaqOptions())
    tables.check(made.rows, tables.samples_schema("prompt_completion"), "sample_id")
    return [(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in made.rows.iter_rows(named=True)]


@pytest.mark.parametrize(
    "text",
    [
        "Q: What is it?\nA: A thing.\nQ: Why?\nA: Because\nof this.\n",
        "Intro text.\n\nQ1. What is it?\nA1. A thing.\n\nQ2. Why?\nA2. Because\nof this.\n\n## Other\nmore",
        "**Question:** What is it?\n\n**Answer:** A thing.\n\n- Question 2) Why?\n- Answer 2) Because\nof this.",
        "[Q] What is it?\n[A] A thing.\n[Q] Why?\n[A] Because\nof this.",
        "Q.What is it?\nA.A thing.\nQ.Why?\nA.Because\nof this.",
        "# FAQ\n## What is it?\nA thing.\n## Contents\nno\n### Why?\n\nBecause\nof this.\n",
        "What is it?\n---\nA thing.\n\nWhy?\n---\nBecause\nof this.\n",
    ],
)
def test_english(text: str) -> None:
    assert pairs(text) == [("What is it?", "A thing."), ("Why?", "Because\nof this.")]


@pytest.mark.parametrize(
    "text",
    [
        "질문: 무엇입니까?\n답변: 이것입니다.\n질문: 왜죠?\n답변: 그래서요.",
        "문) 무엇입니까?\n답) 이것입니다.\n\n문) 왜죠?\n답) 그래서요.",
        "[질문] 무엇입니까?\n[답변] 이것입니다.\n[질문] 왜죠?\n[답변] 그래서요.",
        "Q1. 무엇입니까?\nA1. 이것입니다.\nQ2. 왜죠?\nA2. 그래서요.",
        "질문 1: 무엇입니까?\n답변 1: 이것입니다.\n질문 2: 왜죠?\n답변 2: 그래서요.",
        "# 무엇입니까?\n이것입니다.\n# 왜죠?\n그래서요.",
    ],
)
def test_korean(text: str) -> None:
    assert pairs(text) == [("무엇입니까?", "이것입니다."), ("왜죠?", "그래서요.")]


def test_a_korean_question_without_a_mark() -> None:
    assert pairs("## 환불은 어떻게 하나요\n환불은 이렇게 합니다.\n## 안내\n없음") == [
        ("환불은 어떻게 하나요", "환불은 이렇게 합니다.")
    ]
    assert pairs("## Why?\nx", FaqOptions(headings=False)) == []


@pytest.mark.parametrize(
    "text",
    [
        "문제는 이것이다.\n답은 없다.",
        "Quality: high\nAmount: 3",
        "A. first choice\nB. second",
        "질문이 많다\n답변도 많다",
        "",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    made = faq.samples(frame(text), FaqOptions())
    assert (made.rows.height, made.consumed, made.ledger["action"].to_list()) == (0, 0, ["drop"])


def test_what_has_no_answer_is_counted_with_its_line() -> None:
    cut = faq.documents(frame("Q: one?\nQ: two?\nA: yes\nQ:\nA: no question"), FaqOptions())
    assert cut.rows["text"].to_list() == ["two?\n\nyes"]
    assert json.loads(cut.rows["meta"][0])["structure"] == {
        "form": "faq", "index": 0, "of": 1, "headings": ["two?"], "line": 2,
    }  # fmt: skip
    (event,) = cut.ledger.rows(named=True)
    assert json.loads(event["detail"]) == {
        "parts": 1, "left_out": 2, "reasons": ["line 1: a question without an answer", "line 4: no question"],
    }  # fmt: skip


def test_equal_pairs_of_one_document_have_their_own_ids() -> None:
    made = faq.samples(frame("Q: a?\nA: b\nQ: a?\nA: b"), FaqOptions(task="help"))
    assert made.rows["sample_id"].n_unique() == 2
    assert made.rows["task"].to_list() == ["help"] * 2
    assert made.rows["parents"].to_list() == [[f"{0:032x}"]] * 2
    kept = faq.documents(frame("nothing"), FaqOptions(keep_unparsed=True))
    assert kept.rows.equals(frame("nothing"))
