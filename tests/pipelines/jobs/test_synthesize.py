"""What the synthesize job reads, compares and writes, with a method whose samples are written down."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from pipelines.jobs import methods
from pipelines.jobs import synthesize as job
from pipelines.settings import SynthesizeSettings
from synth.synthesised import Synthesised

ROW = {"id": "a", "task": "sums", "prompt": "What is 1 + 1?", "completion": "2", "answer": "2", "references": ["2"]}


def lines(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(("method", "kept"), [("instructions", 1), ("reasoning", 2)])
def test_a_made_up_prompt_repeats_no_input_and_an_answered_one_may(
    tmp_path: Path, answering: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, method: Any, kept: int
) -> None:
    schema = tables.samples_schema("prompt_completion")
    made = [
        {"prompt": [{"role": "user", "content": prompt}], "completion": [{"role": "assistant", "content": "2"}],
         "sample_id": f"{number:032x}", "task": "t", "origin": "o", "tier": None, "parents": ["p"], "generation": None,
         "checks": []}
        for number, prompt in enumerate((ROW["prompt"], "Name a river."))
    ]  # fmt: skip
    result = Synthesised(pl.DataFrame(made, schema=schema), tables.empty(tables.LEDGER), {})
    monkeypatch.setattr(methods, "carry_out", lambda *_: result)
    monkeypatch.setattr(job, "opened", lambda *_: contextlib.nullcontext(answering(lambda request: "")))
    data = lines(tmp_path / "rows.jsonl", [ROW, {"nothing": "of use"}])
    settings = SynthesizeSettings(method=method, model="m", data=(data,))
    facts = job._synthesize(tmp_path, "made", settings, 1, ("m", None, None), [Path(data)], [])
    ledger = pl.read_parquet(tmp_path / "ledger" / "made" / "synthesize.parquet")
    assert facts["samples"] == kept and facts["damaged"] == 1
    assert ledger["rule"].to_list() == ["read.row", *["novelty.repeats_input"] * (2 - kept)]


@pytest.mark.parametrize("place", ["prompt", "completion", "references", "text"])
def test_a_long_answer_in_the_words_of_another_row_is_dropped(
    tmp_path: Path, answering: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    copied = "the ferry leaves the old harbour at nine in the morning and comes back before night falls on the island"
    if place == "text":
        given: list[dict[str, Any]] = [{"text": "A short document of its own."}, {"text": copied}]
    else:
        given = [ROW, {**ROW, "id": "b", place: [copied] if place == "references" else copied}]
    data = lines(tmp_path / "rows.jsonl", given)
    read, _ = job._load(SynthesizeSettings(method="dialogue", model="m", data=(data,)), [Path(data)])
    first = read.rows["doc_id" if place == "text" else "sample_id"][0]
    made = {
        "prompt": [{"role": "user", "content": "When?"}], "completion": [{"role": "assistant", "content": copied}],
        "sample_id": "c" * 32, "task": "t", "origin": "o", "tier": None, "parents": [first], "generation": None,
        "checks": [],
    }  # fmt: skip
    samples = pl.DataFrame([made], schema=tables.samples_schema("prompt_completion"))
    result = Synthesised(samples, tables.empty(tables.LEDGER), {})
    monkeypatch.setattr(methods, "carry_out", lambda *_: result)
    monkeypatch.setattr(job, "opened", lambda *_: contextlib.nullcontext(answering(lambda request: "")))
    settings = SynthesizeSettings(method="dialogue", model="m", data=(data,))
    facts = job._synthesize(tmp_path, "made", settings, 1, ("m", None, None), [Path(data)], [])
    assert facts["novelty"] == {"novelty.repeats_input": 1}


def test_ready_templates_open_no_engine(tmp_path: Path) -> None:
    data = lines(tmp_path / "rows.jsonl", [ROW])
    folder = str(tmp_path / "no model")

    def carried_out(**templates: Any) -> dict[str, Any]:
        settings = SynthesizeSettings(method="templates", model=folder, data=(data,), templates=templates)
        return job._synthesize(tmp_path, "made", settings, 1, (folder, None, None), [Path(data)], [])

    ready = ("Please: {{ prompt }}",)
    facts = carried_out(plain=ready)
    assert (facts["samples"], facts["generated"], facts["cached"]) == (1, 0, 0)
    for wanted in ("write", "write_inverted"):
        with pytest.raises(InputError, match="no model"):
            carried_out(plain=ready, **{wanted: 1})


def test_a_file_that_has_another_part_now_is_another_step(tmp_path: Path, told: Callable[..., Any]) -> None:
    one, other = (lines(tmp_path / f"{name}.jsonl", [{**ROW, "id": name}]) for name in ("one", "other"))
    parts: list[dict[str, Any]] = [
        {"data": (one, other)}, {"data": (one,), "labelled": (other,)}, {"data": (one,), "held_out": (other,)},
    ]  # fmt: skip
    settings = [
        SynthesizeSettings(method="label", model="m", label={"labels": ("1", "2")}, **part)  # type: ignore[arg-type]
        for part in parts
    ]
    assert len({tables.fingerprint(told(job, job.synthesize, one)) for one in settings}) == 3
