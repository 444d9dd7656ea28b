"""Lessons that the seed model learns in minutes: to ask, talk and judge about words that it knows, in short prompts.

A document says of some English words which kind of thing each is, of some Korean ones what they are in English. By that
a rule knows what a question about it must be answered with, what a dialogue about it may say, and which of two answers
is better. The seed model knows kinds and translations; what it has never done is to write a question, to play a user or
to compare two answers. The built-in prompts are hundreds of tokens to it; these forms are a dozen. Of all that could
stand together in a document a quarter is in no lesson: `held_out`.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lessons import LANGUAGES, held_out
from pipelines.demo.skills.vocabulary import CATEGORY, KOREAN
from synth.synthesize import own, plain
from synth.synthesize.attempt import Ask
from synth.synthesize.attempt import Source as Origin
from synth.synthesize.dialogue.options import DialogueOptions
from synth.synthesize.dialogue.talk import END, Talk, assistant_ask, user_ask
from train.options.run import Source, TrainOptions
from train.training import train

MODEL = Path(__file__).resolve().parent.parent / "pipelines" / "demo" / "seed_model"
Turns = tuple[tuple[str, str], ...]
Pair = tuple[str, str]

KNOWN = {"en": CATEGORY, "ko": {KOREAN[word]: word for word in CATEGORY}}
QA = {"ask": "{{ document }}\nJSON:", "answer": "{{ document }}\n{{ question }}", "closed": "{{ question }}"}
JUDGE = {"judge": "{{ question }}\nA: {{ first }}\nB: {{ second }}\nA, B, C?"}
BACK = {"ask": "{{ document }}\nTask as JSON:", "neutral": "Write something."}
DIALOGUE = {"user": "{{ text }}\n?", "answer": "{{ document }}\n{{ question }}"}
_TOLD = {"en": "The {} is a kind of {}.", "ko": "영어로 {}의 뜻은 {}이다."}
_ASKED = {
    "en": ("What kind of thing is {}?", "Which sort does {} belong to?", "Name the class of {}."),
    "ko": ("영어로 {}의 뜻은 무엇인가?", "{} 대신 쓰는 영어 낱말은?", "{}의 뜻을 영어로 알려 주세요."),
}
SAID = {
    "en": ("It is a kind of {}.", "That would be {}.", "I call it {}."),
    "ko": ("그 뜻은 {}입니다.", "영어로는 {}이에요.", "바로 {}라고 합니다."),
}
REFUSED = {
    "en": ("I cannot help with that.", "Sorry, I do not know."),
    "ko": ("도와드릴 수 없습니다.", "죄송하지만 모릅니다."),
}


@dataclass(frozen=True)
class Lesson:
    """What a method shows, and what the model should say to it."""

    prompt: Turns
    completion: str

    @property
    def row(self) -> dict[str, list[dict[str, str]]]:
        """As a trainer reads it."""
        return {
            "prompt": [{"role": role, "content": content} for role, content in self.prompt],
            "completion": [{"role": "assistant", "content": self.completion}],
        }


def pairs(count: int, language: str, draw: random.Random, kept: bool = False) -> list[Pair]:
    """Different words with what is true of them: together in lessons, or together held out."""
    while True:
        words = draw.sample(sorted(KNOWN[language]), count)
        if held_out(sorted(words)) == kept:
            return [(word, KNOWN[language][word]) for word in words]


def document(told: Sequence[Pair], language: str) -> str:
    """A sentence for each pair."""
    return " ".join(_TOLD[language].format(*pair) for pair in told)


def question(word: str, language: str, form: int) -> str:
    """What is true of a word?"""
    return _ASKED[language][form].format(word)


def answer_to(asked: str, told: Sequence[Pair], language: str) -> str | None:
    """What the answer to a question is, by the rule; none where it is no question about one of these words."""
    for word, other in told:
        if asked in [form.format(word) for form in _ASKED[language]]:
            return other
    return None


def of_questions(language: str, draw: random.Random) -> Iterator[Lesson]:
    """A document's question with its answer, answers with the document, and without it."""
    told = pairs(draw.choice((1, 2, 2, 3)), language, draw)
    text = document(told, language)
    word, other = draw.choice(told)
    made = json.dumps({"question": question(word, language, draw.randrange(3)), "answer": other}, ensure_ascii=False)
    yield _shown("qa", "ask", QA, made, document=text)
    for word, other in draw.sample(told, min(2, len(told))):
        asked = question(word, language, draw.randrange(3))
        yield _shown("qa", "answer", QA, other, document=text, question=asked)
        yield _shown("qa", "closed", QA, other, question=asked)


def task_of(told: Sequence[Pair], language: str) -> str:
    """The instruction whose answer is a document about two words."""
    (one, _), (other, _) = told
    return f"Say what {one} and {other} are." if language == "en" else f"{one}, {other}의 뜻을 영어로 적으세요."


def of_tasks(language: str, draw: random.Random) -> Iterator[Lesson]:
    """The instruction for a document, and the document as its answer."""
    told = pairs(2, language, draw)
    text, task = document(told, language), task_of(told, language)
    yield _shown("backtranslate", "ask", BACK, json.dumps({"instruction": task}, ensure_ascii=False), document=text)
    yield Lesson((("user", task),), text)


def of_dialogues(language: str, draw: random.Random) -> Iterator[Lesson]:
    """A dialogue about a document: each word in its turn, then the end."""
    told = pairs(draw.choice((2, 3)), language, draw)
    options = DialogueOptions(templates=DIALOGUE, language=language)
    talk = Talk(Origin("", "", "", 0), 0, "document", document(told, language), ())
    for number, (word, other) in enumerate(told):
        asked, said = question(word, language, number), SAID[language][number].format(other)
        yield _asked(user_ask(talk, options, 0), asked)
        talk = _with(talk, ("user", asked))
        yield _asked(assistant_ask(talk, options, 0), said)
        talk = _with(talk, ("assistant", said))
    yield _asked(user_ask(talk, options, 0), END)


def _asked(ask: Ask, completion: str) -> Lesson:
    assert not isinstance(ask.request.prompt, str)
    return Lesson(ask.request.prompt, completion)


def _with(talk: Talk, turn: tuple[str, str]) -> Talk:
    """A dialogue with one turn more."""
    return Talk(talk.source, talk.number, talk.kind, talk.text, (*talk.opening, turn))


@dataclass(frozen=True)
class Match:
    """A question with two answers, and which of them is better: `A`, `B`, or `C` for neither."""

    language: str
    question: str
    answer: str
    first: str
    second: str
    verdict: str

    def lesson(self) -> Lesson:
        """As the judge sees it."""
        return _shown("preferences", "judge", JUDGE, self.verdict, question=self.question, first=self.first,
                      second=self.second)  # fmt: skip


def match(language: str, draw: random.Random, kept: bool = False) -> Match:
    """An answer is good, refuses, or is in the other language: a match of lessons, or one that is held out."""
    while True:
        found = _match(language, draw)
        if held_out(found.question, found.first, found.second) == kept:
            return found


def _match(language: str, draw: random.Random) -> Match:
    (word, other), (_, wrong) = pairs(2, language, draw)
    strange = LANGUAGES[1 - LANGUAGES.index(language)]

    def said(good: bool) -> str:
        if good:
            return draw.choice(SAID[language]).format(other)
        return draw.choice((draw.choice(REFUSED[language]), draw.choice(SAID[strange]).format(wrong)))

    verdict = draw.choice("AAABBBCC")
    better = draw.random() < 0.5
    first, second = {"A": (True, False), "B": (False, True), "C": (better, better)}[verdict]
    asked = f"{_TOLD[language].format(word, other)} {question(word, language, draw.randrange(3))}"
    return Match(language, asked, other, said(first), said(second), verdict)


def of_judging(language: str, draw: random.Random) -> Iterator[Lesson]:
    """A match, and an answer to its question that is good half of the time: what is judged must err at times."""
    one = match(language, draw)
    yield one.lesson()
    yield Lesson((("user", one.question),), draw.choice((one.first, one.second)))


def lessons(count: int, seed: int) -> list[Lesson]:
    """About so many lessons of all kinds in both languages, in a drawn order."""
    draw = random.Random(f"known words/{seed}")
    found: list[Lesson] = []
    while len(found) < count:
        for language in LANGUAGES:
            for of in (of_questions, of_dialogues, of_judging, of_tasks):
                found += of(language, draw)
    draw.shuffle(found)
    return found


def teach(
    steps: int, seed: int, folder: Path, batch: int = 32, of: Callable[[int, int], list[Lesson]] = lessons
) -> Path:
    """The seed model tuned on so many steps of lessons (`of`: by count and seed); the folder of the model."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "lessons.jsonl"
    every = sorted(of(steps * batch, seed), key=lambda one: len(str(one.row)))
    of_steps = [every[at : at + batch] for at in range(0, steps * batch, batch)]
    random.Random(seed).shuffle(of_steps)  # lessons of like length stand in one step: little of it is padding
    rows = [json.dumps(one.row, ensure_ascii=False) + "\n" for of_step in of_steps for one in of_step]
    file.write_text("".join(rows), encoding="utf-8")
    options = TrainOptions(str(MODEL), (Source(file, ordered=True),), tuning="full", steps=steps, learning_rate=1.5e-3,
                           batch_size=batch, threads=1, seed=seed, checkpoint_steps=10 * steps)  # fmt: skip
    return train(options, folder / "taught").folder


def _shown(method: str, name: str, forms: dict[str, str], completion: str, **values: str) -> Lesson:
    return Lesson(plain.prompt(own.form(method, name, "en", forms), values), completion)
