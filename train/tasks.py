"""Task files: what a model is asked before and after training, and how its answer is scored."""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation import tables
from curation.errors import InputError

GENERATED = ("exact_match", "contains", "rouge_l", "refusal", "no_refusal")  # metrics of a generated answer
SCORED = ("choice", "bits_per_byte")  # metrics of the likelihood of given text
METRICS = (*GENERATED, *SCORED)
Prompt = str | tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Task:
    """One item of a task.

    Attributes:
        id: unique within the task.
        task: name of the task that it belongs to.
        metric: one of `METRICS`.
        prompt: raw text, or turns of (role, content) for the chat template; empty for `bits_per_byte`.
        references: right answers, of which the best match counts; for `bits_per_byte` the text itself; for `refusal`
            and `no_refusal` phrases by which a refusal is known.
        choices: of `choice`, all answers to choose from, the references among them.
        source: items of one source are not independent of each other; unset, the item's own.
        cluster: number of the cluster that the item belongs to, where there are any.
    """

    id: str
    task: str
    metric: str
    prompt: Prompt
    references: tuple[str, ...]
    choices: tuple[str, ...] = ()
    source: str | None = None
    cluster: int | None = None


def load_tasks(paths: Iterable[Path]) -> list[Task]:
    """Read task files, JSON Lines (also .gz): `{id, task, prompt, references, metric, choices?, source?, cluster?}`.

    `prompt` is a string or a list of `{role, content}`; a single reference may stand without a list; `text` may stand
    for `references` under `bits_per_byte`; without `task` the file's name (to its first dot) is the task's.

    Raises:
        InputError: naming file, line and key for what is missing, of another type or not known, and for an item that
            comes twice in a task.
    """
    tasks: list[Task] = []
    seen: dict[tuple[str, str], str] = {}
    for path in map(Path, paths):
        for where, record in _records(path):
            item = _task(where, record, path.name.split(".")[0])
            if (first := seen.setdefault((item.task, item.id), where)) != where:
                raise InputError(f"{where}: item {item.id!r} of task {item.task!r} stands in {first} already")
            tasks.append(item)
    return tasks


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise InputError(f"{path}: no such task file")
    empty = True
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                where = f"{path}, line {number}"
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise InputError(f"{where}: not JSON ({error.msg}), expected an object") from error
                if not isinstance(record, dict):
                    raise InputError(f"{where}: found {type(record).__name__}, expected a JSON object")
                empty = False
                yield where, record
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise InputError(f"{path}: not a whole gzip file ({error})") from error
    if empty:
        raise InputError(f"{path}: the file has no items, expected one a line")


def _task(where: str, record: dict[str, Any], file_task: str) -> Task:
    metric = record.get("metric")
    if metric not in METRICS:
        raise InputError(f"{where}: 'metric' is {metric!r}, expected one of {', '.join(METRICS)}")
    references = _texts(where, record, "text" if metric == "bits_per_byte" and "text" in record else "references")
    prompt = () if metric == "bits_per_byte" else _prompt(where, record.get("prompt"))
    choices = _texts(where, record, "choices") if metric == "choice" else ()
    missing = [reference for reference in references if choices and reference not in choices]
    if missing:
        raise InputError(f"{where}: reference {missing[0]!r} is not among 'choices'")
    name, identity = record.get("task", file_task), record.get("id")
    identity = str(identity) if isinstance(identity, int) else identity
    if identity is None:
        identity = tables.fingerprint([prompt, references])
    for key, value in (("task", name), ("id", identity)):
        if not isinstance(value, str) or not value:
            raise InputError(f"{where}: {key!r} is {value!r}, expected text")
    source, cluster = record.get("source"), record.get("cluster")
    if source is not None and not isinstance(source, str):
        raise InputError(f"{where}: 'source' is {source!r}, expected text")
    if cluster is not None and not isinstance(cluster, int):
        raise InputError(f"{where}: 'cluster' is {cluster!r}, expected a whole number")
    return Task(identity, name, metric, prompt, references, choices, source, cluster)


def _texts(where: str, record: dict[str, Any], key: str) -> tuple[str, ...]:
    value = record.get(key)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise InputError(f"{where}: {key!r} is {value!r}, expected a text or a list of texts")
    return tuple(texts)


def _prompt(where: str, value: Any) -> Prompt:
    if isinstance(value, str) and value:
        return value
    turns = value if isinstance(value, list) else []
    roles = [(turn.get("role"), turn.get("content")) for turn in turns if isinstance(turn, dict)]
    said = [(role, content) for role, content in roles if isinstance(role, str) and isinstance(content, str)]
    if not turns or len(said) < len(turns):
        raise InputError(f"{where}: 'prompt' is {value!r}, expected a text or a list of {{role, content}}")
    return tuple(said)
