"""Task files: what a model is asked before and after training, and how its answer is scored."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation import tables
from curation.checks import typed, typed_spec
from curation.errors import InputError
from curation.metrics import text as metrics
from curation.readers import rows

MATCHED: Mapping[str, Callable[[str, str], float]] = {  # scores of an answer (second) against a reference, 0..1
    "verbatim": metrics.verbatim,
    "exact_match": metrics.exact_match,
    "first_word": metrics.first_word,
    "contains": metrics.contains,
    "rouge_l": lambda reference, answer: metrics.rouge_l(reference, answer).f,
}
GENERATED = (*MATCHED, "check", "refusal", "no_refusal")  # metrics of a generated answer
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
        right = sum(option in self.references for option in options) or 1
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
    choices = _choices(where, record, references) if metric == "choice" else ()
    _matchable(where, metric, references)
    if check is not None:
        _checkable(where, check, references)
    name, identity = record.get("task", file_task), record.get("id")
    identity = str(identity) if type(identity) is int else identity  # a bool is none
    if identity is None:
        identity = tables.fingerprint([prompt, references])
    for key, value in (("task", name), ("id", identity)):
        if not isinstance(value, str) or not value.strip() or any(sign < " " for sign in value):
            raise InputError(f"{where}: {key!r} is {value!r}, expected text on one line")
    source, cluster = record.get("source"), record.get("cluster")
    if source is not None and not isinstance(source, str):
        raise InputError(f"{where}: 'source' is {source!r}, expected text")
    if cluster is not None and (isinstance(cluster, bool) or not isinstance(cluster, int) or cluster < 0):
        raise InputError(f"{where}: 'cluster' is {cluster!r}, expected a whole number of 0 or more")
    return Task(identity, name, metric, prompt, references, choices, source, cluster, check), split


def _references(where: str, record: dict[str, Any], metric: str, check: Check | None) -> tuple[str, ...]:
    """Right answers; none of a refusal that the house's own phrases know, nor where a pattern stands for them."""
    known = metric in ("refusal", "no_refusal") or (check is not None and check.pattern is not None)
    if known and "references" not in record:
        return ()
    return _texts(where, record, "text" if metric == "bits_per_byte" and "text" in record else "references")


def _choices(where: str, record: dict[str, Any], references: tuple[str, ...]) -> tuple[str, ...]:
    """What is chosen among, the right ones and a wrong one. A public set (ARC) has the same choice twice."""
    choices = _texts(where, record, "choices")
    missing = [reference for reference in references if reference not in choices]
    if missing:
        raise InputError(f"{where}: reference {missing[0]!r} is not among 'choices'")
    if set(choices) <= set(references):
        raise InputError(f"{where}: 'choices' is {list(choices)!r:.200}, expected a wrong one among them")
    return choices


def _matchable(where: str, metric: str, references: tuple[str, ...]) -> None:
    """Refuse a reference that itself would not be right, or that an empty answer would match."""
    matches = metrics.contains if metric in ("refusal", "no_refusal") else MATCHED.get(metric)
    if matches is None:
        return
    for reference in references:
        if matches(reference, reference) < 1.0 or matches(reference, "") > 0.0:
            raise InputError(f"{where}: reference {reference!r} has nothing that {metric!r} could match")


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
    if isinstance(value, str) and (value.strip() or (empty and not value)):
        return value
    turns = value if isinstance(value, list) else []
    roles = [(turn.get("role"), turn.get("content")) for turn in turns if isinstance(turn, dict)]
    said = [(role, content) for role, content in roles if isinstance(role, str) and isinstance(content, str)]
    if not turns or len(said) < len(turns):
        raise InputError(f"{where}: 'prompt' is {value!r}, expected a text or a list of {{role, content}}")
    if said[-1][0] == "assistant":
        raise InputError(f"{where}: 'prompt' ends with a turn of the assistant, expected one that asks it to answer")
    return tuple(said)
