"""Rehearsal of the demo's skills by the seed model, where a rule says of every row whether it is right.

    python -m benchmarks.rehearsed_skills lists
    python -m benchmarks.rehearsed_skills outliers

`lists`: the same demonstrations in English lists (`Input:`, `Output:`), with which the seed model learned all its
skills, and in lists of the language that each skill asks in. `outliers`: of inputs of one skill among which a few of
all others stand, how many of each are taken for outliers; no model is asked.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.demo.skills import SKILLS
from pipelines.demo.skills.skill import Skill
from synth.engines import open_engine
from synth.outliers import outliers
from synth.rehearse import RehearseOptions, rehearse
from synth.rows import ROWS
from synth.synthesised import Synthesised

SEED = 17
MODEL = Path(__file__).parents[1] / "pipelines" / "demo" / "seed_model"
BY_NAME = {skill.name: skill for skill in SKILLS}


def demonstrations(skill: Skill, count: int) -> pl.DataFrame:
    """Rows of a skill, as `synth.rehearse` takes them."""
    rows = [
        {"sample_id": f"{skill.name}-{number:04}", "task": skill.name, "file": "demos.jsonl", "record": number,
         "prompt": [{"role": "user", "content": item.prompt}],
         "completion": [{"role": "assistant", "content": item.completion}]}
        for number, item in enumerate(skill.items("train", count, 3))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=ROWS)


def right(samples: pl.DataFrame) -> Counter[str]:
    """Rows by task whose answer is right by the rule of their skill."""
    every = samples.select("task", "prompt", "completion").iter_rows()
    return Counter(
        task for task, prompt, said in every if BY_NAME[task].valid(prompt[-1]["content"], said[0]["content"])
    )


def lists_shown(model: Path, engine: str) -> None:
    demos = {skill.name: demonstrations(skill, 12) for skill in SKILLS}
    made: dict[str, Synthesised] = {}
    with open_engine(engine, str(model)) as opened:
        for language in ("en", "auto"):
            options = RehearseOptions(30, samples=1, prompts_per_task=60, max_tokens=96, repetition_penalty=1.0,
                                      language=language)  # fmt: skip
            made[language] = rehearse(demos, opened, opened, options, SEED)
    print("language  lists  tasks  requests  wanted  kept  right  dropped, but for those over the quota")
    for language, found in made.items():
        for own in ("en", "ko"):
            tasks = {name: task for name, task in found.report["tasks"].items() if task["language"] == own}
            if tasks:
                print(f"{language:<10}{own:<7}{_line(tasks, right(found.samples))}")


def outliers_shown() -> None:
    print("demonstrations  deviations  own taken for outliers  others found")
    for shown in (5, 8, 20):
        for deviations in (2.0, 3.0, 4.0):
            counts = [_outliers(skill, shown, deviations) for skill in SKILLS]
            own, wrong, others, found = (sum(column) for column in zip(*counts, strict=True))
            print(f"{shown:>14}{deviations:>12.0f}{wrong:>15} of {own:<6}{found:>9} of {others}")


def _outliers(skill: Skill, shown: int, deviations: float) -> tuple[int, int, int, int]:
    """Inputs of the skill and how many of them are outliers, inputs of others (one in ten) and how many are."""
    demos = [item.prompt for item in skill.items("train", shown, 3)]
    own = list(dict.fromkeys(item.prompt for item in skill.items("test", 120, 5)))
    others = [item.prompt for other in SKILLS if other is not skill for item in other.items("test", 1, 7)][:12]
    found = outliers([*own, *others], demos, 20, deviations, 64, SEED).drops
    wrong = sum(at < len(own) for at in found)
    return len(own), wrong, len(others), len(found) - wrong


def _line(tasks: dict[str, Any], valid: Counter[str]) -> str:
    sums = {name: sum(task[name] for task in tasks.values()) for name in ("requests", "wanted", "kept")}
    lost: Counter[str] = sum((Counter(task["dropped"]) for task in tasks.values()), Counter())
    del lost["not_selected"]
    said = f"{len(tasks):>5}{sums['requests']:>10}{sums['wanted']:>8}{sums['kept']:>6}"
    return f"{said}{sum(valid[name] for name in tasks):>7}  {dict(lost.most_common())}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("lists", "outliers"))
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--engine", choices=("vllm", "transformers"), default="vllm")
    given = parser.parse_args()
    if given.what == "lists":
        lists_shown(given.model.resolve(), given.engine)
    else:
        outliers_shown()


if __name__ == "__main__":
    main()
