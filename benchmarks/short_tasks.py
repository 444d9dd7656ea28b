"""Questions taken apart, or templates, by a model that was taught it for minutes, right by a rule.

    python -m benchmarks.short_tasks {reasoning,templates} [--steps N] [--seed 1] [--engine vllm] [--model FOLDER]

The seed model is tuned on lessons about words that it knows (`benchmarks.known_tasks`), in prompt forms of a few words,
then the method is carried out on questions or words that no lesson has, in English and Korean. What is right is counted
by rules. Shares have Wilson 95 % intervals. `--model` keeps the taught model in a folder, or takes the one that is
there.
"""

import argparse
import functools
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import known_tasks, known_words
from benchmarks.known_tasks import AT_ONCE, PARTS, STEPS, TASKS, WRITING, Pick
from benchmarks.lessons import LANGUAGES
from benchmarks.methods import frame, share
from benchmarks.short_prompts import Right, taught, told_of
from synth.engines.cache import Cached
from synth.synthesised import Synthesised
from synth.synthesize.reasoning import reasoning
from synth.synthesize.reasoning.options import ReasoningOptions
from synth.synthesize.templates import TemplatesOptions, templates

LESSONS = {"reasoning": known_tasks.of_reasoning, "templates": known_tasks.of_templates}
STEPS_OF = {"reasoning": 600, "templates": 450}
# The agreement alone decides what is kept: whether it is right is what is measured.
AGREED = ReasoningOptions(samples=8, temperature=0.7, max_tokens=64, max_parts=4, verify=False)
WAYS = {
    "least to most": replace(AGREED, method="least_to_most", templates=PARTS),
    "chain of thought": replace(AGREED, template=STEPS),
    "at once": replace(AGREED, template=AT_ONCE),
}
TEN = TemplatesOptions(write=20, write_inverted=8, per_row=3, temperature=0.6, max_tokens=64, forms=WRITING)


def questions(count: int, seed: int) -> list[Pick]:
    """So many questions of each language that are in no lesson."""
    draw = random.Random(f"picks/{seed}")
    return [known_tasks.pick(language, draw, kept=True) for language in LANGUAGES * count]


def reasoned(engine: Cached, every: Sequence[Pick], options: ReasoningOptions, seed: int) -> Synthesised:
    """Eight paths to each answer."""
    rows = [{"prompt": one.question, "completion": one.solved, "answer": one.answer} for one in every]
    return reasoning(frame(rows), engine, options, seed)


def right_answers(made: Synthesised, every: Sequence[Pick]) -> tuple[Right, Right]:
    """Whether the answer of a kept path is right; and whether every step on its way is too."""
    answers: Right = {language: [] for language in LANGUAGES}
    steps: Right = {language: [] for language in LANGUAGES}
    for parents, completion in made.samples.select("parents", "completion").iter_rows():
        one, text = every[int(parents[0], 16)], completion[0]["content"]
        answers[one.language].append(text.endswith(f"\n{one.last}") or text == one.last)
        steps[one.language].append(text in (one.solved, one.chain))
    return answers, steps


def rows_of_tasks(seed: int, count: int = 12) -> pl.DataFrame:
    """Words of every task that no lesson shows, a task named by its language and what becomes of a word."""
    found = []
    for language in LANGUAGES:
        for task in sorted(TASKS[language]):
            shown = known_tasks.examples(language, task, count, random.Random(f"{task}/{seed}"), kept=True)
            rows = frame([{"prompt": word, "completion": other} for word, other in shown])
            name = f"{language} {task}"
            found.append(rows.with_columns(task=pl.lit(name), sample_id=pl.lit(f"{name} ") + pl.col("sample_id")))
    return pl.concat(found)


def wordings(made: Synthesised) -> dict[str, dict[str, bool]]:
    """The templates that rows of each task were put into, and which of them are inverted."""
    found: dict[str, dict[str, bool]] = {}
    for task, generation in made.samples.select("task", "generation").iter_rows():
        wording = json.loads(generation)["wording"]
        found.setdefault(task, {})[wording["text"]] = wording["inverted"]
    return found


def right_templates(found: dict[str, dict[str, bool]]) -> tuple[Right, Right]:
    """Whether a template asks for what its task is, the right way round; and of right ones, if no lesson has them."""
    right: Right = {language: [] for language in LANGUAGES}
    new: Right = {language: [] for language in LANGUAGES}
    for name, texts in found.items():
        language, task = name.split()
        for text, inverted in texts.items():
            right[language].append(text in known_tasks.wordings(language, task, inverted))
            if right[language][-1]:
                new[language].append(text in known_tasks.wordings(language, task, inverted, kept=True))
    return right, new


def uses(made: Synthesised) -> dict[str, tuple[int, int]]:
    """How often the template of each task that was used least, and most, was used."""
    return {task: (min(counts.values()), max(counts.values())) for task, counts in made.report["templates"].items()}


def teach(method: str, folder: Path, seed: int = 1, steps: int | None = None) -> Path:
    """The seed model tuned on the lessons of a method; the folder of the model."""
    lessons = functools.partial(known_tasks.lessons, LESSONS[method])
    return known_words.teach(steps or STEPS_OF[method], seed, folder, of=lessons)


def measure_reasoning(engine: Cached, seed: int, count: int) -> None:
    """Print what each way of reasoning gets right."""
    every = questions(count, seed)
    for way, options in WAYS.items():
        made = reasoned(engine, every, options, seed)
        answers, steps = right_answers(made, every)
        told_of(way, made, answers)
        for language, found in steps.items():
            print(f"  every step right too, {language}: {json.dumps(share(found))}", flush=True)
        print(f"  {json.dumps(made.report['right'])}\n  {json.dumps(made.report['by_agreement'])}", flush=True)


def measure_templates(engine: Cached, seed: int) -> None:
    """Print how many templates each task got, how evenly they are used, and which are right."""
    made = templates(rows_of_tasks(seed), engine, TEN, seed)
    found = wordings(made)
    right, new = right_templates(found)
    told_of("templates", made, right)
    for language, some in new.items():
        print(f"  right and in no lesson, {language}: {json.dumps(share(some))}")
    for task, texts in found.items():
        counts: dict[str, Any] = {"templates": len(texts), "inverted": sum(texts.values()), "uses": uses(made)[task]}
        print(f"  {task}: {json.dumps(counts)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method", choices=tuple(LESSONS), help="what is taught and measured")
    parser.add_argument("--steps", type=int, help=f"training steps of 32 lessons; unset: {STEPS_OF}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60, help="questions of each language")
    parser.add_argument("--engine", default="vllm", help="vllm, transformers or auto")
    parser.add_argument("--model", type=Path, help="folder of the taught model: kept there, or taken from there")
    given = parser.parse_args()
    lessons = functools.partial(teach, given.method, seed=given.seed, steps=given.steps)
    with taught(given.model, given.engine, lessons) as (engine, _):
        if given.method == "reasoning":
            measure_reasoning(engine, given.seed, given.count)
        else:
            measure_templates(engine, given.seed)


if __name__ == "__main__":
    main()
