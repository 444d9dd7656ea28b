"""Long documents are cut to fit a prompt, and a question may not speak of what its reader does not have."""

from pathlib import Path

import polars as pl
import pytest

from curation import tables, tokens
from curation.errors import InputError
from curation.readers.rows import records
from synth.synthesize.passages import passages, points


def documents(*texts: str) -> pl.DataFrame:
    rows = [
        {"doc_id": f"{n:032x}", "content_id": "c", "text": text, "source": "s", "file": "f.jsonl", "record": n,
         "lang": None, "meta": "{}", "parents": []}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def test_a_long_document_is_several_passages_of_one_source(seed_model: Path) -> None:
    tokenizer = tokens.load(seed_model)
    long = " ".join(f"Sentence {n} says something of its own." for n in range(60))
    found = passages(documents("short one", long), tokenizer, 64, "qa")
    assert found[0].text == "short one" and found[0].id == found[0].source.id == f"{0:032x}"
    assert len(found) > 5 and {one.source.id for one in found[1:]} == {f"{1:032x}"}
    assert " ".join(one.text for one in found[1:]) == long
    assert max(tokenizer.counts([one.text for one in found])) <= 64
    assert [one.number for one in found] == [0, *range(len(found) - 1)]
    assert found[1].source.record == 1 and found[1].source.task == "s"


def test_no_order_of_documents_matters() -> None:
    frame = documents("a", "b", "c")
    assert passages(frame, None, 9, "qa") == passages(frame.reverse(), None, 9, "qa")
    with pytest.raises(InputError, match="qa: found no documents"):
        passages(frame.clear(), None, 9, "qa")


@pytest.mark.parametrize(
    "text",
    ["Who wrote the passage?", "According to the article, who won?", "What does this text say?",
     "What is mentioned above?", "What does the author think?", "In the given story, who dies?",
     "Summarise the text about Rome.", "이 글에서 누가 이겼나요?",
     "본문에 따르면 누가 만들었나요?", "위 기사의 제목은?", "글쓴이의 생각은?",
     "주어진 자료에서 가장 큰 수는?", "다음 글을 요약하세요."],
)  # fmt: skip
def test_pointing_at_a_document_is_found(text: str) -> None:
    assert points(text) is not None


@pytest.mark.parametrize(
    "text",
    ["What is the text of the First Amendment?", "Who is the author of Hamlet?", "When was Hangul made public?",
     "What is a document?", "Who signed the document that ended the war?", "한글은 언제 반포되었나요?",
     "기본자료형이란 무엇인가요?",
     "위기 사항은 무엇인가요?", "그림의 크기는?", "문서 작성 방법을 알려 주세요.", "세종대왕이 지은 글은 무엇인가요?"],
)  # fmt: skip
def test_speaking_of_documents_in_general_is_no_pointing(text: str) -> None:
    assert points(text) is None


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "key", "most"), [("korean-chatbot", "Q", 0.002), ("korean-human-rights-qa", "질의", 0.03)]
)
def test_questions_that_people_asked_point_at_nothing(shared_data: Path, name: str, key: str, most: float) -> None:
    texts = [row[key] for _, row in records(shared_data / "instructions" / f"{name}.jsonl.gz") if isinstance(row, dict)]
    flagged = [(text, points(text)) for text in texts if points(text) is not None]
    assert len(flagged) <= most * len(texts), flagged[:10]
