from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from train.tunings.merges import joined, learn

SPELLED = {"a": (0,), "b": (1,), "c": (2,), "가": (3, 4, 5), "é": (6, 7)}
KNOWN = {"a": 0, "b": 1, "c": 2}


def test_each_step_joins_what_saves_most() -> None:
    words = {("b", "c", "b", "c"): 5, ("a", "c"): 4, ("c", "c"): 1}
    merges = learn(words, SPELLED, KNOWN, 9, 4)
    assert [(merge.text, merge.saved, merge.spelled) for merge in merges] == [
        ("bc", 10, (1, 2)),
        ("bcbc", 5, (1, 2, 1, 2)),
        ("ac", 4, (0, 2)),
    ]
    assert [merge.text for merge in learn(words, SPELLED, {}, 1, 1)] == ["bc"]


def test_a_character_in_bytes_is_a_token_before_it_is_joined() -> None:
    merges = learn({("a", "가"): 4, ("가",): 2, ("a", "b"): 5}, SPELLED, KNOWN, 9, 4)
    assert [(merge.parts, merge.saved, merge.spelled) for merge in merges] == [
        (("가",), 12, (3, 4, 5)),
        (("a", "b"), 5, (0, 1)),
        (("a", "가"), 4, (0, 3, 4, 5)),
    ]


def test_a_character_must_stand_often_enough_whatever_it_saves() -> None:
    assert learn({("a", "가"): 3}, SPELLED, KNOWN, 9, 4) == []
    assert learn({("a", "가"): 9}, SPELLED, {**KNOWN, "가": 8}, 9, 4) == [], "it is an added token, and stays one"


def test_a_text_that_is_a_token_already_is_not_made_again() -> None:
    assert learn({("a", "b"): 9}, SPELLED, {"ab": 3}, 9, 1) == []


def test_a_pair_is_joined_from_the_left() -> None:
    assert joined(["a", "a", "a"], ("a", "a")) == ["aa", "a"]


def length(row: list[str], made: set[str]) -> int:
    """Tokens of a word, characters that are none yet being bytes."""
    return sum(len(SPELLED[text]) if text in SPELLED and text not in made else 1 for text in row)


@given(st.lists(st.lists(st.sampled_from([*SPELLED]), min_size=1, max_size=8).map(tuple), min_size=1, max_size=12))
def test_what_is_said_to_be_saved_is_saved(rows: list[tuple[str, ...]]) -> None:
    words = Counter(rows)
    merges = learn(words, SPELLED, KNOWN, 5, 1)
    shorter = {word: list(word) for word in words}
    made: set[str] = set()
    for merge in merges:
        before = sum(length(shorter[word], made) * count for word, count in words.items())
        made.add(merge.text)
        if len(merge.parts) == 2:
            assert all(part in made or part in KNOWN for part in merge.parts)
            shorter = {word: joined(row, merge.parts) for word, row in shorter.items()}
        after = sum(length(shorter[word], made) * count for word, count in words.items())
        # of three equal tokens in a row two pairs are counted and one is joined
        assert 0 < before - after <= merge.saved
        assert merge.spelled == sum((SPELLED[character] for character in merge.text), ())
    assert merges == learn(dict(reversed(words.items())), SPELLED, KNOWN, 5, 1), "in any order"
