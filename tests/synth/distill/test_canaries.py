"""The checks measured: canaries find a check that cannot tell right from wrong, and never reach the output."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from synth.distill import CanaryError, DistillOptions, distill
from synth.distill.canaries import measure
from synth.distill.item import items

Make = Callable[..., pl.DataFrame]


def capitals(make_rows: Make, count: int, style: str = "The final answer to {} shall be {}.") -> pl.DataFrame:
    words = [f"city{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(count)]
    return make_rows(
        [{"prompt": f"Capital {n}?", "completion": style.format(n, w), "answer": w} for n, w in enumerate(words)]
    )


def test_a_check_that_can_tell_is_measured_without_errors(make_rows: Make) -> None:
    measured = measure(list(items(capitals(make_rows, 80))), DistillOptions(canaries=60), seed=1)
    accept, reject = measured["false_accept"], measured["false_reject"]
    assert (accept["wrong"], accept["of"], reject["wrong"], reject["of"]) == (0, 60, 0, 60)
    assert accept["high"] == pytest.approx(0.0602, abs=1e-4) and accept["shown"]
    assert accept["by_kind"]["another row's answer"]["of"] == accept["by_kind"]["another row's reference"]["of"] == 30


def test_references_that_name_every_answer_make_the_check_useless_and_the_run_stops(
    make_rows: Make, by_rule: Any
) -> None:
    rows = make_rows(
        [
            {"prompt": f"Is review {n} good?", "completion": f"Among positive and negative it is {answer}.",
             "answer": answer}
            for n, answer in enumerate(["positive", "negative"] * 40)
        ]
    )  # fmt: skip
    engine = by_rule(lambda request: "positive")
    with pytest.raises(CanaryError, match="accept known-bad answers too often: .* expected at most 0.08"):
        distill(rows, engine, engine, DistillOptions(), seed=1)
    assert engine.asked == []  # found before anything was generated


def test_references_without_their_answers_stop_the_run(make_rows: Make) -> None:
    rows = capitals(make_rows, 80, style="I would rather not say.")
    with pytest.raises(CanaryError, match="reject references too often"):
        measure(list(items(rows)), DistillOptions(), seed=1)


def test_open_text_is_measured_with_other_rows_references(make_rows: Make) -> None:
    topics = ["rivers carry sediment", "glaciers scratch bedrock", "volcanoes build islands", "winds shape dunes"]
    places = [f"near place{chr(97 + n)}" for n in range(16)]
    rows = make_rows([{"prompt": f"Explain {t} {p}", "completion": f"Slowly {t} {p}."} for t in topics for p in places])
    measured = measure(list(items(rows)), DistillOptions(max_false_accept=1.0), seed=1)
    assert measured["false_reject"]["wrong"] == 0
    assert list(measured["false_accept"]["by_kind"]) == ["another row's reference"]
    assert measured["false_accept"]["of"] == 60


def test_too_few_canaries_show_nothing_and_stop_nothing(make_rows: Make) -> None:
    measured = measure(list(items(capitals(make_rows, 3))), DistillOptions(), seed=1)
    assert measured["false_accept"]["wrong"] == 0 and not measured["false_accept"]["shown"]
    assert measured["false_accept"]["of"] == 12  # each of 3 rows with both others, two kinds
    alone = measure(list(items(capitals(make_rows, 1))), DistillOptions(), seed=1)
    assert alone["false_accept"]["of"] == 0 and alone["false_accept"]["rate"] is None


def test_canaries_depend_on_no_order_and_never_reach_the_output(make_rows: Make, by_rule: Any) -> None:
    rows = capitals(make_rows, 30)
    forwards = measure(list(items(rows)), DistillOptions(), seed=4)
    assert forwards == measure(list(items(rows.reverse())), DistillOptions(), seed=4)
    engine = by_rule(lambda request: "nothing")
    made = distill(rows, engine, engine, DistillOptions(), seed=4)
    assert made.samples["completion"].to_list() == rows["completion"].to_list()
    assert made.ledger.height == made.report["requests"]["candidates"] + 30
