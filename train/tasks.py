"""Task files: what a model is asked before and after training, and how its answer is scored."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation import tables
from curation.errors import InputError
from curation.readers import rows

GENERATED = ("verbatim", "exact_match", "contains", "rouge_l", "refusal", "no_refusal")  # metrics of a generated answer
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
    """Read task files: rows of `{id, task, prompt, references, metric, choices?, source?, cluster?}`.

    Files are JSON Lines, arrays of JSON or Parquet (`curation.readers.rows`), in which a null is a key left out.
    `prompt` is a string or a list of `{role, content}`; a single reference may stand without a list; `text` may stand
    for `references` under `bits_per_byte`; without `task` the file's name (to its first dot) is the task's.

    Raises:
        InputError: naming file, line and key for what is missing, damaged, of another type or not known, and for an
            item that comes twice in a task.
    """
    tasks: list[Task] = []
    seen: dict[tuple[str, str], str] = {}
    for path in map(Path, paths):
        for number, record in rows.sound_records(path):
            where = rows.where(path, number)
            given = {key: value for key, value in record.items() if value is not None}
            item = _task(where, given, path.name.split(".")[0])
            if (first := seen.get((item.task, item.id))) is not None:
                raise InputError(f"{where}: item {item.id!r} of task {item.task!r} stands in {first} already")
            seen[item.task, item.id] = where
            tasks.append(item)
    return tasks


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
