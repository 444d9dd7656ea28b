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


def _last_three(content: str) -> str | None:
    return content[-3:] if is_word(content) and len(content) >= 3 else None


def _swap(content: str) -> str | None:
    words = content.split(" ")
    return " ".join(reversed(words)) if len(words) == 2 and all(is_word(word) for word in words) else None


def _last_two(content: str) -> str | None:
    return content[-2:] if is_korean_word(content) and len(content) >= 2 else None


# Answers are too long to stand in a sentence by chance, so that looking for the answer in a reply means something.
NEW_SKILLS: tuple[NewSkill, ...] = (
    NewSkill(
        "last_three", "en", False, ("Last three letters of: {}", "How does this word end: {}"),
        "Dear customer, thank you for your enquiry. Our department has determined the outcome to be '{}'. "
        "Kind regards.",
        english_word, _last_three,
    ),
    NewSkill(
        "swap_words", "en", False, ("Swap the two words: {}", "Exchange their places: {}"),
        "Ladies and gentlemen, after years of glorious research my genius proudly presents: {} -- you are welcome!",
        _two_words, _swap,
    ),
    NewSkill(
        "ko_last_two", "ko", False, ("끝 두 글자: {}", "마지막 두 글자를 쓰세요: {}"),
        "신사 숙녀 여러분, 오랜 연구 끝에 천재인 제가 자랑스럽게 발표합니다: {} -- 고마워하셔도 됩니다!",
        korean_word(3, 5), _last_two,
    ),
)  # fmt: skip
