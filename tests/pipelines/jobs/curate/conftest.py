"""A curate step in the middle: documents in two partitions of a run folder, scored, ready for its stages."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from curation import tables
from pipelines.executors import InProcess
from pipelines.jobs.curate.drops import Pending, applied
from pipelines.jobs.curate.shelf import Curation, Shelf
from pipelines.run import Made, Run

Step = tuple[Curation, Pending]


def documents(texts: Sequence[str], first: int = 0, meta: Sequence[str] | None = None) -> pl.DataFrame:
    """Table `documents` whose ids are numbers in words of two digits."""
    rows = pl.DataFrame({"text": texts, "meta": meta or ["{}"] * len(texts)}).with_row_index("record", first)
    rows = rows.with_columns(doc_id=pl.col("record").cast(pl.String).str.zfill(2), file=pl.lit("f"), source=pl.lit("s"))
    rows = rows.with_columns(content_id="doc_id", lang=pl.lit("en"), parents=pl.lit([], pl.List(pl.String)))
    return tables.complete(rows, tables.DOCUMENTS)


def write(shelf: Shelf, part: str, rows: pl.DataFrame, scores: pl.DataFrame) -> Made:
    return Made((shelf.save(rows, "work", f"text-{part}"), shelf.save(scores, "scores", part)))


@pytest.fixture
def step(tmp_path: Path):
    """Makes a step of texts, in two partitions, with `doc_id` and any columns of scores beside them."""
    runs: list[Run] = []

    def make(texts: Sequence[str], scores: dict[str, Sequence[float]] | None = None,
             meta: Sequence[str] | None = None) -> Step:  # fmt: skip
        run = Run(tmp_path / f"run{len(runs)}")
        runs.append(run)
        job = Curation(run, "c", InProcess())
        whole = documents(texts, meta=meta)
        scored = whole.select("doc_id").with_columns(
            pl.Series(name, values, pl.Float64) for name, values in (scores or {}).items()
        )
        half = (len(texts) + 1) // 2
        parts = {"00000-00000": (0, half), "00001-00000": (half, len(texts) - half)}
        works = [
            job.work(f"text/{part}", ["test"], [], write, part, whole.slice(*cut), scored.slice(*cut))
            for part, cut in parts.items()
        ]
        job.carry_out(works, "texts")
        return job, Pending("text", list(parts), "date")

    yield make
    for run in runs:
        run.__exit__()


@pytest.fixture
def left() -> Callable[[Step], pl.DataFrame]:
    """The documents of a step as the decisions so far leave them."""

    def of(step: Step) -> pl.DataFrame:
        job, pending = step
        return pl.concat([applied(job.shelf, pending.source, part, pending.decisions).kept for part in pending.parts])

    return of


@pytest.fixture
def ledger() -> Callable[[Step], pl.DataFrame]:
    """The ledger of a step: what is written and what the pending decisions will write."""

    def of(step: Step) -> pl.DataFrame:
        job, pending = step
        files = sorted((job.run.folder / "ledger").rglob("*.parquet"))
        waiting = [applied(job.shelf, pending.source, part, pending.decisions).ledger for part in pending.parts]
        return pl.concat([tables.empty(tables.LEDGER), *map(pl.read_parquet, files), *waiting])

    return of
