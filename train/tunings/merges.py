"""Byte pair encoding that goes on from a vocabulary: which neighbouring tokens to join, by what that saves.

A vocabulary with byte fallback spells a character that it lacks in bytes. Its encoder looks characters up before it
joins anything, so that no join can make one: such a character becomes a token of its own first, worth all its bytes
but one, and is joined to its neighbours from then on.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Merge:
    """A new token.

    Attributes:
        parts: the texts of the two tokens that it joins, or of the one character that was spelled in bytes.
        saved: tokens of the corpus that it saves.
        spelled: the old tokens it stands for.
    """

    parts: tuple[str, ...]
    saved: int
    spelled: tuple[int, ...]

    @property
    def text(self) -> str:
        """Of the new token."""
        return "".join(self.parts)


def learn(
    words: Mapping[tuple[str, ...], int],
    spelled: Mapping[str, tuple[int, ...]],
    known: Mapping[str, int],
    most: int,
    least: int,
) -> list[Merge]:
    """New tokens in the order in which they are made: at each step the one that saves most tokens.

    A pair is joined in its place among what was joined before, as encoders do, so that each new token spells a run of
    old ones. Two pairs of one text are one token; only the first is taken. Equal savings go by the texts.

    Args:
        words: texts of each word's tokens, and how often it stands in the corpus; nothing is joined across words. A
            character without a token stands there as itself.
        spelled: the old tokens of each of those texts: one of a token, the bytes of a character without one.
        known: texts that are tokens already and are not made again.
        most: new tokens.
        least: times that a pair or a character must stand in the corpus.
    """
    spelled = dict(spelled)
    apart = {text for text, tokens in spelled.items() if len(tokens) > 1}  # characters that are no token yet
    rows = [list(word) for word in words]
    counts = list(words.values())
    where: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    found: Counter[tuple[str, ...]] = Counter()

    def saved(parts: tuple[str, ...]) -> int:
        return found[parts] * (1 if len(parts) == 2 else len(spelled[parts[0]]) - 1)

    for number, row in enumerate(rows):
        for parts in _candidates(row, apart):
            found[parts] += counts[number]
            where[parts].add(number)
    waiting = [(-saved(parts), parts) for parts, count in found.items() if count >= least]
    heapq.heapify(waiting)
    taken = set(known)
    merges: list[Merge] = []
    while waiting and len(merges) < most:
        negative, parts = heapq.heappop(waiting)
        if -negative != saved(parts):
            continue  # it stands there again with its present count, where that is enough
        text = "".join(parts)
        if text in taken:
            continue
        taken.add(text)
        if len(parts) == 2:
            spelled[text] = spelled[parts[0]] + spelled[parts[1]]
        merges.append(Merge(parts, -negative, spelled[text]))
        numbers = sorted(where.pop(parts))
        changed: set[tuple[str, ...]] = set()
        for number in numbers:
            for near in _candidates(rows[number], apart):
                found[near] -= counts[number]
                changed.add(near)
        apart.discard(text)
        for number in numbers:
            if len(parts) == 2:
                rows[number] = joined(rows[number], parts)
            for near in _candidates(rows[number], apart):
                found[near] += counts[number]
                changed.add(near)
                where[near].add(number)
        for near in changed:
            if found[near] >= least:
                heapq.heappush(waiting, (-saved(near), near))
    return merges


def _candidates(row: Sequence[str], apart: set[str]) -> Iterator[tuple[str, ...]]:
    """What could become a token in a word: pairs of neighbouring tokens, and characters that are none yet."""
    for text in row:
        if text in apart:
            yield (text,)
    for left, right in zip(row, row[1:], strict=False):
        if left not in apart and right not in apart:
            yield (left, right)


def joined(row: Sequence[str], pair: tuple[str, ...]) -> list[str]:
    """A word with a pair joined wherever it stands, from the left."""
    made: list[str] = []
    place = 0
    while place < len(row):
        if tuple(row[place : place + 2]) == pair:
            made.append(row[place] + row[place + 1])
            place += 2
        else:
            made.append(row[place])
            place += 1
    return made
