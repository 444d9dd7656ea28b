"""The curate job: raw files in; documents, scores, dropped texts and a ledger out, partition by partition.

Row-wise tasks (prepare, score, decide, clean) run on one partition each; global ones (exact, near) read narrow side
tables of all partitions and return decisions; `finish` applies them. Every task conserves rows or stops the run.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from curation import normalise, pii, readers, storage, tables
from curation.dedup import exact, minhash
from curation.errors import InputError
from curation.rules import rule, sets

from ..progress import Advance, track
from ..recipe import CurateSettings
from ..run import FileDigests, Made, Record, Run
from .output import Output

MEGABYTE = 1e6


class Curation:
    """One curate step of a run: where its files are and which tasks belong to it."""

    def __init__(self, run: Run, step: str, settings: CurateSettings) -> None:
        self.run = run
        self.step = step
        self.settings = settings
        self.rules = sets.rules_from(settings.rules)
        self.records: list[Record] = []

    def task(self, name: str, config: Any, inputs: list[str], make: Callable[[], Made]) -> Record:
        """Carry out a task of this step, unless it is done."""
        record = self.run.task(f"{self.step}/{name}", config, inputs, make)
        self.records.append(record)
        return record

    def path(self, kind: str, name: str) -> str:
        """Path of a file of this step, relative to the run folder."""
        return f"{kind}/{self.step}/{name}.parquet"

    def load(self, kind: str, name: str) -> pl.DataFrame:
        """Read a file of this step."""
        return pl.read_parquet(self.run.folder / self.path(kind, name))

    def save(self, frame: pl.DataFrame, kind: str, name: str) -> str:
        """Write a file of this step; its path."""
        path = self.path(kind, name)
        storage.write_parquet(frame, self.run.folder / path)
        return path


def curate(run: Run, step: str, settings: CurateSettings) -> Output:
    """Curate the inputs of a step.

    Raises:
        InputError: for bad input, before anything is decided about it where that is possible.
    """
    job = Curation(run, step, settings)
    parts = _read(job)
    with track(f"{step}: scoring and deciding", len(parts), "partitions") as advance:
        for part in parts:
            _score(job, part)
            _decide(job, part)
            _clean(job, part)
            advance(1)
    dropping = [_exact(job, parts)] if settings.exact is not None else []
    if settings.minhash is not None:
        dropping.append(_near(job, parts, dropping))
    with track(f"{step}: writing documents", len(parts), "partitions") as advance:
        for part in parts:
            _finish(job, part, dropping)
            advance(1)
    run.sweep(step, job.records)
    finished = [record for record in job.records if "/finish/" in record.task]
    if not sum(record.facts["passed"] for record in finished):
        raise InputError(f"{step}: no document is left; see {run.folder / 'ledger' / step} for what dropped them")
    digest = tables.fingerprint([record.digest for record in finished])
    return Output(run.folder / "documents" / step, digest, funnel(job.records))


def funnel(records: list[Record]) -> dict[str, Any]:
    """Sums of what the tasks of a curate step counted: read, damaged, edited, dropped by stage and rule, kept."""
    total: dict[str, Any] = {"records": 0, "damaged": 0, "characters": 0, "edited": {}, "dropped": {}, "passed": 0}
    for record in records:
        facts = record.facts
        total["records"] += facts.get("records", 0)
        total["damaged"] += facts.get("damaged", 0)
        total["characters"] += facts.get("characters", 0)
        for rule_name, count in facts.get("edited", {}).items():
            total["edited"][rule_name] = total["edited"].get(rule_name, 0) + count
        for rule_name, count in facts.get("dropped", {}).items():
            total["dropped"][rule_name] = total["dropped"].get(rule_name, 0) + count
        if "/finish/" in record.task:
            total["passed"] += facts["passed"]
    return total


def _read(job: Curation) -> list[str]:
    """Read every slice, normalise its partitions and store them; the names of the partitions in order."""
    settings = job.settings
    options = readers.ReadOptions(
        text_column=settings.text_column,
        source=settings.source,
        max_damaged=settings.max_damaged,
        strict=settings.strict,
        partition_bytes=settings.partition_mb << 20,
    )
    slices = readers.plan(settings.inputs, options)
    digests = FileDigests(job.run)
    parts: list[str] = []
    counted: dict[str, list[int]] = {}
    megabytes = sum(piece.bytes for piece in slices) / MEGABYTE
    with track(f"{job.step}: reading", megabytes, "MB") as advance:
        for number, piece in enumerate(slices):
            digest = digests.of(Path(piece.path))
            config = ["read", piece.to_json(), _reading(settings)]
            make = partial(_read_slice, job, number, piece, digest, options, advance)
            record = job.task(f"read/{number:05d}", config, [digest], make)
            names = [f"{number:05d}-{part:05d}" for part in range(record.facts["parts"])]
            job.records.extend(job.run.records[f"{job.step}/prepare/{name}"] for name in names)
            parts.extend(names)
            seen = counted.setdefault(piece.path, [0, 0])
            seen[0] += record.facts["read"]
            seen[1] += record.facts["bad"]
    for file, (records, damaged) in counted.items():
        readers.check_damage(file, records, damaged, options)
    return parts


def _reading(settings: CurateSettings) -> dict[str, Any]:
    return settings.model_dump(include={"text_column", "source", "partition_mb", "strict", "max_damaged"})


def _read_slice(
    job: Curation, number: int, piece: readers.Slice, digest: str, options: readers.ReadOptions, advance: Advance
) -> Made:
    outputs: list[str] = []
    records = damaged = parts = 0
    for read in readers.read(piece, options):
        part = f"{number:05d}-{parts:05d}"
        config = ["prepare", piece.to_json(), _reading(job.settings), parts]
        record = job.run.task(f"{job.step}/prepare/{part}", config, [digest], partial(_prepare, job, part, read))
        outputs.extend(record.outputs)
        records += read.records
        damaged += read.records - read.documents.height
        parts += 1
        advance(read.bytes / MEGABYTE, note=f"{records:,} rows of {Path(piece.path).name}")
    return Made(tuple(outputs), {"parts": parts, "read": records, "bad": damaged})


def _prepare(job: Curation, part: str, read: readers.Read) -> Made:
    """Normalise a partition as it was read; damaged records and edits go to the ledger."""
    tables.check(read.documents, tables.DOCUMENTS, "doc_id")
    damaged = read.ledger.filter(pl.col("action") == "drop").height
    tables.conserve(f"{job.step}/read", read.records, read.documents.height, damaged, 0)
    edited = normalise.normalise(read.documents, normalise.Normalisation())
    tables.conserve(f"{job.step}/normalise", read.documents.height, edited.rows.height, 0, 0)
    tables.check(edited.rows, tables.DOCUMENTS, "doc_id")
    ledger = pl.concat([read.ledger, edited.ledger])
    return Made(
        (job.save(edited.rows, "work", f"text-{part}"), job.save(ledger, "ledger", f"read-{part}")),
        {
            "records": read.records,
            "damaged": damaged,
            "characters": int(edited.rows["text"].str.len_chars().sum()),
            "edited": _counts(edited.ledger),
            "dropped": _counts(read.ledger.filter(pl.col("action") == "drop")),
        },
    )


def _score(job: Curation, part: str) -> None:
    """Every score of every row, kept or not, beside the documents."""
    text = job.run.records[f"{job.step}/prepare/{part}"]

    def make() -> Made:
        return Made((job.save(rule.score(job.load("work", f"text-{part}"), job.rules), "scores", part),))

    job.task(f"score/{part}", ["score", rule.definitions(job.rules)], [text.digest], make)


def _decide(job: Curation, part: str) -> None:
    """The first failing rule of each row, from scores alone: moving a threshold reads no text."""
    scores = job.run.records[f"{job.step}/score/{part}"]

    def make() -> Made:
        decisions = rule.decide(job.load("scores", part), job.rules)
        return Made((job.save(decisions, "work", f"decision-{part}"),))

    job.task(f"decide/{part}", ["decide", rule.thresholds(job.rules)], [scores.digest], make)


def _clean(job: Curation, part: str) -> None:
    """Drop what a rule failed, replace personal data in what is left, and note the keys of exact duplicates."""
    inputs = [job.run.records[f"{job.step}/{stage}/{part}"].digest for stage in ("prepare", "decide")]

    def make() -> Made:
        documents = job.load("work", f"text-{part}")
        split = rule.split(documents, job.load("work", f"decision-{part}"), "rules")
        tables.conserve(f"{job.step}/rules", documents.height, split.kept.height, split.ledger.height, 0)
        edited = pii.replace(split.kept, job.settings.personal_data)
        tables.conserve(f"{job.step}/personal_data", split.kept.height, edited.rows.height, 0, 0)
        keys = exact.keys(edited.rows).with_columns(length=edited.rows["text"].str.len_chars())
        outputs = [
            job.save(edited.rows, "work", f"clean-{part}"),
            job.save(keys, "work", f"keys-{part}"),
            job.save(pl.concat([split.ledger, edited.ledger]), "ledger", f"rules-{part}"),
        ]
        if job.settings.keep_dropped:
            outputs.append(job.save(split.dropped, "dropped", f"rules-{part}"))
        return Made(tuple(outputs), {"dropped": _counts(split.ledger), "edited": _counts(edited.ledger)})

    job.task(f"clean/{part}", ["clean", job.settings.personal_data, job.settings.keep_dropped], inputs, make)


def _exact(job: Curation, parts: list[str]) -> str:
    """Decide exact duplicates over all partitions; the name of the decisions."""
    settings = job.settings.exact
    assert settings is not None
    inputs = [job.run.records[f"{job.step}/clean/{part}"].digest for part in parts]

    def make() -> Made:
        side = pl.concat([job.load("work", f"keys-{part}") for part in parts])
        return Made((job.save(exact.decide(side, settings.keep), "work", "exact"),))

    job.task("exact", ["exact", settings.model_dump(mode="json")], inputs, make)
    return "exact"


def _near(job: Curation, parts: list[str], before: list[str]) -> str:
    """Decide near duplicates among the rows that exact dedup kept; the name of the decisions."""
    settings = job.settings.minhash
    assert settings is not None
    options = minhash.MinHashOptions(
        threshold=settings.threshold,
        bands=settings.bands,
        rows=settings.rows,
        seed=settings.seed,
        keep_order=settings.keep,
    )
    config = settings.model_dump(mode="json")
    earlier = [job.run.records[f"{job.step}/{name}"].digest for name in before]

    def survivors(part: str) -> pl.DataFrame:
        documents = job.load("work", f"clean-{part}")
        for name in before:
            documents = documents.join(job.load("work", name), on="doc_id", how="anti", maintain_order="left")
        return documents

    def sketch(part: str) -> Made:
        return Made((job.save(minhash.sketch(survivors(part), options), "work", f"sketch-{part}"),))

    sketched: list[Record] = []
    with track(f"{job.step}: signatures", len(parts), "partitions") as advance:
        for part in parts:
            clean = job.run.records[f"{job.step}/clean/{part}"]
            inputs = [clean.digest, *earlier]
            sketched.append(job.task(f"sketch/{part}", ["sketch", config], inputs, partial(sketch, part)))
            advance(1)

    def decide() -> Made:
        side = pl.concat([job.load("work", f"sketch-{part}") for part in parts])
        candidates = minhash.components(side, options)
        sets_of = pl.concat(
            [minhash.shingle_sets(survivors(part).join(candidates.select("doc_id"), on="doc_id", how="semi",
                                                       maintain_order="left"), options)
             for part in parts])  # fmt: skip
        return Made((job.save(minhash.verify(side, candidates, sets_of, options), "work", "near"),))

    job.task("near", ["near", config], [record.digest for record in sketched], decide)
    return "near"


def _finish(job: Curation, part: str, dropping: list[str]) -> None:
    """Apply the decisions about duplicates to a partition and write its documents."""
    inputs = [job.run.records[f"{job.step}/clean/{part}"].digest]
    inputs += [job.run.records[f"{job.step}/{name}"].digest for name in dropping]
    thresholds = {"exact": 1.0, "near": job.settings.minhash.threshold if job.settings.minhash else None}

    def make() -> Made:
        documents = job.load("work", f"clean-{part}")
        rows_in, ledgers, dropped = documents.height, [], []
        for name in dropping:
            decisions = job.load("work", name)
            gone = documents.join(decisions, on="doc_id", how="inner", maintain_order="left")
            documents = documents.join(decisions, on="doc_id", how="anti", maintain_order="left")
            ledgers.append(_duplicates(gone, name, thresholds[name]))
            dropped.append(gone.select(tables.DOCUMENTS.names()))
        ledger = pl.concat([tables.empty(tables.LEDGER), *ledgers])
        tables.conserve(f"{job.step}/duplicates", rows_in, documents.height, ledger.height, 0)
        tables.check(documents, tables.DOCUMENTS, "doc_id")
        outputs = [job.save(documents, "documents", f"part-{part}"), job.save(ledger, "ledger", f"duplicates-{part}")]
        if job.settings.keep_dropped:
            texts = pl.concat([tables.empty(tables.DOCUMENTS), *dropped])
            outputs.append(job.save(texts, "dropped", f"duplicates-{part}"))
        return Made(tuple(outputs), {"passed": documents.height, "dropped": _counts(ledger)})

    job.task(f"finish/{part}", ["finish", job.settings.keep_dropped, dropping, thresholds], inputs, make)


def _duplicates(gone: pl.DataFrame, name: str, threshold: float | None) -> pl.DataFrame:
    """Ledger rows of dropped duplicates, each naming the document it repeats."""
    cluster = pl.col("cluster_id") if "cluster_id" in gone.columns else pl.lit(None, pl.Int64)
    rows = gone.select(
        row_id="doc_id",
        file="file",
        record="record",
        rule=pl.lit("duplicate.exact" if name == "exact" else "duplicate.minhash"),
        value=pl.col("similarity"),
        threshold=pl.lit(threshold, pl.Float64),
        duplicate_of="duplicate_of",
        similarity="similarity",
        cluster_id=cluster,
    )
    return tables.ledger(rows, "exact" if name == "exact" else "minhash", "drop")


def _counts(ledger: pl.DataFrame) -> dict[str, int]:
    counted = ledger.group_by("rule").len().sort("rule")
    return {str(name): int(count) for name, count in counted.iter_rows()}
