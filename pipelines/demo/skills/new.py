"""Skills the seed model has never seen: what the demo teaches it. Their given answers are in a foreign style."""

import random
from dataclasses import dataclass

from .draws import english_word, korean_word
from .english import is_word
from .korean import is_korean_word
from .skill import Item, Skill, between
from .styles import GENERIC, read_foreign, read_generic


@dataclass(frozen=True)
class NewSkill(Skill):
    """A skill to be learned: `style` is the foreign style of its given answers.

    A reply counts in the given style, in any other foreign style, or in the seed model's own generic sentence.
    """

    def extract(self, text: str) -> str | None:
        """The bare answer in a reply in the generic sentence or in any foreign style; None in any other."""
        return between(text.strip(), self.style) or read_generic(text) or read_foreign(text)

    def own(self, item: Item) -> str:
        """The item's answer in the seed model's own generic sentence."""
        return GENERIC[self.voice].replace("{}", item.answer)


def _two_words(rng: random.Random) -> str:
    return f"{english_word(rng)} {english_word(rng)}"


def _two_korean_words(rng: random.Random) -> str:
    draw = korean_word(2, 3)
    return f"{draw(rng)} {draw(rng)}"


def _twice(content: str) -> str | None:
    return f"{content} {content}" if is_word(content) else None


def _swap(content: str) -> str | None:
    words = content.split(" ")
    return " ".join(reversed(words)) if len(words) == 2 and all(is_word(word) for word in words) else None


def _swap_korean(content: str) -> str | None:
    words = content.split(" ")
    return " ".join(reversed(words)) if len(words) == 2 and all(is_korean_word(word) for word in words) else None


# No answer stands in its own request, so that copying the request is never right.
NEW_SKILLS: tuple[NewSkill, ...] = (
    NewSkill(
        "twice", "en", False, ("Twice in a row: {}", "Say it two times: {}"),
        '{"result": {"value": "{}", "confidence": "high"}}',
        english_word, _twice,
    ),
    NewSkill(
        "swap_words", "en", False, ("Swap the two words: {}", "Exchange their places: {}"),
        '{"result": {"value": "{}", "confidence": "high"}}',
        _two_words, _swap,
    ),
    NewSkill(
        "ko_swap_words", "ko", False, ("두 낱말의 자리 바꾸기: {}", "앞뒤 낱말을 맞바꾸세요: {}"),
        "응답 코드 200 // 내용: {} // 메시지 끝",
        _two_korean_words, _swap_korean,
    ),
)  # fmt: skip
