"""Byte pair encoding that goes on from a vocabulary: which neighbouring tokens to join, by what that saves."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Merge:
    """A new token: the texts of the two that it joins, how often that saves a token, and the old tokens it spells."""

    left: str
    right: str
    saved: int
    spelled: tuple[int, ...]

    @property
    def text(self) -> str:
        """Of the new token."""
        return self.left + self.right


def learn(
    words: Mapping[tuple[int, ...], int], texts: Mapping[int, str], known: Mapping[str, int], most: int, least: int
) -> list[Merge]:
    """New tokens in the order in which they are joined: at each step the pair that saves most tokens.

    A pair is joined in its place among what was joined before, as encoders do, so that each new token spells a run of
    old ones. Two pairs of one text are one token; only the first is taken. Equal savings go by the texts.

    Args:
        words: token ids of each word and how often it stands in the corpus; nothing is joined across words.
        texts: of the old tokens in question.
        known: texts that are tokens already and are not made again.
        most: new tokens.
        least: times that a pair must stand in the corpus.
    """
    spelled: dict[str, tuple[int, ...]] = {text: (token,) for token, text in texts.items()}
    rows = [[texts[token] for token in word] for word in words]
    counts = list(words.values())
    where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    found: Counter[tuple[str, str]] = Counter()
    for number, row in enumerate(rows):
        for pair in zip(row, row[1:], strict=False):
            found[pair] += counts[number]
            where[pair].add(number)
    waiting = [(-count, pair) for pair, count in found.items()]
    heapq.heapify(waiting)
    taken = set(known)
    merges: list[Merge] = []
    while waiting and len(merges) < most:
        negative, pair = heapq.heappop(waiting)
        if -negative != found[pair]:
            continue  # it stands there again with its present count
        if -negative < least:
            break
        text = pair[0] + pair[1]
        if text in taken:
            continue
        taken.add(text)
        spelled[text] = spelled[pair[0]] + spelled[pair[1]]
        merges.append(Merge(*pair, -negative, spelled[text]))
        changed: set[tuple[str, str]] = set()
        for number in sorted(where.pop(pair)):
            before, after = rows[number], joined(rows[number], pair)
            rows[number] = after
            for sign, row in ((-1, before), (1, after)):
                for near in zip(row, row[1:], strict=False):
                    found[near] += sign * counts[number]
                    changed.add(near)
                    if sign > 0:
                        where[near].add(number)
        for near in changed:
            if found[near] > 0:
                heapq.heappush(waiting, (-found[near], near))
    return merges


def joined(row: Sequence[str], pair: tuple[str, str]) -> list[str]:
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
