"""Finished evaluations read together: of runs, tables and lm-eval, and what was planned before they had scores."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from curation import storage, tables
from curation.errors import InputError
from train.evaluation import harness

from .comparison import Asked, compared
from .evaluate import PLAN

SAME = 1e-3  # between two measurements of one model: the last bits of a likelihood may differ from run to run
EXPECTED = "a run, a table of an evaluation, or NAME=FOLDER of lm-eval's samples"


@dataclass
class Evaluations:
    """Tables of several evaluations as one, and their plans.

    Attributes:
        scores: `tables.EVALUATION`, models in the order in which they were given, no row twice.
        plans: of each evaluation that could have one, null where nothing was planned.
        unplanned: whether there are scores of lm-eval that name no margin: nothing shows when one was set for them.
        chance: score of guessing, by task.
        ignored: metrics of lm-eval that are no scores of 0..1, by task.
    """

    scores: pl.DataFrame
    plans: list[dict[str, Any] | None] = field(default_factory=list)
    unplanned: bool = False
    chance: dict[str, float] = field(default_factory=dict)
    ignored: dict[str, list[str]] = field(default_factory=dict)


def read(named: Sequence[str]) -> Evaluations:
    """Evaluations by their paths: a run folder, a step's folder in it, a Parquet file, or NAME=FOLDER of lm-eval.

    A model that was measured with the same scores in several of them counts once.

    Raises:
        InputError: for a path that holds no evaluation, or a model that scored otherwise in two of them under one seed.
    """
    frames: list[pl.DataFrame] = []
    found = Evaluations(tables.empty(tables.EVALUATION))
    for text in named:
        name, equals, rest = text.partition("=")
        path = Path(text)
        if equals and not path.exists():
            path = Path(rest)
        samples = harness.samples_of(path) if path.is_dir() else []
        if samples:
            frames += _harness(samples, name if equals else path.name, found)
            continue
        for folder in _folders(path, text):
            frames.append(_table(folder))
            found.plans.append(_plan(folder / PLAN))
    asked: dict[str, str] = {}
    for before in found.plans:
        found.chance |= (before or {}).get("chance") or {}
        for task, items in ((before or {}).get("asked") or {}).items():
            if asked.setdefault(task, items) != items:
                raise InputError(f"task {task!r} was asked otherwise in two of the evaluations, expected the same "
                                 "items, shots and longest answer")  # fmt: skip
    found.scores = _together(frames)
    return found


def _plan(path: Path) -> dict[str, Any] | None:
    """What was fixed before there were scores, null where nothing was."""
    if not path.is_file():
        return None
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: found broken JSON ({error}), expected the plan of an evaluation") from error
    margin = plan.get("margin") if isinstance(plan, dict) else 0
    if margin is not None and not (isinstance(margin, int | float) and 0 < margin < float("inf")):
        raise InputError(f"{path}: found no plan of an evaluation, expected one with a margin above 0, or null")
    return plan


def _harness(samples: list[Path], name: str, found: Evaluations) -> list[pl.DataFrame]:
    frames = []
    for path in samples:
        frame, other = harness.read(path, name)
        task = harness.task_of(path)
        if other:
            found.ignored[task] = other
        if (level := harness.chances(path)) is not None:
            found.chance[task] = level
        frames.append(frame)
        if (margin := harness.margin(path)) is not None:
            found.plans.append({"margin": margin})
        else:
            found.unplanned = True
    return frames


def _folders(path: Path, text: str) -> list[Path]:
    """The places of tables: a file, a folder of Parquet files, or those of every evaluation of a run."""
    if path.is_file() and path.suffix == ".parquet":
        return [path]
    if (path / "evaluation").is_dir():
        path = path / "evaluation"
    steps = [folder for folder in sorted(path.glob("*")) if folder.is_dir() and any(folder.glob("*.parquet"))]
    places = [path] if path.is_dir() and any(path.glob("*.parquet")) else steps
    if not places:
        raise InputError(f"{text}: found no evaluation there, expected {EXPECTED}")
    return places


def _table(path: Path) -> pl.DataFrame:
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    try:
        frame = pl.concat([pl.read_parquet(file) for file in files])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: not readable ({str(error).splitlines()[0]}), expected {EXPECTED}") from error
    return checked(frame, path)


def checked(frame: pl.DataFrame, path: str | Path, expected: str = EXPECTED) -> pl.DataFrame:
    """A table that was read, as `tables.EVALUATION`.

    Raises:
        InputError: naming the place and what was expected there, for a column that is missing or holds something else,
            or a score that is no number.
    """
    missing = [name for name in tables.EVALUATION if name not in frame.columns]
    if missing:
        raise InputError(f"{path}: no column {missing[0]!r}, expected {expected}")
    if frame.is_empty():
        raise InputError(f"{path}: found no score in it, expected {expected}")
    for name, dtype in tables.EVALUATION.items():
        has = frame.schema[name]
        fits = (dtype.is_integer() and has.is_integer()) or (dtype.is_float() and has.is_numeric())
        if not fits and has not in (dtype, pl.Null):  # a cast would make texts of lists and whole numbers of shares
            raise InputError(f"{path}: column {name!r} holds {has}, expected {dtype}")
    unscored = frame.filter(~pl.col("score").cast(pl.Float64).is_finite().fill_null(False))
    if unscored.height:
        row = unscored.row(0, named=True)
        raise InputError(f"{path}: item {row['item']!r} of task {row['task']!r} has the score {row['score']} under "
                         f"model {row['model']!r}, expected a number")  # fmt: skip
    try:
        return frame.select(list(tables.EVALUATION)).cast(tables.EVALUATION)  # type: ignore[arg-type]
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path}: not readable ({str(error).splitlines()[0]}), expected {expected}") from error


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All rows once, whatever step they come from: a base that several runs measured alike is one base."""
    every = pl.concat(frames).with_columns(stage=pl.lit(""))
    keys = ["model", "seed", "task", "item", "metric"]
    spread = pl.col("score").max().over(keys) - pl.col("score").min().over(keys)
    if (unlike := every.filter(spread > SAME)).height:
        row = unlike.row(0, named=True)
        raise InputError(
            f"model {row['model']!r} has two scores of task {row['task']!r}, item {row['item']!r} under seed "
            f"{row['seed']}, expected one; runs of other training seeds are told apart by --seed"
        )
    return every.unique(subset=keys, keep="first", maintain_order=True)


@dataclass(frozen=True)
class Wanted:
    """What the command names; what it leaves open comes from the plans."""

    base: str | None = None
    new_tasks: Sequence[str] = ()
    stages: dict[str, list[str]] = field(default_factory=dict)
    sham: str | None = None
    margin: float | None = None
    resamples: int = 2000
    seed: int = 17


def forgetting(found: Evaluations, wanted: Wanted) -> dict[str, Any]:
    """`comparison.compared` of evaluations read together, under the plan that they share.

    Raises:
        InputError: for a margin that was not fixed before the scores, plans that disagree, or names that are not there.
            Scores of lm-eval that name no margin take any, and the facts say so: `margin_shown` is whether the margin
            is known to have been there first.
    """
    margin = _margin(found, wanted.margin)
    models = found.scores["model"].unique(maintain_order=True).to_list()
    base = wanted.base or models[0]
    if base not in models:
        raise InputError(f"--base: found {base!r}, expected one of the models ({', '.join(models)})")
    order = [base, *(model for model in models if model != base)]
    planned: dict[str, Any] = {}
    for plan in found.plans:
        planned |= {name: value for name, value in (plan or {}).items() if value}
    stages = wanted.stages or planned.get("stages") or {}
    if odd := [name for name in stages if name not in order[1:]]:
        raise InputError(
            f"--stage: found {odd[0]!r}, expected a model after the base ({', '.join(order[1:]) or 'none'})"
        )
    asked = Asked(wanted.new_tasks or planned.get("new_tasks") or (), stages, wanted.sham or planned.get("sham"),
                  margin, found.chance, wanted.resamples, wanted.seed)  # fmt: skip
    facts = compared(found.scores, order, asked)
    seeds = found.scores["seed"].unique().sort().to_list()
    shown = None if margin is None else not found.unplanned
    return {**facts, "margin": margin, "margin_shown": shown, "seeds": seeds, "ignored": found.ignored}


def _margin(found: Evaluations, wanted: float | None) -> float | None:
    """The margin that all plans fixed; one given now must be that, or is one of scores of lm-eval that have no plan.

    A margin chosen when scores are known could be chosen so that the test passes.
    """
    if wanted is not None and not 0 < wanted < float("inf"):
        raise InputError(f"--margin: found {wanted:g}, expected a number above 0")
    if not found.plans:
        return wanted
    fixed = {None if plan is None else plan.get("margin") for plan in found.plans}
    if len(fixed) > 1:
        said = ", ".join(sorted("none" if one is None else f"{one:g}" for one in fixed))
        raise InputError(f"evaluations were planned with several margins ({said}), expected one of them all")
    shared = next(iter(fixed), None)
    if wanted is not None and wanted != shared:
        was = "none" if shared is None else f"{shared:g}"
        raise InputError(f"--margin: found {wanted:g}, and the evaluations fixed {was}, expected a margin that was set "
                         "before there were scores (`keepwise evaluate --margin`, or `lm_eval --metadata "
                         f"{harness.MARGIN}=M`)")  # fmt: skip
    return shared


def write(facts: dict[str, Any], path: Path) -> None:
    """Write the facts as JSON, whole or not at all."""
    storage.write_text(json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n", path)
