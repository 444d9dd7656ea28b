"""Two answers to one prompt, to be judged side by side: preference rows, or two files of answers to equal prompts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from curation import languages, storage, tables
from curation.errors import InputError
from curation.readers import rows as files_of_rows
from curation.review import sampling
from curation.review.sampling import SampleOptions

from .deck import CARDS, Drawn

PAIRS = pl.Schema({"row_id": pl.String, "prompt": pl.String, "text": pl.String, "other": pl.String})


def sides_of(paths: Sequence[Path]) -> tuple[str, str]:
    """Names of the two sides: the columns of preference rows, or the two files.

    Raises:
        InputError: for none, or more than two files.
    """
    if len(paths) == 1:
        return "chosen", "rejected"
    if len(paths) != 2:
        raise InputError(f"--pairs: found {len(paths)} files, expected one of preference rows or two of answers")
    first, second = (path.name or str(path) for path in paths)
    return (first, second) if first != second else (str(paths[0]), str(paths[1]))


def state(paths: Sequence[Path]) -> str:
    """Fingerprint of the files' bytes."""
    found = [[name, storage.digest(file)] for path in paths for file, name in files_of_rows.files_of(path)]
    return tables.fingerprint(found)


def draw(paths: Sequence[Path], options: SampleOptions) -> Drawn:
    """A random sample of pairs.

    Raises:
        InputError: for a damaged row, one without the columns, or two files with no prompt in common.
    """
    pairs, facts = _preferences(paths[0]) if len(paths) == 1 else _joined(paths)
    rows = tables.complete(pairs.select("row_id").with_columns(kept=pl.lit(True)), sampling.ROWS)
    sample = sampling.draw(rows, options).with_columns(kept=pl.lit(None, pl.Boolean), stratum=pl.lit("pairs"))
    cards = sample.join(pairs, on="row_id", how="left", maintain_order="left").with_columns(question=pl.lit("pair"))
    named = languages.assign(cards.with_columns(lang=pl.lit(None, pl.String)))
    return Drawn(tables.complete(named, CARDS), facts)


def _preferences(path: Path) -> tuple[pl.DataFrame, Mapping[str, Any]]:
    made = [
        (prompt, _words(row, "chosen", where), _words(row, "rejected", where)) for prompt, row, where in _rows(path)
    ]
    return _numbered(made), {"pairs": len(made)}


def _joined(paths: Sequence[Path]) -> tuple[pl.DataFrame, Mapping[str, Any]]:
    """Rows of two files with the same prompt; where it is there several times, the first with the first and so on."""
    answers: list[dict[tuple[str, int], str]] = []
    for path in paths:
        seen: Counter[str] = Counter()
        found: dict[tuple[str, int], str] = {}
        for prompt, row, where in _rows(path):
            found[prompt, seen[prompt]] = _words(row, "completion", where)
            seen[prompt] += 1
        answers.append(found)
    first, second = answers
    shared = [key for key in first if key in second]
    if not shared:
        raise InputError(f"{paths[0]} and {paths[1]}: found no prompt in both, expected answers to the same prompts")
    differing = [key for key in shared if first[key] != second[key]]
    if not differing:
        raise InputError(f"{paths[0]} and {paths[1]}: all answers are the same; there is nothing to compare")
    facts = {
        "pairs": len(differing),
        "same answer on both sides": len(shared) - len(differing),
        "prompts in one file only": len(first) + len(second) - 2 * len(shared),
    }
    return _numbered([(key[0], first[key], second[key]) for key in differing]), facts


def _numbered(made: Sequence[tuple[str, str, str]]) -> pl.DataFrame:
    """Pairs with an id of their content, and of how often it came before: independent of the order of rows."""
    seen: Counter[tuple[str, str, str]] = Counter()
    rows = []
    for pair in made:
        rows.append((tables.fingerprint([*pair, seen[pair]]), *pair))
        seen[pair] += 1
    return pl.DataFrame(rows, schema=PAIRS, orient="row")


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Prompt, row and place of every row at a path."""
    for file, _ in files_of_rows.files_of(path):
        for number, row in files_of_rows.sound_records(file):
            where = files_of_rows.where(file, number)
            yield _words(row, "prompt", where), row, where


def _words(row: Mapping[str, Any], column: str, where: str) -> str:
    """A text, or the turns of a conversation as text, each but a lone one under its role."""
    value = row.get(column)
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        turns = [
            (turn["role"], turn["content"])
            for turn in value
            if isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("content"), str)
        ]
        if len(turns) == len(value):
            return turns[0][1] if len(turns) == 1 else "\n\n".join(f"{role}: {content}" for role, content in turns)
    found = f"found no {column!r}" if value is None else f"found {column!r} of another form"
    raise InputError(f"{where}: {found}, expected a text or a list of turns with role and content")
