"""How often the knowledge gate is wrong, on facts known to be in or out of a model's training data.

    python -m benchmarks.knowledge {planted,skills} [--facts 60] [--steps 300] [--samples 6] [--engine transformers]

Two ground truths. *Planted*: made-up facts (pets, ages, colours out of four, Korean towns) are drawn, and the seed
model is tuned on half of them; the other half it has never seen. *Skills*: facts and items of the seed model's own
training data against skills that are in none of it.

A false known is a fact that is out and is called known; a false unknown one that is in and is called new. Rates have
Wilson 95 % intervals. `development` facts served to choose the defaults of `KnowledgeOptions`, `test` facts did not.
"""

import argparse
import json
import random
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from curation.metrics.intervals import wilson
from pipelines.demo.skills import NEW_SKILLS, SKILLS
from synth import rows
from synth.distill import knowledge
from synth.distill.item import Item, items
from synth.distill.knowledge import KnowledgeOptions
from synth.engines import open_engine
from synth.engines.cache import Cached
from train.options.run import Source, TrainOptions
from train.training import train

MODEL = Path(__file__).resolve().parent.parent / "pipelines" / "demo" / "seed_model"
COLOURS = ("red", "green", "blue", "black")
SEED = 11
FACTUAL = ("opposite", "category", "en_to_ko", "ko_to_en")  # skills whose answers are facts, all of them in training


@dataclass(frozen=True)
class Fact:
    """A row, whether the model was trained on it, and which of the two halves of the measurement it is for."""

    row: dict[str, Any]
    trained: bool
    half: str


def planted(count: int) -> list[Fact]:
    """`count` made-up facts of each relation, half of them to be trained, each half in two parts."""
    rng = random.Random(SEED)
    names = _words(rng, 4 * count, "bdgklmnprstvz", "aeiou")
    answers = _words(rng, count, "bdfgklmnprst", "aeiou")
    syllables = "가나다라마바사아자차카타파하고노도로모보소오조구누두루무부수우주"
    places = {"".join(rng.choices(syllables, k=3)) for _ in range(4 * count)}
    towns = sorted(places)[: 2 * count]
    rng.shuffle(towns)
    found = []
    for number in range(count):
        one, two, three = names[number], names[count + number], names[2 * count + number]
        age, colour = rng.randint(1, 99), rng.choice(COLOURS)
        drawn = (
            ("pet", f"What is the pet of {one} called?", answers[number], "short_answer", "The answer is {}."),
            ("age", f"How old is the tree in {two}?", str(age), "number", "The answer is {}."),
            ("colour", f"Is the flag of {three} red, green, blue or black?", colour, "choice", "The answer is {}."),
            (
                "town",
                f"{towns[number]} 옆에 있는 마을은: 이름",
                towns[count + number],
                "short_answer",
                "답은 {}입니다.",
            ),
        )
        for task, question, answer, check, style in drawn:
            row = {"task": task, "prompt": question, "completion": style.replace("{}", answer), "answer": answer,
                   "check": check, **({"choices": list(COLOURS)} if check == "choice" else {})}  # fmt: skip
            found.append(Fact(row, number % 2 == 0, "development" if number % 4 < 2 else "test"))
    return found


def skills(count: int) -> list[Fact]:
    """Items of the skills whose answers are facts (in) and of the skills that were never trained (out)."""
    found = []
    for skill in (*[skill for skill in SKILLS if skill.name in FACTUAL], *NEW_SKILLS):
        for number, item in enumerate(skill.items("train", count, SEED)):
            row = {"task": skill.name, "prompt": item.prompt, "completion": item.completion, "answer": item.answer}
            found.append(Fact(row, skill.name in FACTUAL, "development" if number % 2 else "test"))
    return found


def _words(rng: random.Random, count: int, consonants: str, vowels: str) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(consonants) + rng.choice(vowels) for _ in range(3))] = None
    return list(found)


def loaded(facts: list[Fact], folder: Path) -> list[Item]:
    """The facts as items, in their order."""
    file = folder / "facts.jsonl"
    file.write_text("".join(json.dumps(fact.row, ensure_ascii=False) + "\n" for fact in facts), encoding="utf-8")
    return list(items(rows.load([file], "facts").rows))


def tuned(facts: list[Fact], steps: int, folder: Path) -> Path:
    """The seed model tuned on the facts that are to be in; the last loss is printed."""
    file = folder / "in.jsonl"
    learned = pl.DataFrame([{key: fact.row[key] for key in ("prompt", "completion")} for fact in facts if fact.trained])
    turns = [
        {"prompt": [{"role": "user", "content": prompt}], "completion": [{"role": "assistant", "content": completion}]}
        for prompt, completion in learned.iter_rows()
    ]
    file.write_text("".join(json.dumps(turn, ensure_ascii=False) + "\n" for turn in turns), encoding="utf-8")
    options = TrainOptions(str(MODEL), (Source(file),), tuning="full", steps=steps, learning_rate=2e-3, batch_size=32,
                           threads=1, seed=SEED, checkpoint_steps=10 * steps)  # fmt: skip
    report = train(options, folder / "tuned")
    print(f"tuned on {len(turns)} facts for {steps} steps, last loss {report.losses[-1]:.4f}", flush=True)
    return report.folder


def rules(samples: int) -> dict[str, KnowledgeOptions]:
    """The rules that are compared: the first form of the gate, and ours with one thing changed at a time."""
    ours = KnowledgeOptions(samples=samples, max_tokens=48)
    plain = replace(ours, forms=("asked",), confidence=0.0)
    found = {f"asked, {right} of {samples}, luck ignored": replace(plain, right=right) for right in (1, 2, samples)}
    found |= {f"asked, {right} of {samples}": replace(ours, forms=("asked",), right=right) for right in (1, 2, samples)}
    for right in (1, 2, 3, samples):
        found[f"three forms, {right} of {samples}"] = replace(ours, right=right)
    found["default"] = KnowledgeOptions(max_tokens=48)  # printed last, by relation too
    return found


def table(
    title: str, facts: list[Fact], every: list[Item], engine: Cached, options: dict[str, KnowledgeOptions]
) -> None:
    """Rates of every rule over both halves, and of the default by task."""
    print(f"\n{title}: {sum(fact.trained for fact in facts)} facts in, {sum(not fact.trained for fact in facts)} out")
    for name, option in options.items():
        known = knowledge.measure(every, engine, option, SEED)
        pairs = [(fact, known[item.id].known) for fact, item in zip(facts, every, strict=True)]
        for half in ("development", "test", "both"):
            print(f"{name:<32} {half:<12} {_rates([pair for pair in pairs if half in (pair[0].half, 'both')])}")
    for task in dict.fromkeys(fact.row["task"] for fact in facts):
        print(f"  default, {task:<22} {_rates([pair for pair in pairs if pair[0].row['task'] == task])}")
    figures = knowledge.report(every, known)
    print("  right by form:", json.dumps(figures["right_by_form"]), "grades:", json.dumps(figures["grades"]))


def _rates(pairs: list[tuple[Fact, bool]]) -> str:
    return "  ".join(_said(name, pairs, trained) for name, trained in (("false known", False), ("false unknown", True)))


def _said(name: str, pairs: list[tuple[Fact, bool]], trained: bool) -> str:
    said = [known != trained for fact, known in pairs if fact.trained == trained]
    if not said:
        return f"{name} -"
    low, high = wilson(sum(said), len(said))
    return f"{name} {sum(said):>3} of {len(said):<3} {sum(said) / len(said):.3f} [{low:.3f}, {high:.3f}]"


def settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("truth", choices=("planted", "skills"), help="how it is known what the model knows")
    parser.add_argument("--facts", type=int, default=60, help="facts of each relation or skill")
    parser.add_argument("--steps", type=int, default=300, help="training steps on the planted facts")
    parser.add_argument("--samples", type=int, default=6, help="closed-book answers of a row")
    parser.add_argument("--engine", default="transformers", help="vllm, transformers or auto")
    return parser.parse_args()


def main() -> None:
    given = settings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts = planted(given.facts) if given.truth == "planted" else skills(given.facts)
        every = loaded(facts, folder)
        model = tuned(facts, given.steps, folder) if given.truth == "planted" else MODEL
        with open_engine(given.engine, str(model)) as engine:
            cached = Cached(engine, folder / "engine.sqlite")  # rules that ask the same get the same answers
            table(given.truth, facts, every, cached, rules(given.samples))
            cached.close()


if __name__ == "__main__":
    main()
