"""What of a run can be reviewed: every kept and dropped row with its rule, and how near it was to a threshold."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from curation import languages, tables
from curation.errors import InputError
from curation.review import sampling

from ..run import read_manifest
from ..step_names import composed

SENSITIVE = "sensitive."  # what the names of scores of sensitive topics begin with
ROWS = pl.Schema({**sampling.ROWS, "file": pl.String(), "record": pl.Int64(), "duplicate_of": pl.String()})
TABLES = ("documents", "dropped", "ledger", "scores")


def step_of(run: Path, wanted: str | None) -> str:
    """The curate step to review: the one that is named, else the only one.

    Raises:
        InputError: when the folder is no run, has no such step, or has several and none is named.
    """
    if not (run / "manifest.jsonl").is_file():
        raise InputError(f"{run}: found no manifest.jsonl, expected the folder of a run")
    steps = sorted(folder.name for folder in (run / "documents").glob("*") if _files(run, "documents", folder.name))
    if not steps:
        raise InputError(f"{run}: found no documents, expected a run with a finished curate step")
    wanted = None if wanted is None else composed(wanted)
    if wanted is None and len(steps) == 1:
        return steps[0]
    if wanted not in steps:
        found = f"found the step {wanted!r}" if wanted is not None else "found several curate steps"
        raise InputError(f"{run}: {found}, expected --step with one of {', '.join(steps)}")
    return wanted


def state(run: Path, step: str) -> str:
    """Fingerprint of what a step decided: of its documents, dropped rows, ledger and scores."""
    wanted = tuple(f"{table}/{step}/" for table in TABLES)
    outputs = {
        path: value
        for record in read_manifest(run / "manifest.jsonl").values()
        for path, (_, value) in record.outputs.items()
        if path.startswith(wanted)
    }
    return tables.fingerprint(sorted(outputs.items()))


def rows(run: Path, step: str) -> tuple[pl.DataFrame, int]:
    """Every row of a step that has a text, and the number of damaged records, which have none.

    Returns:
        Schema `ROWS`: the narrow columns only, since all partitions are in memory at once.

    Raises:
        InputError: when the texts of dropped rows were not kept.
    """
    kept = _scan(run, "documents", step, ["doc_id", "file", "record"])
    ledger = _scan(run, "ledger", step, tables.LEDGER.names()).filter(pl.col("action") == "drop")
    damaged = ledger["row_id"].null_count()
    drops = ledger.filter(pl.col("row_id").is_not_null() & (pl.col("table") == "documents"))
    texts = _scan(run, "dropped", step, ["doc_id"])
    lacking = drops.join(texts, left_on="row_id", right_on="doc_id", how="anti").height
    if lacking:
        raise InputError(
            f"{run}: found no text of {lacking} of {drops.height} dropped rows in dropped/{step}, expected all of them;"
            " start the curate command again without --no-keep-dropped"
        )
    scores = _scores(run, step)
    sensitive = [name for name in scores.columns if name.startswith(SENSITIVE)]
    topics = scores.select(
        "row_id", (pl.max_horizontal(sensitive) if sensitive else pl.lit(None)).cast(pl.Float64).alias("sensitive")
    )
    fates = pl.concat(
        [
            kept.select(pl.col("doc_id").alias("row_id"), "file", "record", kept=True),
            drops.select("row_id", "file", "record", "rule", "duplicate_of", kept=False),
        ],
        how="diagonal",
    )
    measured = _closeness(kept["doc_id"], drops, scores)
    found = fates.join(measured, on="row_id", how="left", maintain_order="left")
    found = tables.complete(found.join(topics, on="row_id", how="left", maintain_order="left"), ROWS)
    return tables.check(found, ROWS, "row_id"), damaged


def texts(run: Path, step: str, ids: Iterable[str]) -> pl.DataFrame:
    """Texts of rows, kept or dropped: `row_id`, `text`, `lang` (by script and function words where it is null)."""
    wanted = sorted(set(ids))
    parts = [
        _scan(run, table, step, ["doc_id", "text", "lang"], wanted).select(
            pl.col("doc_id").alias("row_id"), "text", "lang"
        )
        for table in ("documents", "dropped")
    ]
    return languages.assign(pl.concat(parts))


def _files(run: Path, table: str, step: str) -> list[Path]:
    return sorted((run / table / step).rglob("*.parquet"))


def _scan(run: Path, table: str, step: str, columns: list[str], ids: list[str] | None = None) -> pl.DataFrame:
    """Columns of a table of a step, or those of the documents with the given ids; no rows where it has no files."""
    schema = tables.LEDGER if table == "ledger" else tables.DOCUMENTS
    found = [tables.empty(pl.Schema({name: schema[name] for name in columns}))]
    for file in _files(run, table, step):
        scan = pl.scan_parquet(file, glob=False)
        found.append((scan if ids is None else scan.filter(pl.col("doc_id").is_in(ids))).select(columns).collect())
    return pl.concat(found)


def _scores(run: Path, step: str) -> pl.DataFrame:
    """All scores of a step, a row a document: files with equal columns below, others beside each other."""
    groups: dict[tuple[str, ...], list[pl.DataFrame]] = {}
    for file in _files(run, "scores", step):
        frame = pl.read_parquet(file, glob=False)
        if "doc_id" not in frame.columns:
            continue
        numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
        groups.setdefault(tuple(numbers), []).append(frame.select("doc_id", pl.col(numbers).cast(pl.Float64)))
    found = pl.DataFrame(schema={"doc_id": pl.String})
    for _, frames in sorted(groups.items()):
        found = found.join(pl.concat(frames), on="doc_id", how="full", coalesce=True)
    return found.rename({"doc_id": "row_id"})


def _closeness(kept: pl.Series, drops: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """How near rows are to a threshold: kept ones to that of any rule that dropped, dropped ones to their own rule's.

    Thresholds are those in the ledger: what was in force, whatever the recipe says by now.
    """
    known = drops.filter(pl.col("threshold").is_finite())
    bounds = {str(rule): part["threshold"].unique().sort().to_list() for (rule,), part in known.group_by("rule")}
    parts = [sampling.to_thresholds(scores, bounds).filter(pl.col("row_id").is_in(kept.implode()))]
    for (rule,), part in drops.group_by("rule"):
        if str(rule) in scores.columns and str(rule) in bounds:
            one = sampling.to_thresholds(scores.select("row_id", str(rule)), {str(rule): bounds[str(rule)]})
            parts.append(one.join(part.select("row_id"), on="row_id", how="semi"))
        else:  # a global stage, whose similarity stands in the ledger alone
            parts.append(part.select("row_id", (pl.col("value") - pl.col("threshold")).abs().alias("closeness")))
    return pl.concat(parts)
