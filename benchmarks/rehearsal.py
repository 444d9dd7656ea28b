"""Rehearsal measured: old tasks made up by a model trained on the spot, and samples of a model alone.

    python -m benchmarks.rehearsal tasks --data DATA --out runs/rehearsal [--made STEPS]
    python -m benchmarks.rehearsal stories --data DATA --out runs/replay

DATA is the shared data folder. `tasks`: the seed model is tuned on some tasks of the SuperNI subset of the SSR paper,
then makes up instances of them from each task's `extra` pool; several buffers of equal size are held against rows of
`eval`: how much of them they cover, how many could be real, and how labels and clusters are spread. Quotas, copies and
cut-off instances are counted here anew, not read from the report. The seed model has 512 positions and reads letters:
three tasks and their short rows are what it can do. `--made` takes all ten tasks and whole rows, and a small model made
from nothing for them (`benchmarks.list_model`), trained for so many steps; with `--learn` on lists of these tasks
alone, with `--whole-numbers` in tokens that suit lists of items. Of `pe`, whose answers follow from a rule, the right
ones are counted. `stories`: a small pretrained story model is sampled from its start token; what such
samples keep is measured by `benchmarks.continued_pretraining`.
"""

import argparse
import gzip
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import re2

from benchmarks import list_model
from curation import storage
from curation.dedup import exact
from curation.metrics.text import rouge_l_matrix
from pipelines.recipe import load
from pipelines.runner import run_recipe

SEED = 17
TASKS = ("para", "pe", "pos")  # short enough for two demonstrations and an instance in 512 tokens
LONGEST = 160  # characters of a row: three of them are a list that the seed model can read
ALL = ("dsg", "expl", "para", "pe", "pos", "qa", "qg", "sa", "sum", "trans")
LISTS = 500  # of each of ten tasks, that a model made from nothing learns; more of each of fewer


def rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def write(found: list[dict[str, Any]], path: Path) -> str:
    storage.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), path)
    return path.name


def part(data: Path, task: str, name: str, whole: bool) -> list[dict[str, Any]]:
    """Rows of a task: all of them, or those that the seed model can read."""
    folder = data / "instructions" / "superni"
    [path] = sorted(folder.glob(f"{task}.{name}*.jsonl.gz"))  # of two tasks a tenth of the training rows is there
    found = rows(path)
    return found if whole else [row for row in found if short(row)]


def short(row: dict[str, Any]) -> bool:
    text = f"{row['input']}{row['output']}"
    return len(text) <= LONGEST and "\n\n" not in text


def tuning(folder: Path, data: Path, tasks: tuple[str, ...], count: int) -> list[str]:
    """What the model is tuned on: rows of each task as chats, and as lists that go on with another row."""
    rng = random.Random(SEED)
    chats, lists = [], []
    for task in tasks:
        found = part(data, task, "train", whole=False)
        drawn = rng.sample(found, min(count, len(found)))
        chats += [{"prompt": [{"role": "user", "content": row["input"]}],
                   "completion": [{"role": "assistant", "content": row["output"]}]} for row in drawn]  # fmt: skip
        for row in drawn:
            two = rng.sample(found, 2)
            shown = "".join(f"{list_model.row(one)}\n\n" for one in two)
            lists.append({"prompt": f"{shown}Input:", "completion": list_model.row(row).removeprefix("Input:")})
    return [write(chats, folder / "chats.jsonl"), write(lists, folder / "lists.jsonl")]


def pools(folder: Path, data: Path, tasks: tuple[str, ...], whole: bool = False) -> dict[str, str]:
    """Demonstrations, old rows and held-out rows of the tasks, as files of input, output and task."""
    named = {"demos": "extra", "old": "train", "held_out": "eval"}
    made = {}
    for name, of in named.items():
        every = [
            {"input": row["input"], "output": row["output"], "task": task}
            for task in tasks
            for row in part(data, task, of, whole)
        ]
        made[name] = write(every, folder / f"{name}.jsonl")
    return made


def recipe(folder: Path, data: Path, model: Path, tasks: tuple[str, ...], count: int, steps: int, **made: Any) -> Path:
    """Train, then buffers of equal size: three selections, tokens in place of rows, and the two baselines.

    Without steps the model is trained already, reads whole rows, and makes them up.
    """
    files = pools(folder, data, tasks, whole=not steps)
    making = {
        "job": "rehearse", "model": "step:tuned" if steps else str(model), "demos": [files["demos"]],
        "max_tokens": 160 if steps else 600, "refine": "chat" if steps else "list",
        "real": {"files": [files["old"]], "held_out": [files["held_out"]]}, **made,
    }  # fmt: skip
    kept = {name: making[name] for name in ("job", "model", "real", "per_task")}
    tokens = {key: value for key, value in making.items() if key != "per_task"}
    tree: dict[str, Any] = {
        "name": "rehearsal",
        "seed": SEED,
        "steps": {
            "nearest": making,
            "k_center": {**making, "selection": "k_center"},
            "random": {**making, "selection": "random"},
            "tokens": {**tokens, "budget_tokens": 2000},
            "real_random": {**kept, "baseline": "random"},
            "real_kmeans": {**kept, "baseline": "kmeans"},
        },
    }  # fmt: skip
    if steps:
        tuned = {
            "job": "train", "model": str(model), "tuning": "full", "learning_rate": 2e-3, "steps": steps,
            "batch_size": 8, "checkpoint_steps": 20,
            "data": [{"path": name} for name in tuning(folder, data, tasks, count)], "threads": 1,
        }  # fmt: skip
        tree["steps"] = {"tuned": tuned, **tree["steps"]}
    path = folder / "recipe.yaml"
    storage.write_text(json.dumps(tree, ensure_ascii=False, indent=1), path)  # JSON is YAML
    return path


def counted(run: Path, step: str, demos: list[dict[str, Any]]) -> dict[str, int]:
    """Of the rows of a buffer: copies of a demonstration, equal inputs, and answers or instances that were cut off."""
    samples = pl.read_parquet(run / "samples" / step / "rehearse.parquet")
    inputs = [prompt[-1]["content"] for prompt in samples["prompt"].to_list()]
    shown = [list_model.flat(row["input"]) for row in demos]
    keys = exact.keys(
        pl.DataFrame({"doc_id": [str(n) for n in range(len(inputs) + len(shown))], "text": inputs + shown})
    )
    own, others = keys["key"].to_list()[: len(inputs)], set(keys["key"].to_list()[len(inputs) :])
    long = [text for text in inputs if len(text.split()) >= 12]
    near = rouge_l_matrix(shown, long).max(axis=0) if long and shown else []
    made = [json.loads(text) for text in samples["generation"].drop_nulls()]
    return {
        "rows": len(inputs),
        "copies": sum(key in others for key in own) + sum(float(score) > 0.7 for score in near),
        "equal": len(own) - len(set(own)),
        "cut off": sum({one["finish_reason"], one["instance"]["finish_reason"]} != {"stop"} for one in made),
    }


def right_lists(run: Path, step: str) -> tuple[int, int]:
    """Answers of `pe` in a buffer that are right, and all: the elements of a list after the first i."""
    samples = pl.read_parquet(run / "samples" / step / "rehearse.parquet").filter(pl.col("task") == "pe")
    right = 0
    for prompt, completion in samples.select("prompt", "completion").iter_rows():
        first, _, listed = prompt[-1]["content"].partition(",")
        items = re2.findall(r"'([^']*)'", listed)
        right += first.isdigit() and completion[0]["content"] == ", ".join(items[int(first) :])
    return right, samples.height


def tasks_shown(
    data: Path, out: Path, model: Path, steps: int, made: int, learn: tuple[str, ...], items: bool,
    only: tuple[str, ...], per_task: int, samples: int, penalty: float, top_p: float,
) -> None:  # fmt: skip
    folder = out / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    tasks = only or (ALL if made else TASKS)
    if made:
        learned = {task: part(data, task, "train", whole=True) for task in learn or ALL}
        lists = LISTS * len(ALL) // len(learned)
        model, steps = list_model.make(learned, out / "made", lists, made, SEED, items), 0
    path = recipe(folder, data, model, tasks, 500, steps, per_task=per_task, prompts_per_task=190,
                  samples=samples, repetition_penalty=penalty, top_p=top_p)  # fmt: skip
    outputs = run_recipe(load(path), out / "run", print).outputs
    demos = [json.loads(line) for line in (folder / "demos.jsonl").read_text(encoding="utf-8").splitlines()]
    print("\nyield of `nearest`, by task and reason")
    for task, facts in outputs["nearest"].facts["tasks"].items():
        print(f"  {task}: wanted {facts['wanted']}, kept {facts['kept']}, short of {facts['shortfall']}, of "
              f"{facts['requests']} requests; labels {facts['labels']}; {facts['dropped']}")  # fmt: skip
    print("\nbuffer       wanted  spent  rows  copies  equal  cut off")
    for step in ("nearest", "k_center", "random", "tokens"):
        facts, found = outputs[step].facts, counted(out / "run", step, demos)
        print(f"{step:<12}{facts['wanted']:>7}{facts['spent']:>7}{found['rows']:>6}{found['copies']:>8}"
              f"{found['equal']:>7}{found['cut off']:>9}  ({facts['unit']})")  # fmt: skip
    if "pe" in tasks:
        for step in ("nearest", "k_center", "random", "tokens"):
            print("answers of pe that are right: {} of {} ({})".format(*right_lists(out / "run", step), step))
    print("\nagainst held-out real rows      rows  precision  coverage  density  clusters  labels")
    for step in ("nearest", "k_center", "random"):
        for task, facts in outputs[step].facts["representation"].items():
            for name, one in facts.get("buffers", {}).items():
                if step == "nearest" or name == "buffer":
                    shown = f"{task} {step if name == 'buffer' else name}"
                    labels = one.get("label_distance")
                    print(f"{shown:<32}{one['rows']:>4}{one['precision']:>11.2f}{one['coverage']:>10.2f}"
                          f"{one['density']:>9.2f}{one.get('cluster_distance', 1):>10.2f}"
                          f"{'' if labels is None else f'{labels:>8.2f}'}")  # fmt: skip


def stories_shown(data: Path, out: Path, draws: int) -> None:
    replay = {"job": "rehearse", "model": str(data / "models/stories260k"),
              "replay": {"draws": draws, "max_tokens": 400}}  # fmt: skip
    path = out / "recipe.yaml"
    storage.write_text(json.dumps({"name": "replay", "seed": SEED, "steps": {"replay": replay}}, indent=1), path)
    facts = run_recipe(load(path), out / "run", print).outputs["replay"].facts
    print(f"\n{facts['samples']} of {facts['requests']} samples kept ({facts['trimmed']} trimmed to their last whole "
          f"sentence), {facts['spent']} tokens, characters {facts['characters']}")  # fmt: skip
    print(f"not kept, by reason: {facts['dropped']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tasks", "stories"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("pipelines/demo/seed_model"))
    parser.add_argument("--steps", type=int, default=100, help="of the tuning")
    parser.add_argument("--made", type=int, default=0, help="steps of a model made from nothing, for all ten tasks")
    parser.add_argument("--learn", nargs="*", default=[], choices=ALL, help="tasks that this model learns; all ten")
    parser.add_argument("--whole-numbers", action="store_true", help="numbers are one token each for this model")
    parser.add_argument("--per-task", type=int, default=8, help="rows wanted of each task")
    parser.add_argument("--only", nargs="*", default=[], choices=ALL, help="of the tasks")
    parser.add_argument("--samples", type=int, default=1, help="instances asked for with each of 190 lists")
    # The penalty counts the prompt: at the paper's 1.2 a tiny model hardly writes a second `Output:`.
    parser.add_argument("--repetition-penalty", type=float, default=1.0, help="of the instances; the paper's is 1.2")
    # What is left out of the nucleus never comes: at 0.6 no end of a list, of which each item is hardly ever the last.
    parser.add_argument("--top-p", type=float, default=0.6, help="nucleus of the instances; the paper's is 0.6")
    parser.add_argument("--draws", type=int, default=300, help="samples of the story model")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.what == "tasks":
        tasks_shown(given.data.resolve(), given.out.resolve(), given.model.resolve(), given.steps, given.made,
                    tuple(given.learn), given.whole_numbers, tuple(given.only), given.per_task, given.samples,
                    given.repetition_penalty, given.top_p)  # fmt: skip
    else:
        stories_shown(given.data.resolve(), given.out.resolve(), given.draws)


if __name__ == "__main__":
    main()
