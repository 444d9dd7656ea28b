"""The demo: one recipe over the documentation, the seed model and its skills, carried out and shown."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from curation import storage

from ..recipe import load
from ..report import summary
from ..runner import run_recipe
from .corpus import write_corpus
from .skills import NEW_SKILLS
from .tasks import write_tasks

SEED = 17
MODEL = Path(__file__).parent / "seed_model"
STEPS = 150  # of each arm
REHEARSAL_SHARE = 0.4  # of the training tokens


def run_demo(out: Path, say: Callable[[str], None], fresh: bool = False, small: bool = False) -> None:
    """Carry out the whole road in `out`: curate, distill, rehearse, train three arms, examine all of them.

    Args:
        out: run folder; the inputs that the demo makes are written to `inputs/` in it.
        say: told what happens.
        fresh: do everything again.
        small: a shortened demo, for the tests.
    """
    started = time.monotonic()
    inputs = out / "inputs"
    if fresh or not (inputs / "recipe.yaml").is_file():
        say("Collecting the documentation on this machine, and drawing task sets ...")
        corpus = write_corpus(inputs / "corpus", small)
        tasks = write_tasks(inputs / "tasks", SEED, small)
        storage.write_text(yaml.safe_dump(recipe_tree(corpus, tasks, small), sort_keys=False), inputs / "recipe.yaml")
    say(f"The recipe is {inputs / 'recipe.yaml'}; `keepwise run` on it does the same.")
    finished = run_recipe(load(inputs / "recipe.yaml"), out, say, fresh)
    for line in summary(out):
        say(line)
    say(f"Report: {finished.report}  ({time.monotonic() - started:.0f} s)")


def recipe_tree(corpus: list[Path], tasks: dict[str, list[Path]], small: bool) -> dict[str, Any]:
    """The demo's recipe as a tree; paths relative to the folder it is written to."""
    folder = corpus[0].parent.parent
    files = {name: [str(path.relative_to(folder)) for path in paths] for name, paths in tasks.items()}
    steps = 40 if small else STEPS
    quick = {"max_tokens": 64, "repeat": 20, "engine": {"kind": "transformers"}} if small else {"max_tokens": 96}
    plain = [{"path": files["new"][0], "weight": 1.0}]

    def arm(new: str) -> dict[str, Any]:
        mixture = [
            {"path": new, "weight": 1 - REHEARSAL_SHARE},
            {"path": "step:rehearsal", "weight": REHEARSAL_SHARE},
        ]
        return {**training, "data": mixture}

    training = {
        "job": "train", "model": "$model", "data": plain, "steps": steps, "learning_rate": 2e-3,
        "threads": 1,  # a million parameters: two threads wait for each other longer than they compute
        **({"batch_size": 8} if small else {}),
    }  # fmt: skip
    new_names = [skill.name for skill in NEW_SKILLS]
    return {
        "name": "demo",
        "seed": SEED,
        "model": str(MODEL),
        "steps": {
            "documentation": {
                "job": "curate",
                "inputs": [str(path.relative_to(folder)) for path in corpus],
                "rules": {"length": {}, "gopher": {"min_words": 20}, "korean": {}},  # docstrings are short
            },
            "distilled": {"job": "distill", "model": "$model", "data": files["new"], "max_tokens": 64},
            "rehearsal": {
                "job": "rehearse",
                "model": "$model",
                "demos": files["demos"],
                "held_out": files["tests"],
                "language": "en",  # the seed model learned its lists, the Korean ones too, with English labels
                "per_task": 10 if small else 60,
                "samples": 1,
                "prompts_per_task": 20 if small else 190,
                "max_tokens": 96,
            },
            "plain": training,
            "rehearsed": arm(files["new"][0]),
            "kept": arm("step:distilled"),
            "examined": {
                "job": "evaluate",
                "models": {
                    "seed model": "$model",
                    "plain tuning": "step:plain",
                    "with rehearsal": "step:rehearsed",
                    "distilled + rehearsal": "step:kept",
                },
                "tasks": files["tests"],
                "new_tasks": new_names,
                **quick,
            },
        },
    }
