"""What the distill job reads, compares and writes, with an engine whose answers are written down."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import tables
from pipelines.jobs import distill as job
from pipelines.settings import DistillSettings

SUM = {"prompt": "What is 1 + 1?", "completion": "It is 2.", "answer": "2"}
RIVERS = [{"prompt": "Name a river.", "completion": f"The {name}."} for name in ("Rhine", "Han")]
HELD_OUT = {
    "id": "a",
    "task": "sums",
    "prompt": SUM["prompt"],
    "completion": "2",
    "references": ["2"],
    "metric": "contains",
}


def lines(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_nothing_that_is_read_is_lost_and_only_what_is_held_out_is_dropped(
    tmp_path: Path, answering: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = answering(lambda request: "I have no idea.")
    monkeypatch.setattr(job, "opened", lambda *_: contextlib.nullcontext(engine))
    data = lines(tmp_path / "rows.jsonl", [SUM, {"nothing": "of use"}, *RIVERS])
    held_out = lines(tmp_path / "tasks.jsonl", [HELD_OUT])
    settings = DistillSettings(
        model="m", data=(data,), held_out=(held_out,), canaries=0, candidates=1, likelihood=False
    )
    facts = job._distill(tmp_path, "made", settings, 1, "m", [data])
    samples, ledger = (pl.read_parquet(tmp_path / top / "made" / "distill.parquet") for top in ("samples", "ledger"))
    # The same question may be answered twice: what the job makes are answers.
    assert [turns[0]["content"] for turns in samples["completion"]] == ["The Rhine.", "The Han."]
    assert set(ledger["stage"]) == {"read", "distill", "novelty"}
    assert ledger.filter(stage="read").select("rule", "file", "record").rows() == [("read.row", "rows.jsonl", 1)]
    assert ledger.filter(stage="novelty")["rule"].to_list() == ["novelty.held_out"]
    assert (facts["records"], facts["damaged"], facts["samples"], facts["held_out"]) == (4, 1, 2, 1)
    assert (facts["generated"], facts["cached"]) == (engine.generated, engine.hits)


def test_a_file_that_is_held_out_now_and_was_data_before_is_another_step(
    tmp_path: Path, told: Callable[..., Any]
) -> None:
    one, other = (lines(tmp_path / f"{name}.jsonl", [{**HELD_OUT, "id": name}]) for name in ("one", "other"))
    keys = {
        tables.fingerprint(told(job, job.distill, DistillSettings(model="m", data=data, held_out=held_out)))
        for data, held_out in (((one, other), ()), ((one,), (other,)), ((other,), (one,)))
    }
    assert len(keys) == 3
