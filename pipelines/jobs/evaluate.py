"""The evaluate job: models and task files in; the score of every item and the comparison with the base out."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from curation import storage, tables
from curation.errors import InputError

from ..child import call
from ..digests import FileDigests
from ..progress import track, waiting
from ..run import Made, Record, Run
from ..settings import EvaluateSettings
from .comparison import Asked, compared
from .engine import answering_model, loaded, opened
from .inputs import task_files
from .output import Output, Outputs

if TYPE_CHECKING:
    from train.evaluation.tasks import Task

PLAN = "plan.json"  # beside the scores: what was fixed before there were any
PLANNED = ("tasks", "shots", "new_tasks", "stages", "sham", "margin", "clusters")


def evaluate(run: Run, step: str, settings: EvaluateSettings, outputs: Outputs) -> Output:
    """Examine the models of a step on its task files; the first model is the base that the others are compared with.

    The plan is written first: the margin in it was there before any score. One that comes after scores is refused.

    Raises:
        InputError: for bad input, a new task that no task file holds, or a margin that is set or changed once there
            are scores.
    """
    digests = FileDigests(run)
    files = [str(path) for path in _files(settings.tasks)]
    tasks = [*task_files(files, digests), *task_files(settings.demos, digests)]
    asked = {"files": files, "shots": len(settings.demos)}
    records = [_plan(run, step, settings, tasks)]
    plan = json.loads((run.folder / _path(step, PLAN)).read_text(encoding="utf-8"))
    config = settings.model_dump(mode="json", include={"max_tokens", "engine", "shots", "clusters"})
    models: list[tuple[str, str, str]] = []
    for number, (name, text) in enumerate(settings.models.items()):
        model, digest = answering_model(text, settings.engine, outputs)
        models.append((name, model, digest))
        again = settings.repeat if number == 0 and len(settings.models) > 1 else 0

        def make(number: int = number, name: str = name, model: str = model, again: int = again) -> Made:
            facts = call(_examine, run.folder, step, settings, run.seed, number, name, model, again)
            return Made((_path(step, f"{number:02d}.parquet"),), facts)

        # A run of earlier columns is examined again.
        wanted = ["examine", name, config, asked["shots"], again, tables.EVALUATION.names()]
        records.append(run.task(f"{step}/examine/{number:02d}", wanted, [digest, *tasks], make))
    scores = records[1:]
    drifts = [_drift(run, step, settings, models, number, scores[0], tasks) for number in range(1, len(models))
              if settings.drift]  # fmt: skip
    records += drifts
    inputs = [record.digest for record in scores]

    def compare() -> Made:
        frames = [pl.read_parquet(run.folder / _path(step, f"{number:02d}.parquet")) for number in range(len(scores))]
        question = Asked(settings.new_tasks, settings.stages, settings.sham, settings.margin, plan["chance"],
                         settings.resamples, run.seed)  # fmt: skip
        facts = compared(pl.concat(frames), list(settings.models), question)
        facts["repeated"] = scores[0].facts.get("repeated")
        facts["drift"] = [dict(record.facts) for record in drifts]
        facts["plan"] = {"margin": plan["margin"], "shots": plan["shots"], "fingerprint": tables.fingerprint(plan)}
        return Made((), facts)

    questions = settings.model_dump(mode="json", include={"new_tasks", "stages", "sham", "margin", "resamples"})
    known = [tables.fingerprint(dict(record.facts)) for record in (*scores[:1], *drifts)]
    records.append(
        run.task(f"{step}/compare", ["compare", questions, list(settings.models), plan], [*inputs, *known], compare)
    )
    run.sweep(step, records)
    return Output(run.folder / "evaluation" / step, tables.fingerprint(inputs), records[-1].facts)


def _path(step: str, name: str) -> str:
    return f"evaluation/{step}/{name}"


def _files(named: tuple[str, ...]) -> list[Path]:
    """Task files by their paths, or by the name of lists that come along."""
    from train.evaluation import refusals

    found: list[Path] = []
    for text in named:
        listed = text == refusals.NAME and not Path(text).exists()
        found += refusals.FILES if listed else [Path(text)]
    return found


def _plan(run: Run, step: str, settings: EvaluateSettings, tasks: list[str]) -> Record:
    """Write down what is fixed before there are scores.

    Raises:
        InputError: for a margin other than the one that was fixed, where there are scores already.
    """
    from train.evaluation.tasks import chances, load_tasks

    before = run.records.get(f"{step}/plan")
    fixed = None if before is None else before.facts.get("margin")
    examined = any(name.startswith(f"{step}/examine/") for name in run.records)
    if examined and settings.margin is not None and settings.margin != fixed:
        was = "none" if fixed is None else f"{fixed:g}"
        raise InputError(
            f"margin: found {settings.margin:g} where scores exist that were made with {was}, expected it to be "
            "fixed before any score; evaluate into another folder, or all of it again with --fresh"
        )
    items = load_tasks(_files(settings.tasks))
    _check_taught(settings, items)
    by_task: dict[str, list[Any]] = {}
    for item in items:
        by_task.setdefault(item.task, []).append([item.id, item.metric, item.prompt, item.references, item.choices,
                                                  vars(item.check) if item.check is not None else None])  # fmt: skip
    plan = {
        "format": 1,
        "models": list(settings.models),
        **{
            name: value
            for name, value in settings.model_dump(mode="json").items()
            if name in PLANNED and name != "tasks"
        },
        "tasks": tasks,
        "chance": chances(items),
        "asked": {
            task: tables.fingerprint([settings.shots, settings.max_tokens, sorted(found, key=lambda one: one[0])])
            for task, found in sorted(by_task.items())
        },
    }

    def make() -> Made:
        storage.write_text(json.dumps(plan, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
                           run.folder / _path(step, PLAN))  # fmt: skip
        return Made((_path(step, PLAN),), {"margin": settings.margin, "fingerprint": tables.fingerprint(plan)})

    return run.task(f"{step}/plan", ["plan", plan], [], make)


def _check_taught(settings: EvaluateSettings, items: "list[Task]") -> None:
    """Refuse what could only be refused after all models have answered.

    Raises:
        InputError: for a new task that no task file holds, or drift without an old task whose answers are generated.
    """
    from train.evaluation.tasks import GENERATED

    taught = _taught(settings)
    names = sorted({item.task for item in items})
    if unknown := sorted(set(taught) - set(names)):
        raise InputError(f"new_tasks: found {unknown[0]!r}, expected tasks of the task files ({', '.join(names)})")
    if settings.drift and not any(item.metric in GENERATED and item.task not in taught for item in items):
        raise InputError("drift: found no old task whose answers are generated, expected one to measure it on")


def _taught(settings: EvaluateSettings) -> list[str]:
    """Tasks that training was to teach, those of stages among them, sorted."""
    return sorted({*settings.new_tasks, *(task for some in settings.stages.values() for task in some)})


def _items(settings: EvaluateSettings, seed: int) -> "tuple[list[Task], list[Task]]":
    """What the models are asked: items, and the same with their demonstrations."""
    from train.evaluation.regions import clustered
    from train.evaluation.shots import with_shots
    from train.evaluation.tasks import load_demonstrations, load_tasks

    items = load_tasks(_files(settings.tasks))
    if settings.clusters:
        items = clustered(items, settings.clusters, seed)
    if not settings.shots:
        return items, items
    pool = load_demonstrations(_files(settings.tasks), map(Path, settings.demos))
    return items, with_shots(items, pool, settings.shots, seed)


def _examine(
    folder: Path, step: str, settings: EvaluateSettings, seed: int, number: int, name: str, model: str, again: int
) -> dict[str, Any]:
    """In the child: open the engine, answer every item, write the scores; of the base, measure it once more."""
    from train.evaluation.evaluate import evaluate as examine

    _, items = _items(settings, seed)
    title = f"{step}: {name}"
    if not again:
        with opened(folder, title, model, settings.engine) as engine:
            scores = examine(engine, engine, items, name, step, seed, settings.max_tokens)
    else:
        with _opened_twice(folder, title, model, settings) as (engine, fresh):
            scores = examine(engine, engine, items, name, step, seed, settings.max_tokens)
            second = examine(fresh, fresh, _first(items, again), name, step, seed, settings.max_tokens)
    storage.write_parquet(tables.check(scores, tables.EVALUATION), folder / _path(step, f"{number:02d}.parquet"))
    return {"model": name, "items": len(items), "repeated": _unlike(scores, second) if again else None}


def _first(items: "list[Task]", count: int) -> "list[Task]":
    """The first items whose answers are generated, of choices and of texts: as many of each, batched as before."""
    from train.evaluation.tasks import SCORED

    kinds = [[item for item in items if item.metric not in SCORED]]
    kinds += [[item for item in items if item.metric == metric] for metric in SCORED]
    return [item for kind in kinds for item in kind[:count]]


@contextlib.contextmanager
def _opened_twice(folder: Path, title: str, model: str, settings: EvaluateSettings) -> Iterator[tuple[Any, Any]]:
    """One engine behind the run's cache, and behind an empty one: its answers are made anew, in the same chunks."""
    from synth.engines import cached

    from .engine import CACHE

    path = folder / CACHE
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        loaded(title, model, settings.engine) as engine,
        track(f"{title}: generating", None, "answers") as advance,
        tempfile.TemporaryDirectory() as anew,
        contextlib.closing(cached(engine, path, settings.engine.chunk, lambda done, tokens: advance(done))) as first,
        contextlib.closing(
            cached(engine, Path(anew) / "again.sqlite", settings.engine.chunk, lambda done, tokens: advance(done))
        ) as second,
    ):
        yield first, second


def _unlike(first: pl.DataFrame, second: pl.DataFrame) -> dict[str, Any]:
    """How a second measurement of one model differs from the first: what no training can have done."""
    both = first.select("task", "item", "metric", "score", "prediction").join(
        second.select("task", "item", "metric", again="score", said="prediction"), on=["task", "item", "metric"]
    )
    change = (pl.col("again") - pl.col("score")).abs()
    by_task = both.group_by("task", "metric").agg(
        items=pl.len(), unlike=(change > 0).sum(), reworded=(pl.col("said") != pl.col("prediction")).sum(),
        difference=(pl.col("again") - pl.col("score")).mean(), largest=change.max(),
    ).sort("task", "metric")  # fmt: skip
    return {
        "items": both.height,
        "unlike": int(by_task["unlike"].sum()),
        "reworded": int(by_task["reworded"].sum()),
        "tasks": by_task.filter((pl.col("unlike") > 0) | (pl.col("reworded") > 0)).to_dicts(),
    }


def _drift(
    run: Run,
    step: str,
    settings: EvaluateSettings,
    models: list[tuple[str, str, str]],
    number: int,
    base: Record,
    tasks: list[str],
) -> Record:
    """How far a model has moved from the base, on the base's own answers to old prompts."""
    name, model, digest = models[number]
    taught = _taught(settings)
    wanted = ["drift", settings.drift, taught, name, settings.resamples]

    def make() -> Made:
        return Made((), call(_moved, run.folder, step, settings, run.seed, taught, models[0][1], name, model))

    return run.task(f"{step}/drift/{number:02d}", wanted, [models[0][2], digest, base.digest, *tasks], make)


def _moved(
    folder: Path, step: str, settings: EvaluateSettings, seed: int, taught: list[str], base: str, name: str, model: str
) -> dict[str, Any]:
    from train.evaluation.drift import measure, said_by

    scores = pl.read_parquet(folder / _path(step, "00.parquet"))
    items, _ = _items(settings, seed)
    said = said_by(scores, items, taught, settings.drift)
    with waiting(f"{step}: measuring how far {name} has moved"):
        return {"model": name, **vars(measure(Path(base), Path(model), said, settings.resamples, seed))}
