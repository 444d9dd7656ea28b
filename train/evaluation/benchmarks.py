"""Public test sets of general knowledge in their own files, read as items of task files."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from curation.errors import InputError
from curation.readers import rows

Record = dict[str, Any]


def read(path: Path, name: str | None = None) -> Iterator[Record]:
    """The records of a test set as rows of a task file, in order.

    Known by their keys, prompts as lm-eval has them: BLiMP (`sentence_good`, `sentence_bad`; which whole sentence is
    likelier, items of one phenomenon being one source), LAMBADA (`context`, `continuation`; the first word generated),
    ARC, PIQA and COPA as `query`, `choices` and `gold` (the likeliest choice), KoBEST BoolQ (`Text`, `Question`,
    `Answer`; 예 or 아니오) and KoBEST COPA (`sentence`, `question`, `1`, `2`, `Answer`; the likelier sentence).

    Args:
        path: JSON Lines or Parquet, perhaps compressed.
        name: of the task; the file's name to its first dot unless given.

    Raises:
        InputError: for a record of none of these forms, naming file, line and keys.
    """
    task = name or path.name.split(".")[0]
    for number, record in rows.sound_records(path):
        where = rows.where(path, number)
        for keys, convert in FORMS.items():
            if all(key in record for key in keys):
                yield {"id": str(number), "task": task, **convert(_texts(record, keys, where), where)}
                break
        else:
            forms = "; ".join(", ".join(keys) for keys in FORMS)
            raise InputError(
                f"{where}: found the keys {', '.join(map(repr, record))}, expected those of one of: {forms}"
            )


def size(row: Record) -> int:
    """Bytes of an item's prompt with its longest answer, in UTF-8: at most so many tokens, beside the start token."""
    return len(row["prompt"].encode()) + max(len(text.encode()) for text in row.get("choices") or row["references"])


def _blimp(record: Record, where: str) -> Record:
    good, bad = record["sentence_good"], record["sentence_bad"]
    return {**_choice("", [good, bad], 0, where), "source": record.get("UID")}


def _lambada(record: Record, where: str) -> Record:
    return {
        "prompt": record["context"].rstrip(),
        "references": [record["continuation"].strip()],
        "metric": "first_word",
    }


def _query(record: Record, where: str) -> Record:
    query, choices = record["query"], record["choices"]
    if not isinstance(choices, list) or not all(isinstance(choice, str) and choice.strip() for choice in choices):
        raise InputError(f"{where}: 'choices' is {choices!r:.200}, expected a list of texts")
    prompt = f"{query.rstrip()}\nAnswer:" if query.startswith("Question:") else query.rstrip()
    return _choice(prompt, [f" {choice.strip()}" for choice in choices], record["gold"], where)


def _kobest_boolq(record: Record, where: str) -> Record:
    answer = str(record["Answer"]).strip().lower()  # the published files also have TRUE and FALSE
    if answer not in ("true", "false"):
        raise InputError(f"{where}: 'Answer' is {record['Answer']!r}, expected True or False")
    prompt = f"{record['Text'].strip()} 질문: {record['Question'].strip()} 답변:"
    return {**_choice(prompt, [" 아니오", " 예"], int(answer == "true"), where), "source": record["Text"].strip()[:200]}


def _kobest_copa(record: Record, where: str) -> Record:
    joined = {"원인": "왜냐하면", "결과": "그래서"}.get(record["question"].strip())
    if joined is None or str(record["Answer"]) not in ("1", "2"):
        found = f"{record['question']!r} and {record['Answer']!r}"
        raise InputError(f"{where}: 'question' and 'Answer' are {found}, expected 원인 or 결과, and 1 or 2")
    prompt = f"{record['sentence'].strip()} {joined}"
    return _choice(prompt, [f" {record[key].strip()}" for key in "12"], int(record["Answer"]) - 1, where)


def _choice(prompt: str, choices: list[str], gold: Any, where: str) -> Record:
    if isinstance(gold, bool) or not isinstance(gold, int) or not 0 <= gold < len(choices):
        raise InputError(f"{where}: 'gold' is {gold!r}, expected the place of one of {len(choices)} choices, from 0")
    return {"prompt": prompt, "references": [choices[gold]], "choices": choices, "metric": "choice"}


def _texts(record: Record, keys: tuple[str, ...], where: str) -> Record:
    """The record, where the values that are to be texts are."""
    for key in keys:
        if key not in ("choices", "gold", "Answer") and not (isinstance(record[key], str) and record[key].strip()):
            raise InputError(f"{where}: {key!r} is {record[key]!r:.200}, expected a text")
    return record


FORMS: Mapping[tuple[str, ...], Callable[[Record, str], Record]] = {
    ("sentence_good", "sentence_bad"): _blimp,
    ("context", "continuation"): _lambada,
    ("query", "choices", "gold"): _query,
    ("Text", "Question", "Answer"): _kobest_boolq,
    ("sentence", "question", "1", "2", "Answer"): _kobest_copa,
}
