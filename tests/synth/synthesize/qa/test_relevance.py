"""Is a question about its passage: English, Korean, scripts without spaces, films and questions that people wrote."""

import gzip
import json
from pathlib import Path

import pytest

from synth.synthesize.qa import QaOptions
from synth.synthesize.qa.relevance import relevances, units

LEAST = QaOptions().min_relevance

TEXTS = {
    "a": "The rocket is a kind of vehicle. The mango is a kind of fruit.",
    "b": "The tiger is a kind of animal. The lemon is a kind of fruit.",
    "c": "The knee is a kind of body. The rope is a kind of tool.",
}


def test_a_question_about_another_passage_has_little_of_this_one() -> None:
    asked = [("a", "What kind of thing is mango?"), ("b", "What kind of thing is mango?"),
             ("c", "What kind of thing is rope?"), ("c", "What kind of thing is pencil?")]  # fmt: skip
    own, stray, other, unknown = relevances(TEXTS, asked)
    assert stray < LEAST < 0.4 < own and unknown < LEAST < 0.4 < other


def test_korean_is_compared_without_particles() -> None:
    words = {"a": ("별", "star"), "b": ("공항", "airport"), "c": ("우유", "milk")}
    texts = {name: f"영어로 {word}의 뜻은 {other}이다." for name, (word, other) in words.items()}
    asked = [("a", "별은 영어로 무엇인가?"), ("b", "별은 영어로 무엇인가?"), ("b", "공항을 영어로 하면 무엇인가?")]
    own, stray, other = relevances(texts, asked)
    assert stray < LEAST < own and other > LEAST


def test_words_without_spaces_are_compared_by_pairs() -> None:
    texts = {"a": "東京タワーは1958年に完成した。", "b": "大阪城は豊臣秀吉が築いた。"}
    own, stray = relevances(texts, [("a", "東京タワーはいつ完成した?"), ("b", "東京タワーはいつ完成した?")])
    assert own > 0.5 > LEAST > stray
    assert units("東京タワー 65") == {"東京", "京タ", "タワ", "ワー", "65"}


def test_titles_that_are_numbers_count() -> None:
    texts = {"a": "65 is a film of 2023.", "b": "Lost is a film of 2023."}
    own, stray = relevances(texts, [("a", 'What genre is "65"?'), ("b", 'What genre is "65"?')])
    assert own > LEAST > stray


def test_a_question_that_is_asked_of_every_passage_is_about_one_all_the_same() -> None:
    *strays, own = relevances(TEXTS, [(name, "What kind of thing is rope?") for name in TEXTS])
    assert max(strays) < LEAST < own


def test_of_nothing_nothing_is_said() -> None:
    assert relevances(TEXTS, []) == []
    assert relevances(TEXTS, [("a", "Who is it?")]) == [1.0]
    assert relevances({"a": "Ada built it."}, [("a", "What did Ada build?"), ("a", "Where is Oslo?")])[1] == 0.0


def test_the_order_of_questions_and_passages_changes_nothing() -> None:
    asked = [(name, f"What kind of thing is {word}?") for name in TEXTS for word in ("mango", "rope", "tiger", "pen")]
    turned = relevances(dict(reversed(TEXTS.items())), asked[::-1])
    assert turned[::-1] == relevances(TEXTS, asked)


@pytest.mark.shared_data
def test_questions_that_people_wrote_are_about_their_own_texts(shared_data: Path) -> None:
    """Of films few are refused, and most that are asked of another film are; as many in Korean."""
    film = shared_data / "instructions" / "pit-wiki2023-film"
    pairs = {
        "film": [
            {row["wiki_id"]: row["text"] for row in read(film / "test-doc.jsonl.gz")},
            [(row["wiki_id"], row["question"]) for row in read(film / "test-qa.jsonl.gz")],
        ],
        "boolq": [
            {row["ID"]: row["Text"] for row in read(shared_data / "evaluation" / "kobest-boolq.jsonl.gz")},
            [(row["ID"], row["Question"]) for row in read(shared_data / "evaluation" / "kobest-boolq.jsonl.gz")],
        ],
    }
    for texts, asked in pairs.values():
        own = relevances(texts, asked)
        after = dict(zip(texts, [*list(texts)[1:], next(iter(texts))], strict=True))
        stray = relevances(texts, [(after[name], question) for name, question in asked])
        assert sum(one < LEAST for one in own) <= 0.005 * len(own)
        assert sum(one < LEAST for one in stray) >= 0.9 * len(stray)


def read(file: Path) -> list[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
