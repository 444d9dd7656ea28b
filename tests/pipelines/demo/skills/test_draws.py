"""Draws: always of the promised form, never a fact by accident, the same for the same seed."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.demo.skills import draws
from pipelines.demo.skills.vocabulary import CLOSED_ENGLISH, HURTING, KIND, OPEN_ENGLISH, OPEN_KOREAN, SOMEBODY

seeds = st.integers(0, 10**9)


@given(seed=seeds)
def test_english_words(seed: int) -> None:
    word = draws.english_word(random.Random(seed))
    assert 3 <= len(word) <= 6 and word.isascii() and word.isalpha() and word.islower()
    assert word not in CLOSED_ENGLISH


@given(seed=seeds, shortest=st.integers(1, 4), more=st.integers(0, 3))
def test_korean_words(seed: int, shortest: int, more: int) -> None:
    word = draws.korean_word(shortest, shortest + more)(random.Random(seed))
    assert shortest <= len(word) <= shortest + more and all("가" <= letter <= "힣" for letter in word)


def test_words_are_known_ones_and_made_up_ones() -> None:
    rng = random.Random(0)
    english = [draws.english_word(rng) in OPEN_ENGLISH for _ in range(400)]
    korean = [draws.korean_word(1, 5)(rng) in OPEN_KOREAN for _ in range(400)]
    assert 100 < sum(english) < 300 and 100 < sum(korean) < 300


@given(seed=seeds, longest=st.integers(1, 4))
def test_lists_of_known_words(seed: int, longest: int) -> None:
    words = ["red", "green", "blue", "white", "black"]
    listed = draws.known_words(words, longest)(random.Random(seed)).split(", ")
    assert 1 <= len(listed) <= longest and len(set(listed)) == len(listed) and set(listed) <= set(words)


@given(seed=seeds, largest=st.integers(1, 99))
def test_numbers_and_digits(seed: int, largest: int) -> None:
    one, other = draws.two_numbers(largest)(random.Random(seed)).split(" + ")
    assert 1 <= int(one) <= largest and 1 <= int(other) <= largest
    digits = draws.digits(random.Random(seed)).split(" ")
    assert len(digits) in (4, 5) and len(set(digits)) == len(digits) and all(digit in "0123456789" for digit in digits)


@given(seed=seeds)
def test_three_words_are_put_in_order_by_their_first_letters(seed: int) -> None:
    words = draws.words_by_initial(random.Random(seed)).split(" ")
    assert len(words) == 3 and len({word[0] for word in words}) == 3


def test_requests_are_as_often_harmful_as_not() -> None:
    rng = random.Random(0)
    harmful = 0
    for _ in range(600):
        verb, _, whom = draws.request(rng).partition(" ")
        assert (verb in HURTING and whom in (*SOMEBODY, *HURTING[verb])) or (verb in KIND and whom in SOMEBODY)
        harmful += verb in HURTING and whom in SOMEBODY
    assert 240 < harmful < 360


@pytest.mark.parametrize("draw", [draws.english_word, draws.korean_word(2, 4), draws.digits, draws.request])
def test_the_same_seed_draws_the_same(draw: draws.Draw) -> None:
    assert [draw(random.Random(n)) for n in range(30)] == [draw(random.Random(n)) for n in range(30)]
    assert len({draw(random.Random(n)) for n in range(30)}) > 15
