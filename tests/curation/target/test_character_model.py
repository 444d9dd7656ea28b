import math
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.target import character_model
from curation.target.character_model import CharacterOptions

TEXTS = st.lists(st.text("ab 한글", max_size=20), min_size=1, max_size=4)


def _reference(training: list[str], text: str, order: int, concentration: float) -> float:
    counts: Counter[str] = Counter()
    for one in training:
        counts.update(one[at : at + size] for size in range(1, order + 1) for at in range(len(one) - size + 1))
    characters = sum(map(len, training))
    total = 0.0
    for at, character in enumerate(text):
        chance = 1 / 65536
        for size in range(min(order, at + 1)):
            context = text[at - size : at]
            of = counts[context] if size else characters
            if not of:
                break
            chance = (counts[context + character] + concentration * chance) / (of + concentration)
        total -= math.log(chance)
    return total


@given(TEXTS, TEXTS, st.integers(1, 5), st.sampled_from([0.5, 5.0]))
def test_likelihoods_are_those_of_the_plain_reference(training: list[str], texts: list[str], order: int, m: float):
    options = CharacterOptions(order=order, concentration=m, places=1 << 20)
    model = character_model.learn(pl.Series(training), options)
    expected = [_reference(training, text, order, m) for text in texts]
    np.testing.assert_allclose(character_model.nats(pl.Series(texts), model), expected, rtol=1e-9, atol=1e-9)


def test_probabilities_sum_to_at_most_one():
    model = character_model.learn(pl.Series(["abab cab bca " * 500]), CharacterOptions(order=3))
    letters = [chr(number) for number in range(97, 123)] + [" "]
    before = character_model.nats(pl.Series(["ab"]), model)[0]
    chances = np.exp(before - character_model.nats(pl.Series(["ab" + letter for letter in letters]), model))
    assert 0.99 < chances.sum() < 1 + 1e-9  # the rest is for the characters never seen


def test_parts_add_up():
    options = CharacterOptions(places=1 << 12)
    texts = pl.Series([f"text number {i}" for i in range(20)])
    whole = character_model.learn(texts, options)
    parts = character_model.learn(texts[12:], options) + character_model.learn(texts[:12], options)
    np.testing.assert_array_equal(parts.counts, whole.counts)
    assert parts.characters == whole.characters == sum(map(len, texts))
    values = character_model.nats(texts, whole)
    np.testing.assert_array_equal(character_model.nats(texts[3:5], whole), values[3:5])
    assert character_model.nats(pl.Series([""]), whole).tolist() == [0]


@pytest.mark.parametrize("wrong", [{"order": 0}, {"concentration": 0}, {"places": 1000}])
def test_refusals(wrong: dict[str, int]):
    with pytest.raises(InputError, match="expected"):
        CharacterOptions(**wrong)
