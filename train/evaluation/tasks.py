"""Task files: what a model is asked before and after training, and how its answer is scored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation import tables
from curation.checks import typed, typed_spec
from curation.errors import InputError
from curation.readers import rows

GENERATED = (  # metrics of a generated answer
    "verbatim", "exact_match", "first_word", "contains", "rouge_l", "check", "refusal", "no_refusal",
)  # fmt: skip
SCORED = ("choice", "bits_per_byte")  # metrics of the likelihood of given text
METRICS = (*GENERATED, *SCORED)
SPLITS = ("test", "train")  # what is asked, and what may be shown as a demonstration
Prompt = str | tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Check:
    """How the answers of an item of the metric `check` are checked: see `curation.checks.typed.check`.

    Attributes:
        kind: one of `curation.checks.typed.ANSWER_KINDS`.
        choices: of `choice`, all answers to choose from.
        pattern: of `regex`, in place of a reference.
        tolerance: of `number`, largest absolute difference.
    """

    kind: str
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    tolerance: float = 0.0


@dataclass(frozen=True)
class Task:
    """One item of a task.

    Attributes:
        id: unique within the task.
        task: name of the task that it belongs to.
        metric: one of `METRICS`.
        prompt: raw text, or turns of (role, content) for the chat template; empty for `bits_per_byte`.
        references: right answers, of which the best match counts; for `bits_per_byte` the text itself; for `refusal`
            and `no_refusal` phrases by which a refusal is known, the house's own where there are none.
        choices: of `choice`, all answers to choose from, the references among them.
        source: items of one source are not independent of each other; unset, the item's own.
        cluster: number of the cluster that the item belongs to, where there are any.
        check: of the metric `check`, how the answer is checked.
        stop: texts at which an answer ends.
    """

    id: str
    task: str
    metric: str
    prompt: Prompt
    references: tuple[str, ...]
    choices: tuple[str, ...] = ()
    source: str | None = None
    cluster: int | None = None
    check: Check | None = None
    stop: tuple[str, ...] = ()

    @property
    def chance(self) -> float | None:
        """Score that guessing among the choices has on average, none where there is nothing to guess among."""
        options = self.choices or (self.check.choices if self.check is not None else ())
        right = len(set(self.references) & set(options)) or 1
        return right / len(options) if options else None


def load_tasks(paths: Iterable[Path]) -> list[Task]:
    """Read task files: rows of `{id, task, prompt, references, metric, choices?, source?, cluster?, check?, split?}`.

    Files are JSON Lines, arrays of JSON or Parquet (`curation.readers.rows`), in which a null is a key left out.
    `prompt` is a string or a list of `{role, content}`; a single reference may stand without a list; `text` may stand
    for `references` under `bits_per_byte`; without `task` the file's name (to its first dot) is the task's. Rows whose
    `split` is `train` are not asked: they are demonstrations (`load_demonstrations`).

    Raises:
        InputError: naming file, line and key for what is missing, damaged, of another type or not known, for an
            item that comes twice in a task, and for a file of demonstrations alone.
    """
    tasks: list[Task] = []
    for path, group in _by_file(paths):
        asked = [item for item, split in group if split == "test"]
        if not asked:
            raise InputError(f"{path}: found only rows with split 'train', expected items to ask")
        tasks += asked
    return tasks


def load_demonstrations(tasks: Iterable[Path], shots: Iterable[Path] = ()) -> list[Task]:
    """Items that may be shown as demonstrations: rows of task files whose `split` is `train`, and files of them alone.

    Args:
        tasks: task files, of which the rows with `split` `train` count.
        shots: files of the same form, of which all rows count.

    Raises:
        InputError: as `load_tasks`.
    """
    found = [item for _, group in _by_file(tasks) for item, split in group if split == "train"]
    return found + [item for _, group in _by_file(shots) for item, _ in group]


def chances(tasks: Iterable[Task]) -> dict[str, float]:
    """Mean chance level of each task whose every item has one, by task."""
    found: dict[str, list[float | None]] = {}
    for item in tasks:
        found.setdefault(item.task, []).append(item.chance)
    return {
        task: sum(known) / len(known)
        for task, levels in sorted(found.items())
        if len(known := [level for level in levels if level is not None]) == len(levels)
    }


def _by_file(paths: Iterable[Path]) -> Iterator[tuple[Path, list[tuple[Task, str]]]]:
    seen: dict[tuple[str, str], str] = {}
    for path in map(Path, paths):
        items = []
        for number, record in rows.sound_records(path):
            where = rows.where(path, number)
            given = {key: value for key, value in record.items() if value is not None}
            item, split = _task(where, given, path.name.split(".")[0])
            if (first := seen.get((item.task, item.id))) is not None:
                raise InputError(f"{where}: item {item.id!r} of task {item.task!r} stands in {first} already")
            seen[item.task, item.id] = where
            items.append((item, split))
        yield path, items


def _task(where: str, record: dict[str, Any], file_task: str) -> tuple[Task, str]:
    metric = record.get("metric")
    if metric not in METRICS:
        raise InputError(f"{where}: 'metric' is {metric!r}, expected one of {', '.join(METRICS)}")
    split = record.get("split", "test")
    if split not in SPLITS:
        raise InputError(f"{where}: 'split' is {split!r}, expected one of {', '.join(SPLITS)}")
    check = _check(where, record) if metric == "check" else None
    references = _references(where, record, metric, check)
    prompt = () if metric == "bits_per_byte" else _prompt(where, record.get("prompt"), empty=metric == "choice")
    choices = _texts(where, record, "choices") if metric == "choice" else ()
    missing = [reference for reference in references if choices and reference not in choices]
    if missing:
        raise InputError(f"{where}: reference {missing[0]!r} is not among 'choices'")
    if check is not None:
        _checkable(where, check, references)
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
    return Task(identity, name, metric, prompt, references, choices, source, cluster, check), split


def _references(where: str, record: dict[str, Any], metric: str, check: Check | None) -> tuple[str, ...]:
    """Right answers; none of a refusal that the house's own phrases know, nor where a pattern stands for them."""
    known = metric in ("refusal", "no_refusal") or (check is not None and check.pattern is not None)
    if known and "references" not in record:
        return ()
    return _texts(where, record, "text" if metric == "bits_per_byte" and "text" in record else "references")


def _check(where: str, record: dict[str, Any]) -> Check:
    kind, pattern, tolerance = record.get("check"), record.get("pattern"), record.get("tolerance", 0.0)
    if kind not in typed.ANSWER_KINDS:
        raise InputError(f"{where}: 'check' is {kind!r}, expected one of {', '.join(typed.ANSWER_KINDS)}")
    if (kind == "regex") != (pattern is not None) or not isinstance(pattern, str | None):
        raise InputError(f"{where}: 'pattern' is {pattern!r} for check {kind!r}, expected a text for 'regex' alone")
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 <= tolerance < float("inf"):
        raise InputError(f"{where}: 'tolerance' is {tolerance!r}, expected a number of 0 or more")
    choices = _texts(where, record, "choices") if kind == "choice" else ()
    return Check(kind, choices, pattern, float(tolerance))


def _checkable(where: str, check: Check, references: tuple[str, ...]) -> None:
    """Refuse a reference that no answer could pass."""
    for answer in references if check.pattern is None else (check.pattern,):
        if fault := typed_spec.problem(check.kind, answer, check.choices):
            raise InputError(f"{where}: check {check.kind!r}: {fault}")


def _texts(where: str, record: dict[str, Any], key: str) -> tuple[str, ...]:
    value = record.get(key)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise InputError(f"{where}: {key!r} is {value!r}, expected a text or a list of texts")
    return tuple(texts)


def _prompt(where: str, value: Any, empty: bool = False) -> Prompt:
    if isinstance(value, str) and (value or empty):
        return value
    turns = value if isinstance(value, list) else []
    roles = [(turn.get("role"), turn.get("content")) for turn in turns if isinstance(turn, dict)]
    said = [(role, content) for role, content in roles if isinstance(role, str) and isinstance(content, str)]
    if not turns or len(said) < len(turns):
        raise InputError(f"{where}: 'prompt' is {value!r}, expected a text or a list of {{role, content}}")
    return tuple(said)
