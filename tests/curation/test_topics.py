import math

import polars as pl
import pytest

from curation import topics
from curation.errors import InputError
from curation.topics import TopicOptions

DOCUMENTS = pl.DataFrame(
    {
        "cluster_id": [3, 3, 3, 1, 1, 1, 7],
        "text": ["the River and the sea", "a river of the north", "The RIVER bank 1999", "법원은 그리고 판결"]
        + ["그리고 법원은 상고", "the 법원은", "?? 12"],
    }
)


def test_names_are_the_words_that_set_a_cluster_apart():
    named = topics.names(DOCUMENTS, TopicOptions(terms=2))
    assert named.schema == topics.NAMES and named["cluster_id"].to_list() == [1, 3, 7]
    # river: 3 documents of 3 in all; the: 3 of 4; 법원은: 3 of 3; 그리고: 2 of 2
    average = 7 / 3
    assert 3 * math.log(1 + average / 3) > 3 * math.log(1 + average / 4) > math.log(1 + average / 1)
    assert named["terms"].to_list() == [["법원은", "그리고"], ["river", "the"], []]
    assert named["name"].to_list() == ["법원은, 그리고", "river, the", ""]
    assert topics.names(DOCUMENTS.reverse(), TopicOptions(terms=2)).equals(named)


def test_words_that_all_share_are_no_name():
    texts = [f"the {word} of the day" for word in ["bread", "court"] * 10]
    frame = pl.DataFrame({"cluster_id": [0, 1] * 10, "text": texts})
    assert topics.names(frame, TopicOptions(terms=1))["name"].to_list() == ["bread", "court"]


def test_the_mix_before_and_after():
    before = topics.counts(pl.Series([1, 1, 1, 2, 5, 5]))
    after = topics.counts(pl.Series([1, 5, 5]))
    found = topics.mix(before, after, pl.DataFrame({"cluster_id": [1, 5], "name": ["one", "five"]}))
    assert found.schema == topics.MIX
    assert found.select("cluster_id", "name", "before", "after").rows() == [
        (1, "one", 3, 1),
        (5, "five", 2, 2),
        (2, "", 1, 0),
    ]
    assert found["share_before"].to_list() == pytest.approx([1 / 2, 1 / 3, 1 / 6])
    assert found["change"].to_list() == pytest.approx([1 / 3 - 1 / 2, 2 / 3 - 1 / 3, -1 / 6])
    assert found["share_after"].sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="more documents"):
        topics.mix(after, before, found)


def test_nothing():
    empty = DOCUMENTS[:0]
    assert topics.names(empty, TopicOptions()).height == 0
    none = topics.counts(empty["cluster_id"])
    assert none.schema == topics.COUNTS and topics.mix(none, none, topics.names(empty, TopicOptions())).height == 0
    with pytest.raises(InputError, match="expected at least 1"):
        TopicOptions(terms=0)
