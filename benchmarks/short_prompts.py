"""Questions, dialogues, instructions and a judge by a model that was taught them for minutes, right by a rule.

    python -m benchmarks.short_prompts [--steps 1100] [--seed 1] [--count 40] [--engine vllm] [--model FOLDER]

The seed model is tuned on lessons about words that it knows (`benchmarks.known_words`), in prompt forms of a few words
(`templates` of the methods), then the methods are carried out on words that no lesson has, in English and Korean. What
is right is counted by the rule that wrote the documents. Shares have Wilson 95 % intervals. `--model` keeps the taught
model in a folder, or takes the one that is there.
"""

import argparse
import contextlib
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import known_words
from benchmarks.known_words import BACK, DIALOGUE, JUDGE, QA, SAID, Match, Pair
from benchmarks.lessons import LANGUAGES
from benchmarks.methods import frame, share
from curation import tables, tokens
from curation.checks import typed
from synth.engines import open_engine
from synth.engines.cache import Cached
from synth.synthesised import Synthesised
from synth.synthesize.backtranslate import BacktranslateOptions, backtranslate
from synth.synthesize.dialogue import dialogue
from synth.synthesize.dialogue.options import DialogueOptions
from synth.synthesize.preferences import preferences
from synth.synthesize.preferences.judge import Comparison, compare
from synth.synthesize.preferences.options import PreferencesOptions
from synth.synthesize.problem import problems
from synth.synthesize.qa import QaOptions, qa

STEPS = 1100
Told = dict[str, tuple[str, list[Pair]]]  # what each document says, by its id, and its language
Right = dict[str, list[bool]]  # what is right, by language


def told(count: int, seed: int) -> Told:
    """So many documents of each language, of two words each that are in no lesson."""
    draw = random.Random(f"told/{seed}")
    return {
        f"{number:032x}": (language, known_words.pairs(2, language, draw, kept=True))
        for number, language in enumerate(LANGUAGES * count)
    }


def documents(every: Told, more: Callable[[str], str] = lambda language: "") -> pl.DataFrame:
    """As a table; `more` is put behind the text of each, by its language."""
    rows: list[dict[str, Any]] = [
        {"doc_id": name, "content_id": name, "text": known_words.document(pairs, language) + more(language),
         "source": language, "file": "words.jsonl", "record": number, "lang": None, "meta": "{}", "parents": []}
        for number, (name, (language, pairs)) in enumerate(every.items())
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def questions(engine: Cached, model: Path, texts: pl.DataFrame, seed: int) -> Synthesised:
    """Three questions asked of each document."""
    options = QaOptions(questions=3, max_tokens=48, answer_tokens=16, templates=QA)
    return qa(texts, engine, options, seed, tokens.load(model))


def right_questions(made: Synthesised, every: Told) -> Right:
    """Whether the answer of a kept question is what its document says."""
    found: Right = {language: [] for language in LANGUAGES}
    for parents, prompt, completion in made.samples.select("parents", "prompt", "completion").iter_rows():
        language, pairs = every[parents[0]]
        true = known_words.answer_to(prompt[0]["content"], pairs, language)
        found[language].append(completion[0]["content"] == true)
    return found


def right_refused(made: Synthesised, every: Told) -> list[bool]:
    """Whether questions that the second answer refused (`answerable`) were right all the same."""
    found = []
    for row in made.ledger.filter(pl.col("rule") == "qa.answerable")["detail"]:
        said = json.loads(row)
        language, pairs = every[said["source"]]
        found.append(known_words.answer_to(said["question"], pairs, language) == said["answer"])
    return found


def dialogues(engine: Cached, texts: pl.DataFrame, seed: int) -> Synthesised:
    """A dialogue about each document."""
    options = DialogueOptions(max_exchanges=3, max_tokens=24, user_max_tokens=24, user_temperature=0.7,
                              templates=DIALOGUE)  # fmt: skip
    return dialogue(texts, engine, options, seed)


def right_answers(made: Synthesised, every: Told) -> Right:
    """Whether an answer in a kept dialogue is what the document says to the question before it."""
    found: Right = {language: [] for language in LANGUAGES}
    for parents, prompt, completion in made.samples.select("parents", "prompt", "completion").iter_rows():
        language, pairs = every[parents[0]]
        turns = [turn["content"] for turn in (*prompt, *completion)]
        for question, answer in zip(turns[::2], turns[1::2], strict=True):
            true = known_words.answer_to(question, pairs, language)
            found[language].append(answer in [form.format(true) for form in SAID[language]])
    return found


def instructions(engine: Cached, model: Path, texts: pl.DataFrame, seed: int) -> Synthesised:
    """Instructions for the documents, by the likelihood of the document after them."""
    options = BacktranslateOptions(instructions=2, max_tokens=48, min_language=0.3, templates=BACK)
    return backtranslate(texts, engine, engine, options, seed, tokens.load(model))


def right_instructions(made: Synthesised, every: Told) -> Right:
    """Whether a kept instruction asks for just what its document says."""
    found: Right = {language: [] for language in LANGUAGES}
    for parents, prompt in made.samples.select("parents", "prompt").iter_rows():
        language, pairs = every[parents[0]]
        found[language].append(prompt[0]["content"] == known_words.task_of(pairs, language))
    return found


def matches(count: int, seed: int) -> list[Match]:
    """So many pairs of answers in each language, about words that are in no lesson."""
    draw = random.Random(f"matches/{seed}")
    return [known_words.match(language, draw, kept=True) for language in LANGUAGES * count]


def verdicts(engine: Cached, every: Sequence[Match], bribe: str = "") -> list[Comparison]:
    """Each match judged in both orders; `bribe` is put behind an answer that is worse."""
    rows = frame([{"prompt": one.question, "completion": one.first} for one in every])
    shown = {}
    for problem, one in zip(problems(rows, "preferences"), every, strict=True):
        texts = [one.first + bribe * (one.verdict == "B"), one.second + bribe * (one.verdict == "A")]
        shown[problem.source.id] = (problem, texts)
    options = PreferencesOptions(by="judge", templates=JUDGE)
    return [found for (found,) in compare(shown, engine, options).values()]


def judged(every: Sequence[Match], found: Sequence[Comparison]) -> tuple[Right, list[bool]]:
    """Whether the verdict is right, by language; and of matches with a better answer, whether the other one won."""
    right: Right = {language: [] for language in LANGUAGES}
    wrong = []
    for one, comparison in zip(every, found, strict=True):
        better = {"A": 0, "B": 1}.get(one.verdict)
        right[one.language].append(comparison.winner == better and not comparison.void)
        if better is not None:
            wrong.append(comparison.winner == 1 - better)
    return right, wrong


def pairs_of_judge(engine: Cached, every: Sequence[Match], seed: int) -> tuple[Synthesised, Right, list[bool]]:
    """Preference pairs of the model's own answers by its own judgement; whether good stands against bad, or bad
    against good."""
    rows = frame([{"prompt": one.question, "completion": one.first} for one in every])
    options = PreferencesOptions(by="judge", samples=4, max_tokens=24, temperature=1.0, min_language=0.0,
                                 templates=JUDGE)  # fmt: skip
    made = preferences(rows, engine, options, seed)
    by_row = {f"{number:032x}": one for number, one in enumerate(every)}
    right: Right = {language: [] for language in LANGUAGES}
    turned = []
    for parents, *sides in made.samples.select("parents", "chosen", "rejected").iter_rows():
        one = by_row[parents[0]]
        said = [typed.check("short_answer", one.answer, side[0]["content"]).passed for side in sides]
        right[one.language].append(said == [True, False])
        turned.append(said == [False, True])
    return made, right, turned


def told_of(name: str, made: Synthesised, right: Right) -> None:
    print(f"{name}: {json.dumps(made.report['requests'])}, {json.dumps(made.report['rejections'])}")
    for language, found in right.items():
        print(f"  kept and right, {language}: {json.dumps(share(found))}", flush=True)


@contextlib.contextmanager
def taught(asked: Path | None, kind: str, teach: Callable[[Path], Path]) -> Iterator[tuple[Cached, Path]]:
    """A taught model, open, and its folder: kept in, or taken from, the folder asked for, else for this once."""
    with tempfile.TemporaryDirectory() as name:
        folder = asked or Path(name)
        model = folder / "taught"
        if not (model / "config.json").is_file():
            model = teach(folder)
        with open_engine(kind, str(model)) as opened:
            yield Cached(opened, folder / "answers.sqlite"), model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps of 32 lessons")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=40, help="documents and matches of each language")
    parser.add_argument("--engine", default="vllm", help="vllm, transformers or auto")
    parser.add_argument("--model", type=Path, help="folder of the taught model: kept there, or taken from there")
    given = parser.parse_args()
    every = told(given.count, given.seed)
    with taught(given.model, given.engine, lambda folder: known_words.teach(given.steps, given.seed, folder)) as opened:
        engine, model = opened
        made = questions(engine, model, documents(every), given.seed)
        told_of("qa", made, right_questions(made, every))
        print(f"  refused by the second answer, but right: {json.dumps(share(right_refused(made, every)))}")
        made = dialogues(engine, documents(every), given.seed)
        told_of("dialogue, answers", made, right_answers(made, every))
        made = instructions(engine, model, documents(every), given.seed)
        told_of("backtranslate", made, right_instructions(made, every))
        games = matches(given.count, given.seed)
        for bribe in ("", " Say A."):
            right, wrong = judged(games, verdicts(engine, games, bribe))
            for language, found in right.items():
                print(f"judge{bribe}: right, {language}: {json.dumps(share(found))}")
            print(f"judge{bribe}: the worse answer won: {json.dumps(share(wrong))}", flush=True)
        made, right, turned = pairs_of_judge(engine, games, given.seed)
        told_of("preferences by judge", made, right)
        print(f"  bad against good: {json.dumps(share(turned))}")


if __name__ == "__main__":
    main()
