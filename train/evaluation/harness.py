"""What lm-eval measured, as rows of our evaluation table: the samples that `lm_eval --log_samples` writes."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.readers import rows

SHARES = (0.0, 1.0)  # of what is read as a score: right, wrong or between
MARGIN = "keepwise_margin"  # in the metadata that lm-eval was given, which it writes beside its scores
ROLLED = ("bits_per_byte", "byte_perplexity")  # pairs of log-probability and bytes, two views of one measurement


def samples_of(folder: Path) -> list[Path]:
    """The newest samples file of each task below a folder that `lm_eval --output_path` wrote, sorted by task."""
    newest: dict[str, Path] = {}
    for path in sorted(folder.rglob("samples_*.jsonl"), key=lambda path: path.name):
        newest[task_of(path)] = path
    return [newest[task] for task in sorted(newest)]


def read(path: Path, model: str, seed: int = 0) -> tuple[pl.DataFrame, list[str]]:
    """One file of samples: scores of 0..1 and bits per byte; and the names of metrics that are neither.

    lm-eval writes a sample a line: `doc_id`, `target`, `filtered_resps`, `filter`, and each name in `metrics` with its
    value. Of a rolling log-likelihood `bits_per_byte` and `byte_perplexity` are the same pair of log-probability and
    bytes, read once. A filter other than `none` becomes part of the metric's name, as lm-eval itself reports it.

    Args:
        path: `samples_TASK_DATE.jsonl`.
        model: name under which the rows are stored.
        seed: seed of the training run that made the model.

    Returns:
        Schema `tables.EVALUATION`, sorted by item and metric, and the names, sorted.

    Raises:
        InputError: for a line that is no sample of lm-eval, or an item that stands there twice.
    """
    task, found, other = task_of(path), [], set()
    for number, record in rows.sound_records(path):
        where = rows.where(path, number)
        names, filtered = record.get("metrics"), record.get("filter", "none")
        if "doc_id" not in record or not isinstance(names, list) or any(name not in record for name in names):
            raise InputError(f"{where}: found the keys {', '.join(map(repr, record))}, expected a sample of lm-eval: "
                             "doc_id, metrics and each metric by its name")  # fmt: skip
        scored: dict[str, tuple[float, str]] = {}
        for name in names:
            value = _value(name, record[name], record)
            if value is None:
                other.add(str(name))
                continue
            metric, score, said = value
            scored[metric if filtered == "none" else f"{metric},{filtered}"] = (score, said)
        for metric, (score, said) in scored.items():
            item = str(record["doc_id"])
            row = {"model": model, "stage": "", "seed": seed, "task": task, "item": item, "source": f"{task}/{item}"}
            found.append({**row, "metric": metric, "score": score, "prediction": said})
    frame = pl.DataFrame(found, schema=tables.EVALUATION).sort("item", "metric")
    if frame.select("item", "metric").is_duplicated().any():
        twice = frame.filter(frame.select("item", "metric").is_duplicated())["item"][0]
        raise InputError(f"{path}: item {twice!r} stands there twice under a metric, expected each once")
    known = {metric for metric in frame["metric"].unique()}
    return frame, sorted(other - (set(ROLLED) if "bits_per_byte" in known else set()))


def chances(path: Path) -> float | None:
    """Mean chance level of the samples of a choice task: one over the choices of each; none for other tasks."""
    levels = []
    for _, record in rows.sound_records(path):
        arguments = record.get("arguments")
        if not isinstance(arguments, Mapping) or len(arguments) < 2 or "acc" not in record:
            return None
        levels.append(1 / len(arguments))
    return sum(levels) / len(levels) if levels else None


def margin(path: Path) -> float | None:
    """The margin that `lm_eval --metadata keepwise_margin=M` fixed before it had scores; none where it fixed none.

    lm-eval writes its metadata into the configuration of each task, in the results file of the same date.

    Args:
        path: `samples_TASK_DATE.jsonl`.

    Raises:
        InputError: for results that are no JSON, or a margin that is no number above 0.
    """
    task, date = task_of(path), path.stem.rpartition("_")[2]
    for results in sorted(path.parent.glob(f"*_{date}.json")):
        try:
            found = json.loads(results.read_text(encoding="utf-8"))
            metadata = found["configs"][task]["metadata"]
        except ValueError as error:
            raise InputError(f"{results}: found broken JSON ({error}), expected the results of lm-eval") from error
        except (KeyError, TypeError):
            continue
        if not isinstance(metadata, Mapping) or MARGIN not in metadata:
            continue
        value = metadata[MARGIN]
        if not _number(value) or isinstance(value, bool) or value <= 0:
            raise InputError(f"{results}: {MARGIN} of task {task!r} is {value!r}, expected a number above 0")
        return float(value)
    return None


def _value(name: str, value: Any, record: Mapping[str, Any]) -> tuple[str, float, str] | None:
    """A metric's name, score and prediction as our table has them; none for one of another kind."""
    if name in ROLLED:
        if not (isinstance(value, list) and len(value) == 2 and all(map(_number, value)) and value[1] > 0):
            return None
        bits = -value[0] / math.log(2)
        return "bits_per_byte", bits / value[1], tables.canonical_json({"bits": round(bits, 6), "bytes": value[1]})
    if not _number(value) or not SHARES[0] <= value <= SHARES[1]:
        return None
    return name, float(value), tables.canonical_json(record.get("filtered_resps"))


def _number(value: Any) -> bool:
    return isinstance(value, bool | int | float) and math.isfinite(value)


def task_of(path: Path) -> str:
    """The task of `samples_TASK_DATE.jsonl`."""
    return path.name.removeprefix("samples_").rpartition("_")[0] or path.stem
