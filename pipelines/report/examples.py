"""A few rows of a run to look at: chosen by id, which is a hash, so that they are a fair sample and always the same."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from curation import pii

from ..settings import CurateSettings
from .words import said

LIMIT = 420  # characters of a text that the report shows
AROUND = 120  # characters shown before and after replaced personal data
EACH = 2  # examples of each rule, tier and task
MOST = 18  # dropped documents shown of one step

Example = dict[str, Any]


def excerpt(text: str) -> Example:
    """The beginning of a text and the length of all of it."""
    return {"text": text[:LIMIT], "characters": len(text)}


def of_curation(folder: Path, step: str, settings: CurateSettings) -> dict[str, list[Example]]:
    """Dropped documents by rule, pairs of duplicates, damaged records and replaced personal data of a curate step."""
    return {
        "damaged": _damaged(folder, step),
        "dropped": _dropped(folder, step, settings),
        "duplicates": _duplicates(folder, step),
        "edited": _edited(folder, step),
    }


def _scan(folder: Path, step: str, top: str, prefix: str = "") -> pl.LazyFrame | None:
    files = sorted((folder / top / step).glob(f"{prefix}*.parquet"))
    return pl.scan_parquet(files) if files else None


def _rows(scan: pl.LazyFrame | None) -> list[dict[str, Any]]:
    return [] if scan is None else scan.collect().to_dicts()


def _texts(scan: pl.LazyFrame | None, ids: Sequence[str]) -> pl.DataFrame:
    """Documents by id; of no scan, none."""
    if scan is None or not ids:
        return pl.DataFrame(schema={"doc_id": pl.String, "text": pl.String})
    return scan.filter(pl.col("doc_id").is_in(list(ids))).collect()


def _damaged(folder: Path, step: str) -> list[Example]:
    scan = _scan(folder, step, "ledger", "read-")
    if scan is None:
        return []
    some = scan.filter(pl.col("action") == "drop").sort("file", "record", "rule").head(5)
    return [
        {"rule": row["rule"], "file": row["file"], "record": row["record"], "detail": row["detail"] or ""}
        for row in _rows(some)
    ]


def _dropped(folder: Path, step: str, settings: CurateSettings) -> list[Example]:
    """The first ids of every rule; personal data in them is replaced, as it would have been had they gone on."""
    scan = _scan(folder, step, "ledger", "rules-")
    if scan is None:
        return []
    drops = scan.filter(pl.col("action") == "drop").select("row_id", "file", "record", "rule", "value", "threshold")
    some = drops.group_by("rule").agg(pl.all().sort_by("row_id").head(EACH)).sort("rule")
    rows = _rows(some.explode("row_id", "file", "record", "value", "threshold").head(MOST))
    documents = _texts(_scan(folder, step, "dropped", "rules-"), [row["row_id"] for row in rows])
    if documents.height and settings.personal_data:
        documents = pii.replace(documents, settings.personal_data).rows
    texts = dict(zip(documents["doc_id"], documents["text"], strict=True))
    keys = ("rule", "value", "threshold", "file", "record")
    return [{**{key: row[key] for key in keys}, "id": row["row_id"], **_text(texts, row["row_id"])} for row in rows]


def _text(texts: Mapping[str, str], wanted: str) -> Example:
    return excerpt(texts[wanted]) if wanted in texts else {}


def _duplicates(folder: Path, step: str) -> list[Example]:
    """The least alike, a typical and the most alike pair of near duplicates, and an exact one."""
    scan = _scan(folder, step, "ledger")
    if scan is None:
        return []
    pairs = scan.select("row_id", "file", "record", "rule", "duplicate_of", "similarity").sort("similarity", "row_id")
    near = pairs.filter(pl.col("rule") == "duplicate.minhash").collect()
    exact = pairs.filter(pl.col("rule") == "duplicate.exact").head(1).collect()
    places = sorted({0, near.height // 2, near.height - 1}) if near.height else []
    rows = pl.concat([near[places], exact]).to_dicts()
    ids = [row[key] for row in rows for key in ("row_id", "duplicate_of")]
    texts: dict[str, str] = {}
    for top in ("documents", "dropped"):
        found = _texts(_scan(folder, step, top), ids)
        texts.update(zip(found["doc_id"], found["text"], strict=True))
    return [
        {
            "rule": row["rule"],
            "similarity": row["similarity"],
            "file": row["file"],
            "record": row["record"],
            "dropped": {"id": row["row_id"], **_text(texts, row["row_id"])},
            "kept": {"id": row["duplicate_of"], **_text(texts, row["duplicate_of"])},
        }
        for row in rows
    ]


def _edited(folder: Path, step: str) -> list[Example]:
    """Surroundings of personal data that was replaced."""
    scan, documents = _scan(folder, step, "ledger", "rules-"), _scan(folder, step, "documents")
    if scan is None or documents is None:
        return []
    edits = scan.filter((pl.col("action") == "edit") & pl.col("rule").str.starts_with("pii."))
    found = (
        edits.select("row_id", "rule", "file", "record")
        .unique(["row_id", "rule"])
        .join(documents.select("doc_id", "text"), left_on="row_id", right_on="doc_id")
        .group_by("rule")
        .agg(pl.all().sort_by("row_id").head(EACH))
        .sort("rule")
        .explode("row_id", "file", "record", "text")
    )
    examples = []
    for row in _rows(found):
        mark = f"<{row['rule'].split('.')[-1].upper()}>"
        at = row["text"].find(mark)
        if at >= 0:
            start, end = max(0, at - AROUND), at + len(mark) + AROUND
            place = {"rule": row["rule"], "file": row["file"], "record": row["record"], "id": row["row_id"]}
            examples.append({**place, "text": row["text"][start:end], "cut": start > 0})
    return examples


def of_samples(folder: Path, step: str, by: str) -> list[Example]:
    """Samples of a step, some of each value of the column `by`, with the rows they were made from where it has them."""
    scan = _scan(folder, step, "samples")
    if scan is None or not {by, "prompt", "completion"} <= set(scan.collect_schema().names()):
        return []
    some = scan.with_columns(pl.col(by).fill_null("")).collect().sort(by, "sample_id")
    chosen = some.group_by(by, maintain_order=True).head(EACH).to_dicts()
    inputs = _inputs(folder, step)
    return [_sample(row, inputs) for row in chosen]


def _sample(row: Mapping[str, Any], inputs: Mapping[str, str]) -> Example:
    given = next((inputs[parent] for parent in row["parents"] or [] if parent in inputs), None)
    return {
        "id": row["sample_id"],
        "task": row["task"],
        "tier": row["tier"],
        "prompt": excerpt(said(row["prompt"])),
        "reference": None if given is None else excerpt(given),
        "completion": excerpt(said(row["completion"])),
        "checks": row["checks"] or [],
    }


def _inputs(folder: Path, step: str) -> dict[str, str]:
    """Completions of the rows that a step read, by id."""
    completions: dict[str, str] = {}
    for path in sorted((folder / "work" / step).glob("*rows*.parquet")):
        names = pl.read_parquet_schema(path)
        key = next((name for name in ("sample_id", "row_id") if name in names), None)
        if key is not None and "completion" in names:
            for row in pl.read_parquet(path, columns=[key, "completion"]).to_dicts():
                completions[row[key]] = said(row["completion"])
    return completions
