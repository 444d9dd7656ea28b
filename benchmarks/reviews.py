"""Short reviews of places whose label a word tells, for `benchmarks.methods review`: what is taught, and what is not.

Lessons show a review in one of two short prompt forms, and its label, which is one token of the seed model. (In the
built-in forms, four times as long, with labels of eight tokens, 400 steps taught it the form and not the labels.)
Held out are pairs of a thing and a word (by their hash), words that no lesson has, and reviews that say nothing of the
place or both: these have no label.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from synth.prompts import Template
from synth.synthesize import plain

from .lessons import LANGUAGES, Lesson, held_out

LABELS = ("good", "bad")
FORMS = ("{{ text }}\nGood or bad?", "Say good or bad: {{ text }}")
SAID = {
    "en": "The {thing} was {word}.",
    "en_not": "The {thing} was not {word}.",
    "en_both": "The {thing} was {word}, but the {other} was {opposite}.",
    "ko": "{thing} 쪽은 {word}했다.",
    "ko_not": "{thing} 쪽은 {word}하지 않았다.",
    "ko_both": "{thing} 쪽은 {word}했지만 {other} 쪽은 {opposite}했다.",
}
THINGS = {
    "en": ("soup", "room", "bread", "garden", "bed", "waiter", "window", "tea", "house", "fish", "boat", "chair"),
    "ko": ("수프", "방", "빵", "정원", "침대", "직원", "창문", "차", "집", "생선", "배", "의자"),
}
WORDS = {
    ("en", "good"): ("clean", "sweet", "strong", "happy", "rich", "light", "brave", "smooth", "fast", "cheap"),
    ("en", "bad"): ("dirty", "bitter", "weak", "sad", "poor", "dark", "timid", "rough", "slow", "costly"),
    ("ko", "good"): ("훌륭", "친절", "깨끗", "편안", "신선", "완벽", "따뜻", "화려", "조용", "든든"),
    ("ko", "bad"): ("끔찍", "불친절", "지저분", "지루", "불편", "허술", "답답", "초라", "지독", "부실"),
}
UNTAUGHT = 2  # words of each kind, the last ones, that no lesson has
NEUTRAL = {
    "en": ("I came on Monday.", "We were four.", "It was late.", "It rained that day.", "My friend came too."),
    "ko": ("월요일에 갔다.", "모두 네 명이었다.", "늦은 시간이었다.", "그날은 비가 왔다.", "친구도 같이 갔다."),
}


@dataclass(frozen=True)
class Review:
    """A review, its label (none where it tells none) and what makes it easy or hard."""

    language: str
    text: str
    label: str | None
    kind: str  # plain, negated, untaught, both or neither


def reviews(count: int, kind: str, draw: random.Random, kept: bool = False) -> list[Review]:
    """Reviews of a kind, of lessons or (`kept`) of what is held out; both languages and labels equally often.

    Args:
        count: of them.
        kind: `plain`, `negated`, `untaught` (a word of no lesson), `both` or `neither`.
        draw: of everything.
        kept: whether to take the pairs of thing and word that are held out.
    """
    found: dict[str, Review] = {}
    while len(found) < count:
        language, label = LANGUAGES[len(found) % 2], LABELS[len(found) // 2 % 2]
        words = WORDS[language, label]
        word = draw.choice(words[-UNTAUGHT:] if kind == "untaught" else words[:-UNTAUGHT])
        thing, other = draw.sample(THINGS[language], 2)
        if held_out(thing, word) != kept:
            continue
        opposite = draw.choice(WORDS[language, _other(label)][:-UNTAUGHT])
        form = {"negated": f"{language}_not", "both": f"{language}_both"}.get(kind, language)
        said = SAID[form].format(thing=thing, word=word, other=other, opposite=opposite)
        told = draw.sample(NEUTRAL[language], 3)
        alone = draw.random() < 0.5
        text = " ".join(told if kind == "neither" else [said] if alone else draw.sample([told[0], said], 2))
        truth = {"negated": _other(label), "both": None, "neither": None}.get(kind, label)
        found.setdefault(text, Review(language, text, truth, kind))
    return list(found.values())


def _other(label: str) -> str:
    return LABELS[1 - LABELS.index(label)]


def lessons(every: Sequence[Review], draw: random.Random) -> list[Lesson]:
    """The label of each review, in one of the prompt forms."""
    forms = [Template(f"review_{number}", form) for number, form in enumerate(FORMS)]
    shown = [plain.prompt(draw.choice(forms), {"text": one.text}) for one in every]
    return [Lesson(prompt, str(one.label)) for ((_, prompt),), one in zip(shown, every, strict=True)]


def of(count: int, seed: int) -> list[Lesson]:
    """About `count` lessons, a third of them negated, in a drawn order."""
    draw = random.Random(f"review/{seed}")
    every = [*reviews(count * 2 // 3, "plain", draw), *reviews(count // 3, "negated", draw)]
    return lessons(draw.sample(every, len(every)), draw)
