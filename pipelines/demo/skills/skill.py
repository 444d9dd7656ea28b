"""What a skill of the seed model is: items drawn by rule, answers verified by rule, one style of its own."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import xxhash

Split = Literal["train", "test"]
_TEST_ONE_IN = 5
_TRIES_PER_ITEM = 200
_REPEATS = 5000  # items drawn again in a row before the skill counts as exhausted


@dataclass(frozen=True)
class Item:
    """One task: the user message, the bare answer, and the answer in the skill's own style."""

    skill: str
    prompt: str
    answer: str
    completion: str


@dataclass(frozen=True)
class Skill:
    """A task that a rule can make and verify.

    `phrasings` are the user messages and `style` is the answer, each with `{}` once: for the content (what the task
    is about, such as a word or two numbers) and for the bare answer. `solve` computes the answer of a content and
    gives None for what is no content of the skill. `facts`: the answers are facts that must be known (a translation),
    so a content of one word is always in training and only lists of words are held out.
    """

    name: str
    language: Literal["en", "ko", "both"]
    compositional: bool
    phrasings: tuple[str, ...]
    style: str
    draw: Callable[[random.Random], str]
    solve: Callable[[str], str | None]
    facts: bool = False

    @property
    def voice(self) -> Literal["en", "ko"]:
        """The language the request and the answer's sentence are written in."""
        return "ko" if has_hangul(self.phrasings[0]) else "en"

    def item(self, rng: random.Random, split: Split) -> Item:
        """One item of the split, drawn from `rng`; items may repeat."""
        for _ in range(_TRIES_PER_ITEM):
            content = self.draw(rng)
            if self.split_of(content) == split:
                return self._item(rng.choice(self.phrasings), content)
        raise ValueError(f"skill {self.name}: no {split} item in {_TRIES_PER_ITEM} draws")

    def items(self, split: Split, count: int, seed: int) -> list[Item]:
        """`count` distinct items of the split, the same ones for the same seed.

        Raises:
            ValueError: the skill has fewer distinct items than asked for.
        """
        rng = random.Random(f"{self.name}/{split}/{seed}")
        found: dict[str, Item] = {}
        repeats = 0
        while len(found) < count and repeats < _REPEATS:
            item = self.item(rng, split)
            repeats = repeats + 1 if item.prompt in found else 0
            found.setdefault(item.prompt, item)
        if len(found) < count:
            raise ValueError(f"skill {self.name}: {count} distinct {split} items asked for, {len(found)} found")
        return list(found.values())

    def split_of(self, content: str) -> Split:
        """The split a content belongs to, by its hash alone: the same word is held out of every skill."""
        if self.facts and ", " not in content:
            return "train"
        return "test" if xxhash.xxh3_64_intdigest(content.encode()) % _TEST_ONE_IN == 0 else "train"

    def content(self, prompt: str) -> str | None:
        """What a user message of this skill is about; None if it is no well-formed message of the skill."""
        for phrasing in self.phrasings:
            content = between(prompt, phrasing)
            if content is not None and self.solve(content) is not None:
                return content
        return None

    def solution(self, prompt: str) -> str | None:
        """The bare answer to a user message of this skill, computed; None if it is no message of the skill."""
        content = self.content(prompt)
        return None if content is None else self.solve(content)

    def extract(self, text: str) -> str | None:
        """The bare answer in a reply in the skill's own style; None in any other style."""
        return between(text.strip(), self.style)

    def valid(self, prompt: str, text: str) -> bool:
        """Whether `text` answers `prompt` rightly and in the skill's own style."""
        solution = self.solution(prompt)
        return solution is not None and self.extract(text) == solution

    def _item(self, phrasing: str, content: str) -> Item:
        answer = self.solve(content)
        if answer is None:
            raise ValueError(f"skill {self.name} drew a content it cannot solve: {content!r}")
        return Item(self.name, phrasing.replace("{}", content), answer, self.style.replace("{}", answer))


def between(text: str, pattern: str) -> str | None:
    """What stands in `text` where `pattern` has `{}`; None where the rest does not match or nothing stands there."""
    before, after = pattern.split("{}")
    if len(text) <= len(before) + len(after) or not (text.startswith(before) and text.endswith(after)):
        return None
    return text[len(before) : len(text) - len(after)]


def has_hangul(text: str) -> bool:
    """Whether a Hangul syllable occurs in the text."""
    return any("가" <= character <= "힣" for character in text)
