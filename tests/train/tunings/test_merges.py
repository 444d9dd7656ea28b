from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from train.tunings.merges import joined, learn

TEXTS = {0: "a", 1: "b", 2: "c", 3: "ab"}


def test_each_step_joins_what_saves_most() -> None:
    words = {(1, 2, 1, 2): 5, (0, 2): 4, (2, 2): 1}
    merges = learn(words, TEXTS, {"a": 0, "b": 1, "c": 2}, 9, 4)
    assert [(merge.text, merge.saved, merge.spelled) for merge in merges] == [
        ("bc", 10, (1, 2)),
        ("bcbc", 5, (1, 2, 1, 2)),
        ("ac", 4, (0, 2)),
    ]
    assert [merge.text for merge in learn(words, TEXTS, {}, 1, 1)] == ["bc"]


def test_a_text_that_is_a_token_already_is_not_made_again() -> None:
    assert learn({(0, 1): 9}, TEXTS, {"ab": 3}, 9, 1) == []


def test_a_pair_is_joined_from_the_left() -> None:
    assert joined(["a", "a", "a"], ("a", "a")) == ["aa", "a"]


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8).map(tuple), min_size=1, max_size=12))
def test_what_is_said_to_be_saved_is_saved(rows: list[tuple[int, ...]]) -> None:
    words = Counter(rows)
    merges = learn(words, TEXTS, {"a": 0, "b": 1, "c": 2}, 5, 1)
    shorter = {word: [TEXTS[token] for token in word] for word in words}
    for merge in merges:
        before = sum(len(shorter[word]) * count for word, count in words.items())
        shorter = {word: joined(row, (merge.left, merge.right)) for word, row in shorter.items()}
        after = sum(len(shorter[word]) * count for word, count in words.items())
        # of three equal tokens in a row two pairs are counted and one is joined
        assert 0 < before - after <= merge.saved
        assert "".join(TEXTS[token] for token in merge.spelled) == merge.text
    assert merges == learn(dict(reversed(words.items())), TEXTS, {"a": 0, "b": 1, "c": 2}, 5, 1), "in any order"
