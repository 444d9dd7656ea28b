"""A step whose task is a function in a child, called once with what it was given; its tables are those of the step."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.errors import InputError
from pipelines.jobs.samples import TOPS, sampled, table, write
from pipelines.run import Run

ROWS = pl.DataFrame({"row": [1, 2, 3]})


def thirds(folder: Path, step: str, more: bool, note: str) -> dict[str, Any]:
    if not note:
        raise InputError("no note, expected one")
    write(folder, step, "cut", ROWS, ROWS[:1], [ROWS[1:2], ROWS[2:]])
    if not more:
        return {"note": note}
    ROWS[:2].write_parquet(folder / "work" / step / "more.parquet")
    return {"note": note, "more": [f"work/{step}/more.parquet"]}


def rows(run: Run, top: str) -> list[int]:
    return pl.read_parquet(run.folder / table(top, "s", "cut"))["row"].to_list()


def test_tables_and_further_files_are_the_steps_and_made_once(tmp_path: Path, quick_children: None) -> None:
    with Run(tmp_path / "run") as run:
        first = sampled(run, "s", "cut", {"a": 1}, ["in"], thirds, True, "read me")
        assert {top: rows(run, top) for top in TOPS} == {"samples": [1], "ledger": [2, 3], "work": [1, 2, 3]}
        assert first.path == run.folder / "samples" / "s" and first.facts == {"note": "read me"}
        more = run.folder / "work" / "s" / "more.parquet"
        assert pl.read_parquet(more).equals(ROWS[:2])
        assert sampled(run, "s", "cut", {"a": 1}, ["in"], thirds, True, "not asked") == first
        other = sampled(run, "s", "cut", {"a": 1}, ["other"], thirds, False, "anew")
        assert other.digest != first.digest and not more.exists()


def test_bad_input_in_the_child_is_bad_input_here(tmp_path: Path, quick_children: None) -> None:
    with Run(tmp_path / "run") as run, pytest.raises(InputError, match="no note"):
        sampled(run, "s", "cut", {}, [], thirds, False, "")
