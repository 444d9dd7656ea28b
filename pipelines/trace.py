"""Where a row came from: its file and record, the rules it passed with their scores, what generated and checked it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from curation.errors import InputError
from curation.rules import sets

from .run import read_manifest

PREFIX = 6  # characters of an id that are enough, when no other id begins with them


@dataclass
class Trace:
    """All that a run knows about one row; parents are traced in turn."""

    id: str
    found_in: list[str] = field(default_factory=list)  # files of the run that hold it
    row: dict[str, Any] = field(default_factory=dict)
    scores: list[dict[str, Any]] = field(default_factory=list)  # rule, score, low, high, passed
    ledger: list[dict[str, Any]] = field(default_factory=list)
    parents: list["Trace"] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The trace as plain values."""
        fields = ("id", "found_in", "row", "scores", "ledger")
        return {**{name: getattr(self, name) for name in fields}, "parents": [p.as_json() for p in self.parents]}


def trace(folder: Path, wanted: str) -> Trace:
    """Trace a document, sample or input row of a run by its id, its content id, or the beginning of either.

    Raises:
        InputError: when the folder is no run, or no row or several rows have the id.
    """
    if not (folder / "manifest.jsonl").is_file():
        raise InputError(f"{folder}: found no manifest.jsonl, expected the folder of a run")
    files = _files(folder)
    identity = _find(folder, files, wanted)
    return _trace(folder, files, identity, set())


def _files(folder: Path) -> list[str]:
    records = read_manifest(folder / "manifest.jsonl")
    paths = {path for record in records.values() for path in record.outputs if path.endswith(".parquet")}
    return sorted(path for path in paths if (folder / path).is_file())


KEYS = ("doc_id", "sample_id", "row_id")  # of documents and scores, samples, ledger and input rows


def _find(folder: Path, files: list[str], wanted: str) -> str:
    """The full id that `wanted` stands for."""
    if len(wanted) < PREFIX:
        raise InputError(f"id {wanted!r} has {len(wanted)} characters, expected at least {PREFIX}")
    found: set[str] = set()
    for path in files:
        if path.startswith("scores/"):
            continue
        names = pl.read_parquet_schema(folder / path)
        scan = pl.scan_parquet(folder / path)
        for key in (name for name in KEYS if name in names):
            found.update(scan.filter(pl.col(key).str.starts_with(wanted)).select(key).collect()[key])
        if "content_id" in names and "doc_id" in names:
            found.update(scan.filter(pl.col("content_id").str.starts_with(wanted)).select("doc_id").collect()["doc_id"])
    if not found:
        raise InputError(f"{folder}: no row has the id {wanted!r}; ids stand in documents/, samples/ and ledger/")
    if len(found) > 1:
        some = ", ".join(sorted(found)[:5])
        raise InputError(f"{folder}: {len(found)} rows have the id {wanted!r}, expected one; some of them: {some}")
    return found.pop()


def _trace(folder: Path, files: list[str], identity: str, seen: set[str]) -> Trace:
    seen.add(identity)
    result = Trace(identity)
    for path in files:
        top = path.split("/")[0]
        names = pl.read_parquet_schema(folder / path)
        key = next((name for name in KEYS if name in names), None)
        if key is None:
            continue
        rows = pl.read_parquet(folder / path).filter(pl.col(key) == identity).to_dicts()
        if not rows:
            continue
        if top == "ledger":
            result.ledger.extend({name: value for name, value in row.items() if value is not None} for row in rows)
        elif top == "scores":
            result.scores.extend(_judged(folder, path.split("/")[1], rows[0]))
        elif top in ("documents", "samples", "dropped") or "/rows" in path:
            result.found_in.append(path)
            result.row.update(_plain(rows[0]))
    for parent in result.row.get("parents") or []:
        if parent not in seen:
            result.parents.append(_trace(folder, files, parent, seen))
    return result


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its JSON columns read."""
    plain = {name: value for name, value in row.items() if value is not None}
    for name in ("generation", "meta"):
        if isinstance(plain.get(name), str):
            plain[name] = json.loads(plain[name])
    return plain


def _judged(folder: Path, step: str, scores: dict[str, Any]) -> list[dict[str, Any]]:
    """Each score beside the thresholds of the run's recipe."""
    recipe = yaml.safe_load((folder / "recipe.yaml").read_text(encoding="utf-8"))
    rules = {rule.name: rule for rule in sets.rules_from(recipe["steps"][step]["rules"])}
    judged = []
    for name, score in scores.items():
        if name in rules and score is not None:
            rule = rules[name]
            passed = (rule.low is None or score >= rule.low) and (rule.high is None or score <= rule.high)
            judged.append({"rule": name, "score": score, "low": rule.low, "high": rule.high, "passed": passed})
    return judged


def lines(found: Trace, indent: int = 0) -> list[str]:
    """The trace in words, a line a fact, parents indented below what was made of them."""
    pad = "  " * indent
    row = found.row
    text = [f"{pad}{found.id}"]
    if "file" in row:
        text.append(f"{pad}  read from {row['file']}, record {row['record']}")
    elif found.ledger and found.ledger[0].get("file"):
        text.append(f"{pad}  read from {found.ledger[0]['file']}, record {found.ledger[0]['record']}")
    if "task" in row:
        tier = f", tier {row['tier']}" if row.get("tier") else ""
        text.append(f"{pad}  sample of task {row['task']}, origin {row.get('origin')}{tier}")
    for place in found.found_in:
        text.append(f"{pad}  stands in {place}")
    for name in ("text", "prompt", "completion"):
        if name in row:
            text.append(f"{pad}  {name}: {_short(row[name])}")
    for score in found.scores:
        bounds = f"{'' if score['low'] is None else score['low']} .. {'' if score['high'] is None else score['high']}"
        state = "passed" if score["passed"] else "FAILED"
        text.append(f"{pad}  rule {score['rule']} = {score['score']:.4g} ({bounds}) {state}")
    for entry in found.ledger:
        text.append(f"{pad}  {_event(entry)}")
    if row.get("generation"):
        text.append(f"{pad}  generated by {json.dumps(row['generation'], ensure_ascii=False)}")
    for check in row.get("checks") or []:
        state = "passed" if check["passed"] else "failed"
        text.append(f"{pad}  check {check['name']} = {check['score']:.4g} (threshold {check['threshold']:.4g}) {state}")
    for parent in found.parents:
        text.extend([f"{pad}  made from", *lines(parent, indent + 2)])
    return text


def _event(entry: dict[str, Any]) -> str:
    """A ledger row in words."""
    words = f"{entry['action']} at stage {entry['stage']} by {entry['rule']}"
    if "value" in entry:
        words += f", value {entry['value']:.4g}"
    if "threshold" in entry:
        words += f", threshold {entry['threshold']:.4g}"
    if "duplicate_of" in entry:
        words += f", duplicate of {entry['duplicate_of']}"
    return words + (f": {entry['detail']}" if entry.get("detail") else "")


def _short(value: Any, limit: int = 160) -> str:
    text = value if isinstance(value, str) else " | ".join(f"{turn['role']}: {turn['content']}" for turn in value)
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
