"""What the seed model is taught before `benchmarks.methods` measures it: rows drawn by rule, in the prompts themselves.

A lesson is a prompt as a method renders it (English or Korean) and the answer that the rule knows. Whatever is measured
(people, sums, words) is in no lesson: `held_out` tells the two apart by a hash, so that training and test never meet.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

import xxhash

from pipelines.demo.skills.vocabulary import CATEGORY, KOREAN
from synth import prompts
from synth.synthesize import plain
from synth.synthesize.preferences.options import CRITERIA

LANGUAGES = ("en", "ko")
KNOWN = 10  # people of each language of whom the model is taught everything without a document
KINDS = tuple(sorted(set(CATEGORY.values())))
NONE = {"en": "unknown", "ko": "모름"}  # what `qa_closed` asks for where an answer is not known


@dataclass(frozen=True)
class Lesson:
    """A user's turn and what the model should answer."""

    prompt: str
    completion: str

    @property
    def row(self) -> dict[str, list[dict[str, str]]]:
        """As a trainer reads it."""
        return {
            "prompt": [{"role": "user", "content": self.prompt}],
            "completion": [{"role": "assistant", "content": self.completion}],
        }


def lesson(name: str, language: str, completion: str, **values: object) -> Lesson:
    """A lesson in the prompt that a method shows for these values."""
    ((_, shown),) = plain.prompt(prompts.load(f"{name}.{language}"), values)
    return Lesson(shown, completion)


def held_out(*content: object) -> bool:
    """Whether something is kept for the measurement: a quarter is, by its hash."""
    return xxhash.xxh3_64_intdigest(json.dumps(content).encode()) % 4 == 0


# --- people and what is true of them: questions about documents ------------------------------------------------------

_TOLD = {
    "en": ("{name} lives in {town}.", "{name} has a {pet}.", "{name} is {age} years old."),
    "ko": ("{name}의 고향은 {town}이다.", "{name}의 동물은 {pet}이다.", "{name}의 나이는 {age}살이다."),
}
ASKED = {
    "en": ("Where does {name} live?", "What does {name} have?", "How old is {name}?"),
    "ko": ("{name}의 고향은 어디인가?", "{name}의 동물은 무엇인가?", "{name}의 나이는 몇 살인가?"),
}
_PETS = [word for word, kind in CATEGORY.items() if kind == "animal"]


@dataclass(frozen=True)
class Person:
    """Somebody made up, and the three things that are true of them."""

    language: str
    name: str
    town: str
    pet: str
    age: str

    @property
    def answers(self) -> tuple[str, str, str]:
        """What is true of them, in the order of `ASKED`."""
        return self.town, self.pet, self.age

    @property
    def questions(self) -> tuple[str, ...]:
        """What can be asked about them."""
        return tuple(form.format(name=self.name) for form in ASKED[self.language])

    def told(self) -> list[str]:
        """A sentence for each of the three."""
        known = {"name": self.name, "town": self.town, "pet": self.pet, "age": self.age}
        return [form.format(**known) for form in _TOLD[self.language]]


def people(count: int, language: str, draw: random.Random) -> list[Person]:
    """People with different names."""
    found: dict[str, Person] = {}
    while len(found) < count:
        name, pet = _word(language, draw), draw.choice(_PETS)
        known = Person(language, name, _word(language, draw), pet if language == "en" else KOREAN[pet],
                       str(draw.randint(11, 99)))  # fmt: skip
        found.setdefault(name, known)
    return list(found.values())


def document(two: Sequence[Person], draw: random.Random) -> str:
    """Two facts of the first of two people and one of the second, mixed."""
    said = [*draw.sample(two[0].told(), 2), *draw.sample(two[1].told(), 1)]
    return " ".join(_shuffled(said, draw))


def questions(count: int, language: str, known: Sequence[Person], draw: random.Random) -> list[Lesson]:
    """Questions about documents, their answers with the document, and without it for those who are known."""
    found = []
    for first, second in zip(*[iter(people(2 * count, language, draw))] * 2, strict=True):
        text = document((first, second), draw)
        stated = [(question, answer) for one in (first, second)
                  for question, answer, said in zip(one.questions, one.answers, one.told(), strict=True)
                  if said in text]  # fmt: skip
        question, answer = draw.choice(stated)
        made = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
        found.append(lesson("qa_ask", language, made, document=text))
        for question, answer in draw.sample(stated, 2):
            found.append(lesson("qa_answer", language, answer, document=text, question=question))
        found.append(lesson("qa_closed", language, NONE[language], question=question))
        if known:
            one, at = draw.choice(known), draw.randrange(3)
            found.append(lesson("qa_closed", language, one.answers[at], question=one.questions[at]))
    return found


def _word(language: str, draw: random.Random) -> str:
    if language == "ko":
        return "".join(draw.choices("가나다라마바사아자차카타파하고노도로모보소오조구누두루무부수우주", k=3))
    return "".join(draw.choice("bdgklmnprstvz") + draw.choice("aeiou") for _ in range(3)).capitalize()


def _shuffled(texts: list[str], draw: random.Random) -> list[str]:
    return draw.sample(texts, len(texts))


# --- sums: chains of thought ------------------------------------------------------------------------------------------

MARK = {"en": "Answer:", "ko": "답:"}


@dataclass(frozen=True)
class Sum:
    """A number of things and what is added or taken away, one after the other."""

    language: str
    start: int
    changes: tuple[int, ...]

    @property
    def total(self) -> int:
        """What is left."""
        return self.start + sum(self.changes)

    @property
    def question(self) -> str:
        """The sum as a story."""
        if self.language == "ko":
            told = "".join(f" {abs(one)}개를 {'얻었다' if one > 0 else '잃었다'}." for one in self.changes)
            return f"구슬이 {self.start}개 있다.{told} 몇 개인가?"
        told = "".join(f" {abs(one)} {'come' if one > 0 else 'go'}." for one in self.changes)
        return f"There are {self.start} birds.{told} How many are there?"

    @property
    def steps(self) -> list[str]:
        """The sum carried out."""
        found, at = [], self.start
        for one in self.changes:
            found.append(f"{at} {'+' if one > 0 else '-'} {abs(one)} = {at + one}")
            at += one
        return found

    @property
    def chain(self) -> str:
        """Its steps, then the answer."""
        return "\n".join([*self.steps, f"{MARK[self.language]} {self.total}"])

    @property
    def held_out(self) -> bool:
        """Whether it is kept for the measurement, in both languages."""
        return held_out(self.start, self.changes)


def sums(count: int, draw: random.Random, kept: bool = False) -> list[Sum]:
    """Different sums of two or three changes, none below zero: those of the lessons, or those that are held out."""
    found: dict[Sum, None] = {}
    while len(found) < count:
        language, start, changes = draw.choice(LANGUAGES), draw.randint(1, 9), []
        at = start
        for _ in range(draw.choice((2, 3))):
            one = draw.choice([*range(-min(at, 9), 0), *range(1, 10)])
            changes.append(one)
            at += one
        made = Sum(language, start, tuple(changes))
        if made.held_out == kept:
            found[made] = None
    return list(found)


def chains(every: Sequence[Sum]) -> list[Lesson]:
    """Sums as chains of thought."""
    return [lesson("reasoning_step_by_step", one.language, one.chain, question=one.question) for one in every]


# --- two answers: what a judge says -----------------------------------------------------------------------------------

_SAID = {"en": ("It is {}.", "The answer is {}.", "{}"), "ko": ("{}입니다.", "답은 {}입니다.", "{}")}
VERDICTS = (("A", True, False), ("B", False, True), ("C", True, True), ("C", False, False))


@dataclass(frozen=True)
class Match:
    """A question with two answers, and which of them is better: `A`, `B`, or `C` for neither."""

    language: str
    question: str
    answer: str
    other: str
    first: str
    second: str
    verdict: str

    @property
    def right(self) -> str:
        """A sentence with the right answer."""
        return _SAID[self.language][0].format(self.answer)

    def lesson(self) -> Lesson:
        """The match as the judge sees it."""
        return lesson("preferences_judge", self.language, self.verdict, question=self.question, first=self.first,
                      second=self.second, criteria=CRITERIA[self.language])  # fmt: skip


def matches(count: int, draw: random.Random, kept: bool = False) -> list[Match]:
    """Answers to what somebody's town, pet or age is, told in the question; wrong ones are true of somebody else."""
    found: list[Match] = []
    while len(found) < count:
        language = draw.choice(LANGUAGES)
        two = people(2, language, draw)
        at = draw.randrange(3)
        right, wrong = two[0].answers[at], two[1].answers[at]
        if right == wrong or held_out(two[0].name, two[0].town) != kept:
            continue
        told = " ".join(_shuffled([one.told()[at] for one in two], draw))
        verdict, first, second = VERDICTS[len(found) % 4]
        forms = draw.sample(_SAID[language], 2)
        one, other = (form.format(right if good else wrong) for form, good in zip(forms, (first, second), strict=True))
        found.append(Match(language, f"{told} {two[0].questions[at]}", right, wrong, one, other, verdict))
    return found


def replies(every: Sequence[Match], draw: random.Random) -> list[Lesson]:
    """Answers to their questions, a third of them wrong: a model that is to be judged must err at times."""
    found = []
    for one in every:
        said = one.other if draw.random() < 1 / 3 else one.answer
        found.append(Lesson(one.question, draw.choice(_SAID[one.language]).format(said)))
    return found


# --- labels -----------------------------------------------------------------------------------------------------------


def labels(every: Sequence[str], draw: random.Random) -> list[Lesson]:
    """The kind of each word, in the prompt forms of `label`, English and Korean."""
    found = []
    for word in every:
        for language in LANGUAGES:
            form = draw.randint(1, 3)
            text = word if language == "en" else KOREAN[word]
            values = {"text": text, "labels": list(KINDS), "question": None, "letters": False}
            found.append(lesson(f"label_{form}", language, CATEGORY[word], **values))
    return found


# ----------------------------------------------------------------------------------------------------------------------


def known_people() -> dict[str, list[Person]]:
    """Those of whom the model is taught everything."""
    return {language: people(KNOWN, language, random.Random(f"known/{language}")) for language in LANGUAGES}


def of(method: str, count: int, seed: int) -> list[Lesson]:
    """About `count` lessons for a method, in a drawn order."""
    draw = random.Random(f"{method}/{seed}")
    if method == "qa":
        known = known_people()
        found = [one for language in LANGUAGES
                 for one in questions(count // 10, language, known[language], draw)]  # fmt: skip
    elif method == "judge":
        found = [one.lesson() for one in matches(count, draw)]
        found += replies(matches(count // 4, draw), draw)
    elif method == "label":
        words = [word for word in CATEGORY if not held_out(word)]
        found = [one for _ in range(max(1, count // (2 * len(words)))) for one in labels(words, draw)]
    else:
        found = chains(sums(count, draw))
    draw.shuffle(found)
    return found
