"""Documents that hold items of evaluation sets, dropped."""

from functools import lru_cache, partial
from pathlib import Path

import polars as pl

from curation.decontaminate import contamination, items
from curation.decontaminate.contamination import Contamination, ContaminationOptions

from ...digests import FileDigests
from ...run import Made, Work
from ...settings import DecontaminateSettings
from . import drops
from .shelf import Curation, Shelf

ITEMS = "evaluation-items"  # file of work/


def drop_contaminated(job: Curation, pending: drops.Pending, settings: DecontaminateSettings) -> None:
    """Drop documents that hold an item of the evaluation files; see `curation.decontaminate`."""
    digests = FileDigests(job.run)
    paths = [Path(path) for path in settings.files]
    inputs = tuple(digests.of(file) for path in paths for file, _ in items.rows.files_of(path))
    config = settings.model_dump(mode="json", include={"fields"})
    gather = Work(f"{job.step}/{ITEMS}", [ITEMS, config], inputs, _items, (job.shelf, paths, settings.fields))
    job.carry_out([gather], "evaluation items", "files")
    file = job.shelf.path("work", ITEMS)
    find = partial(_contaminated, str(job.run.folder / file), job.digests[file])
    ngrams = settings.model_dump(mode="json")["ngrams"]
    drops.drop_rows(job, pending, "decontaminate", [job.digests[file], ngrams], find, settings.ngrams)


def _items(shelf: Shelf, paths: list[Path], fields: tuple[str, ...] | None) -> Made:
    found = items.items(paths, fields)
    return Made((shelf.save(found, "work", ITEMS),), {"items": found.height})


@lru_cache(1)  # building it takes as long as a partition; a process keeps it for all it is given
def _index(file: str, digest: str, options: ContaminationOptions) -> Contamination:
    return Contamination.build(pl.read_parquet(file), options)


def _contaminated(
    file: str, digest: str, documents: pl.DataFrame, options: ContaminationOptions, threads: int | None
) -> pl.DataFrame:  # fmt: skip
    return contamination.decontaminate(documents, _index(file, digest, options), threads)
