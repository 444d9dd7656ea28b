"""Lessons that the seed model learns in minutes: to take a question apart, and to write templates, in short prompts.

A question asks which of three or four words is of a kind. Its parts ask for the kind of each word, so that a rule knows
every sub-question, every answer to one and the last answer. A task is a list of words and what becomes of each;
a template of it is an opening, a wording of the task and an ending, so that a rule knows which texts ask for the task.
The seed model knows words and kinds; what it has never done is to take apart, to go on from what is solved, or to word
a task. Of all questions, and of all wordings, a quarter is in no lesson: `held_out`.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.known_words import Lesson
from benchmarks.lessons import LANGUAGES, held_out
from pipelines.demo.skills.vocabulary import CATEGORY, KOREAN, NOUNS, OPPOSITE
from synth.synthesize import own, plain

# --- which word is of a kind: sub-questions, steps, answers ----------------------------------------------------------

PARTS = {
    "decompose": "{{ question }}\nParts:",
    "solve": "{% for one in solved %}{{ one.question }} {{ one.answer }}\n{% endfor %}{{ part }}",
}
STEPS = "{{ question }}\nSteps:"
AT_ONCE = "{{ question }}\nAnswer:"
KINDS = {
    "en": {kind: kind for kind in NOUNS},
    "ko": {"fruit": "과일", "animal": "동물", "body": "신체", "food": "음식", "nature": "자연", "clothing": "의류",
           "place": "장소", "vehicle": "탈것", "tool": "도구"},
}  # fmt: skip
KIND_OF = {
    "en": CATEGORY,
    "ko": {KOREAN[word]: KINDS["ko"][kind] for word, kind in CATEGORY.items()},
}
_ASKED = {"en": "Which one is of the kind {}: {}?", "ko": "종류가 {}인 것은: {}?"}
_PART = {"en": "What kind is {}?", "ko": "{}의 종류는?"}
_MARK = {"en": "Answer: {}", "ko": "답: {}"}


@dataclass(frozen=True)
class Pick:
    """Three or four words of different kinds, and the one that is of the kind asked for."""

    language: str
    words: tuple[str, ...]
    answer: str

    @property
    def question(self) -> str:
        """Which one is it?"""
        kind = KIND_OF[self.language][self.answer]
        return _ASKED[self.language].format(kind, ", ".join(self.words))

    @property
    def parts(self) -> list[tuple[str, str]]:
        """A sub-question for each word, with its answer."""
        return [(_PART[self.language].format(word), KIND_OF[self.language][word]) for word in self.words]

    @property
    def last(self) -> str:
        """The line that answers the question."""
        return _MARK[self.language].format(self.answer)

    @property
    def chain(self) -> str:
        """The steps in one text, the answer in its last line."""
        said = ", ".join(f"{word} = {KIND_OF[self.language][word]}" for word in self.words)
        return f"{said}.\n{self.last}"

    @property
    def solved(self) -> str:
        """The same as least-to-most writes it: every part with its answer, then the last line."""
        said = [f"{number}. {asked}\n{kind}" for number, (asked, kind) in enumerate(self.parts, 1)]
        return "\n\n".join([*said, self.last])


def pick(language: str, draw: random.Random, kept: bool = False) -> Pick:
    """A question of lessons, or one that is held out."""
    of = KIND_OF[language]
    while True:
        kinds = draw.sample(sorted(set(of.values())), draw.choice((3, 4)))
        words = tuple(draw.choice([word for word, kind in of.items() if kind == one]) for one in kinds)
        answer = draw.choice(words)
        if held_out(sorted(words), answer) == kept:
            return Pick(language, words, answer)


def of_reasoning(language: str, draw: random.Random) -> Iterator[Lesson]:
    """A question's parts, two of them solved, the end, the steps, and the answer at once."""
    one = pick(language, draw)
    listed = "\n".join(f"{number}. {asked}" for number, (asked, _) in enumerate(one.parts, 1))
    yield _shown("reasoning", "decompose", PARTS, listed, question=one.question)
    for at in draw.sample(range(len(one.parts)), 2):
        yield _solve(one.parts[:at], *one.parts[at])
    yield _solve(one.parts, one.question, one.last)
    for form, completion in ((STEPS, one.chain), (AT_ONCE, one.last)):
        template = own.own_template(form, ("question",), "template")
        yield Lesson(plain.prompt(template, {"question": one.question}), completion)


def _solve(solved: Sequence[tuple[str, str]], part: str, completion: str) -> Lesson:
    known = [{"question": asked, "answer": answer} for asked, answer in solved]
    return _shown("reasoning", "solve", PARTS, completion, solved=known, part=part)


# --- tasks and their wordings -----------------------------------------------------------------------------------------

_SHOWN = "{% for one in examples %}{{ one.prompt }} > {{ one.completion }}\n{% endfor %}"
WRITING = {"write": _SHOWN + "Template as JSON:", "invert": _SHOWN + "Inverted as JSON:"}
PLAIN, INVERTED = "{{ prompt }}", "{{ completion }}"
TASKS = {
    "en": {
        "kind": CATEGORY,
        "capitals": {word: word.upper() for word in CATEGORY},
        "opposite": OPPOSITE,
        "korean": KOREAN,
    },
    "ko": {
        "english": {KOREAN[word]: word for word in CATEGORY},
        "kind": KIND_OF["ko"],
        "backwards": {word: word[::-1] for word in KOREAN.values() if word[::-1] != word},
    },
}
_OPENINGS = {
    "en": ("", "Please: ", "Quick: ", "Now: ", "One more: "),
    "ko": ("", "부탁해요. ", "자, ", "이번에는 ", "하나 더. "),
}
_ENDINGS = {
    "en": ("", " One word.", " Be brief.", " Only the answer."),
    "ko": ("", " 한 낱말로.", " 짧게요.", " 답만 쓰세요."),
}
_WORDINGS = {
    ("en", "kind"): (
        ("what kind of thing is {}?", "which sort does {} belong to?", "name the class of {}.",
         "{} is a kind of what?"),
        ("name one thing that is a {}.", "which thing belongs to {}?", "something of the kind {}?"),
    ),
    ("en", "capitals"): (
        ("write {} in capitals.", "how does {} look in capitals?", "{} in big letters?", "make all of {} capital."),
        ("write {} in small letters.", "{} in small letters?", "make all of {} small."),
    ),
    ("en", "opposite"): (
        ("what is the opposite of {}?", "name the contrary of {}.", "{} is the opposite of what?", "not {}, but what?"),
        ("whose opposite is {}?", "which word has {} as its contrary?", "what would have the opposite {}?"),
    ),
    ("en", "korean"): (
        ("what is {} in Korean?", "say {} in Korean.", "put {} into Korean.", "which Korean word means {}?"),
        ("which English word means {}?", "say {} in English.", "put {} into English."),
    ),
    ("ko", "english"): (
        ("{}의 뜻을 영어로?", "영어로 {}의 뜻은 무엇인가?", "{} 대신 쓰는 영어 낱말은?", "{}, 영어로 쓰세요."),
        ("영어 {}의 뜻을 우리말로?", "{}의 뜻은 우리말로 무엇인가?", "우리말로 {}의 뜻을 쓰세요."),
    ),
    ("ko", "kind"): (
        ("{}의 종류는?", "{}의 종류를 쓰세요.", "어떤 종류인가: {}", "{}, 무엇의 하나인가?"),
        ("종류가 {}인 것은?", "{}의 하나를 쓰세요.", "{}에 드는 것을 하나 고르면?"),
    ),
    ("ko", "backwards"): (
        ("{}의 글자를 거꾸로 쓰세요.", "거꾸로 하면: {}", "뒤에서 앞으로 {}의 글자를 쓰면?", "{}의 차례를 바꾸면?"),
        ("거꾸로 쓴 것이 {}인 낱말은?", "바로 쓰면: {}", "{}의 글자를 바로 쓰세요."),
    ),
}  # fmt: skip


def wordings(language: str, task: str, inverted: bool, kept: bool | None = None) -> list[str]:
    """Every template of a task: those of lessons, those that are held out, or with none all of them."""
    value = INVERTED if inverted else PLAIN
    found = []
    for opening, core, ending in product(_OPENINGS[language], _WORDINGS[language, task][inverted], _ENDINGS[language]):
        text = opening + core.format(value) + ending
        if kept is None or held_out(task, text) == kept:
            found.append(text)
    return found


def examples(language: str, task: str, count: int, draw: random.Random, kept: bool = False) -> list[tuple[str, str]]:
    """So many different words of a task and what becomes of them; the words of lessons, or those that are held out."""
    known = TASKS[language][task]
    return [(word, known[word]) for word in draw.sample([one for one in sorted(known) if held_out(one) == kept], count)]


def of_templates(language: str, draw: random.Random) -> Iterator[Lesson]:
    """A template of a task, and an inverted one, each for three of its words."""
    for name, inverted in (("write", False), ("invert", True)):
        task = draw.choice(sorted(TASKS[language]))
        shown = [{"prompt": word, "completion": other} for word, other in examples(language, task, 3, draw)]
        text = draw.choice(wordings(language, task, inverted, kept=False))
        made = json.dumps({"template": text}, ensure_ascii=False)
        yield _shown("templates", name, WRITING, made, examples=shown)


# ----------------------------------------------------------------------------------------------------------------------


def lessons(of: Callable[[str, random.Random], Iterator[Lesson]], count: int, seed: int) -> list[Lesson]:
    """About so many lessons of one kind (`of_reasoning`, `of_templates`) in both languages, in a drawn order."""
    draw = random.Random(f"known tasks/{seed}")
    found: list[Lesson] = []
    while len(found) < count:
        for language in LANGUAGES:
            found += of(language, draw)
    draw.shuffle(found)
    return found


def _shown(method: str, name: str, forms: dict[str, str], completion: str, **values: object) -> Lesson:
    return Lesson(plain.prompt(own.form(method, name, "en", forms), values), completion)
