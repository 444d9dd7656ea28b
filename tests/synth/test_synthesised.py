"""What every method returns: trainers' columns, a ledger, and a report of plain JSON values."""

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.model import Request
from synth.distill import DistillOptions, distill
from synth.rehearse import RehearseOptions, rehearse
from synth.synthesised import Synthesised

Make = Callable[..., pl.DataFrame]


def said(request: Request) -> str:
    """Sometimes an instance or an answer that is right, sometimes one that is not."""
    digit = int(tables.fingerprint([request.id, request.sample])[0], 16)
    if isinstance(request.prompt, str):
        return f" word{'abcdefgh'[digit % 8]}\nOutput: x" if digit % 3 else " no output at all"
    return "It is 7." if digit % 2 else "It is 8."


def distilled(make_rows: Make, engine: Any) -> Synthesised:
    rows = make_rows([{"prompt": f"Sum {n}?", "completion": "<7>", "answer": "7"} for n in range(9)])
    return distill(rows, engine, engine, DistillOptions(canaries=0, candidates=2), seed=1)


def rehearsed(make_rows: Make, engine: Any) -> Synthesised:
    demos = {"t": make_rows([{"prompt": f"word{letter}", "completion": "It is 7."} for letter in "klmnop"], "t")}
    return rehearse(demos, engine, engine, RehearseOptions(per_task=5, samples=2), seed=1)


@pytest.mark.parametrize("method", [distilled, rehearsed])
def test_a_method_returns_the_tables_it_promises(make_rows: Make, by_rule: Any, method: Callable) -> None:
    made = method(make_rows, by_rule(said))
    assert made.samples.height and made.ledger.height
    tables.check(made.samples, tables.samples_schema("prompt_completion"), "sample_id")
    tables.check(made.ledger, tables.LEDGER)
    assert made.ledger["rule"].null_count() == 0
    assert set(made.ledger["action"]) <= {"drop", "fallback"} and set(made.ledger["table"]) == {"samples"}
    assert json.loads(json.dumps(made.report, allow_nan=False)) == made.report
