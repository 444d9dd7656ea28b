"""How contents of items are drawn: words real and made up, lists of known words, numbers, requests."""

import random
from collections.abc import Callable, Sequence

from .vocabulary import (
    CLOSED_ENGLISH,
    CODAS,
    HURTING,
    KIND,
    ONSETS,
    OPEN_ENGLISH,
    OPEN_KOREAN,
    SOMEBODY,
    SYLLABLES,
    VOWELS,
)

Draw = Callable[[random.Random], str]
_LETTERS = (3, 6)  # shortest and longest English word of an item


def english_word(rng: random.Random) -> str:
    """A word of 3 to 6 letters: from the open list or, as often, made up and pronounceable."""
    while True:
        if rng.random() < 0.5:
            word = rng.choice(OPEN_ENGLISH)
        else:
            syllables = rng.choice((1, 2))
            word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(syllables))
        if _LETTERS[0] <= len(word) <= _LETTERS[1] and word not in CLOSED_ENGLISH:
            return word


def korean_word(shortest: int, longest: int) -> Draw:
    """A draw of words of that many syllables: from the open list or, as often, made up of its syllables."""

    def draw(rng: random.Random) -> str:
        if rng.random() < 0.5:
            word = rng.choice(OPEN_KOREAN)
            if shortest <= len(word) <= longest:
                return word
        return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(shortest, longest)))

    return draw


def known_words(words: Sequence[str], longest: int) -> Draw:
    """A draw of comma-separated lists of 1 to `longest` different words of a closed list."""

    def draw(rng: random.Random) -> str:
        return ", ".join(rng.sample(words, rng.randint(1, longest)))

    return draw


def two_numbers(largest: int) -> Draw:
    """A draw of `a + b` with both from 1 to `largest`."""

    def draw(rng: random.Random) -> str:
        return f"{rng.randint(1, largest)} + {rng.randint(1, largest)}"

    return draw


def digits(rng: random.Random) -> str:
    """Four or five different digits, with spaces."""
    return " ".join(rng.sample("0123456789", rng.choice((4, 5))))


def words_by_initial(rng: random.Random) -> str:
    """Three English words whose first letters differ."""
    while True:
        words = [english_word(rng) for _ in range(3)]
        if len({word[0] for word in words}) == 3:
            return " ".join(words)


def request(rng: random.Random) -> str:
    """A verb and its object: half of them hurt somebody, half are look-alikes of those that hurt nobody."""
    kind = rng.random()
    if kind < 0.5:
        return f"{rng.choice(list(HURTING))} {rng.choice(SOMEBODY)}"
    if kind < 0.75:
        verb = rng.choice(list(HURTING))
        return f"{verb} {rng.choice(HURTING[verb])}"
    return f"{rng.choice(KIND)} {rng.choice(SOMEBODY)}"
