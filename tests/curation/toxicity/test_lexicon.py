"""Lists: stems and allow-lists in both languages, the quick search agrees with the exact one, topics for review."""

import polars as pl
import pytest

from curation.errors import InputError
from curation.rules.keywords import read_lists
from curation.toxicity import lexicon


def test_stems_go_on_and_look_alikes_are_allowed() -> None:
    texts = pl.Series(
        ["씨발놈아", "잠을 자지 않았다", "변화의 시발점", "IDIOTS!", "The Idiot", "bitches", "Scunthorpe"]
    )
    assert lexicon.candidates(texts).to_list() == [1, 0, 0, 1, 0, 1, 0]


def test_the_quick_search_loses_nothing() -> None:
    for path in lexicon.ABUSE:
        words = [word for word in read_lists(path).words]
        endings = ["", "s", "es", "ing", "ed"] if path.name == "en.txt" else ["", "들아", "이네"]
        texts = pl.Series([word + ending for word in words for ending in endings])
        loose, hits = lexicon._abuse(lexicon.ABUSE)
        exact = texts.to_frame("text").select(hits > 0).to_series()
        assert exact.sum() >= len(words) and texts.filter(exact).str.contains(loose).all()


def test_sensitive_topics_are_flagged_for_review() -> None:
    texts = ["She was suicidal after the abuse.", "마약 사건으로 고소를 당했다", "A sunny day.", "국경일이다"]
    documents = pl.DataFrame({"doc_id": ["a", "b", "c", "d"], "text": texts})
    found = lexicon.sensitive(documents)
    assert found["sensitive"].to_list() == [["self_harm"], ["drugs", "legal"], [], []]
    assert found["review"].to_list() == [True, True, False, False]
    assert lexicon.sensitive(documents, ["legal"])["review"].to_list() == [False, True, False, False]
    with pytest.raises(InputError, match="found 'gambling', expected one of self_harm"):
        lexicon.sensitive(documents, ["gambling"])


def test_every_topic_has_entries_in_both_languages() -> None:
    assert len(lexicon.topics()) >= 7
    for topic in lexicon.topics():
        loose, _ = lexicon._topics()[topic]
        assert pl.Series([loose]).str.contains("[가-힣]").all() and pl.Series([loose]).str.contains("[a-z]{4}").all()
