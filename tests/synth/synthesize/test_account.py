"""The end of a method: nothing is lost, and a method that loses something is stopped."""

from typing import Any

import pytest

from curation import tables
from curation.checks.typed_result import graded
from curation.model import Request, Sampling
from synth.drop import Drop
from synth.synthesize.account import accounted, sample
from synth.synthesize.attempt import Ask, Attempt, Source, attempted

SOURCES = [Source(f"{n:032x}", "even" if n % 2 == 0 else "odd", "rows.jsonl", n) for n in range(3)]
CHECK = graded("length", 1.0, 0.5, "fine")


def made(by_rule: Any) -> list[Attempt]:
    asks = [Ask(one, Request(f"{one.id}/x", "1?", Sampling(4))) for one in SOURCES]
    return attempted(asks, by_rule(lambda request: "one two"))


def row(source: Source, attempt: Attempt) -> dict[str, Any]:
    turns = {"prompt": [{"role": "user", "content": "1?"}], "completion": [{"role": "assistant", "content": "1"}]}
    return sample("best_of", source, turns, attempt.generation("best_of"), [CHECK])


def test_every_request_and_every_row_is_in_a_sample_or_in_the_ledger(by_rule: Any) -> None:
    attempts = made(by_rule)
    attempts[0].settle(None)
    attempts[1].settle(Drop("number"))
    attempts[2].settle(Drop("finish"))
    unused = {SOURCES[1].id: Drop("none_verified")}
    done = accounted(
        "best_of", "prompt_completion", SOURCES, attempts, [row(SOURCES[0], attempts[0])], unused, {"n": 1}
    )
    tables.check(done.samples, tables.samples_schema("prompt_completion"), "sample_id")
    tables.check(done.ledger, tables.LEDGER)
    assert sorted(done.ledger["rule"]) == [
        "best_of.finish", "best_of.no_sample", "best_of.none_verified", "best_of.number",
    ]  # fmt: skip
    report = done.report
    assert report["requests"] == {"requests": 3, "used": 1, "dropped": 2}
    assert report["rows"] == {"rows": 3, "used": 1, "unused": {"no_sample": 1, "none_verified": 1}}
    assert report["rejections"] == {"finish": 1, "number": 1}
    assert report["yield_by_task"] == {"even": {"rows": 2, "used": 1}, "odd": {"rows": 1, "used": 0}}
    assert report["tokens"] == {"prompt": 27, "generated": 6} and report["n"] == 1
    (kept,) = done.samples.iter_rows(named=True)
    assert kept["parents"] == [SOURCES[0].id] and kept["checks"][0]["name"] == "length" and kept["tier"] is None


def test_what_is_set_apart_counts_as_used(by_rule: Any) -> None:
    attempts = made(by_rule)
    for attempt in attempts:
        attempt.settle(None)
    rows = [row(source, attempt) for source, attempt in zip(SOURCES, attempts, strict=True)]
    done = accounted("best_of", "prompt_completion", SOURCES, attempts, rows[:1], aside=rows[1:])
    assert done.samples.height == 1 and done.ledger.height == 0


def test_a_request_that_a_method_forgets_is_a_fault(by_rule: Any) -> None:
    attempts = made(by_rule)
    attempts[0].settle(None)
    with pytest.raises(tables.TableError, match="lost rows"):
        accounted("best_of", "prompt_completion", SOURCES, attempts, [row(SOURCES[0], attempts[0])])
