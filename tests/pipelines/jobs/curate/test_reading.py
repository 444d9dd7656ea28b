import json
from pathlib import Path

import polars as pl
import pytest

from curation import readers
from curation.errors import InputError
from pipelines.executors import InProcess
from pipelines.jobs.curate.counts import funnel
from pipelines.jobs.curate.reading import TEXT, options_of, read
from pipelines.jobs.curate.shelf import Curation
from pipelines.run import Run
from pipelines.settings import CurateSettings


def step(run: Run, settings: CurateSettings) -> tuple[Curation, list[str]]:
    job = Curation(run, "c", InProcess())
    return job, read(job, settings, readers.plan(settings.inputs, options_of(settings)))


def test_partitions_hold_normalised_documents_in_order_and_every_record_is_accounted_for(tmp_path: Path):
    lines = [json.dumps({"text": f"line  {n} " + "x" * 400_000}) for n in range(6)]
    lines[2] = "{"
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "b.csv").write_text("text,n\nein Wort,1\n")
    settings = CurateSettings(inputs=(str(tmp_path / "a.jsonl"), str(tmp_path / "b.csv")), partition_mb=1)
    with Run(tmp_path / "run") as run:
        job, parts = step(run, settings)
        rows = pl.concat([job.shelf.load("work", f"{TEXT}-{part}") for part in parts])
        assert len(parts) > 2 and parts == sorted(parts)
        assert [text.split(" x")[0] for text in rows["text"]] == [*(f"line {n}" for n in (0, 1, 3, 4, 5)), "ein Wort"]
        facts = funnel(job.records, ["read"])
        assert (facts["records"], facts["damaged"], facts["stages"]["read"]) == (7, 1, 1)
        again, _ = step(run, settings)
        assert len(run.done) == len(job.records) and again.records == job.records


def test_too_much_damage_stops_the_run(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{\n{\n')
    with Run(tmp_path / "run") as run, pytest.raises(InputError, match="2 damaged"):
        step(run, CurateSettings(inputs=(str(tmp_path / "a.jsonl"),)))


@pytest.mark.parametrize("change", [{"quote": ""}, {"encoding": "cp949"}, {"html": "source"}, {"max_page_mb": 1}])
def test_whatever_decides_the_text_reads_again(tmp_path: Path, change):
    (tmp_path / "a.csv").write_text('text\n"one"\n')
    settings = CurateSettings(inputs=(str(tmp_path / "a.csv"),))
    with Run(tmp_path / "run") as run:
        step(run, settings)
        before = len(run.done)
        step(run, settings.model_copy(update=change))
        assert len(run.done) == before + 1
