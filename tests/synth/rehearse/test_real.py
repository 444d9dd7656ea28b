"""Real rows in the form of a buffer: exact quotas, origins, an account of every row."""

from collections.abc import Callable

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from synth.rehearse import RehearseOptions, Steering, keep_real

Make = Callable[..., pl.DataFrame]


class Words:
    """Counts words: a tokenizer whose counts can be read off."""

    markers: tuple[str, ...] = ()

    def count(self, turns: list[dict[str, str]]) -> int:
        return sum(self.count_text(turn["content"]) for turn in turns)

    def count_text(self, text: str) -> int:
        return len(text.split())


def old(make_rows: Make, count: int = 30) -> dict[str, pl.DataFrame]:
    topics = ("river water flood", "violin music concert")

    def row(task: str, n: int) -> dict[str, str]:
        return {"prompt": f"{topics[n % 2]} {task} {n}", "completion": f"answer {n}"}

    return {task: make_rows([row(task, n) for n in range(count)], task) for task in ("ask", "tell")}


@pytest.mark.parametrize(
    ("selection", "origin"), [("random", "real_random"), ("nearest", "real_kmeans"), ("k_center", "real_k_center")]
)
def test_quotas_are_exact_and_origins_named(make_rows: Make, selection: str, origin: str) -> None:
    rows = old(make_rows)
    options = RehearseOptions(per_task=7, selection=selection, clusters=2)  # type: ignore[arg-type]
    made = keep_real(rows, options, seed=1)
    tables.check(made.samples, tables.samples_schema("prompt_completion"), "sample_id")
    assert made.samples["task"].value_counts().sort("task").rows() == [("ask", 7), ("tell", 7)]
    assert set(made.samples["origin"]) == {origin} == {made.report["origin"]}
    assert made.samples["generation"].null_count() == 14
    asked = {prompt[-1]["content"] for frame in rows.values() for prompt in frame["prompt"]}
    assert {prompt[-1]["content"] for prompt in made.samples["prompt"]} <= asked
    assert set(made.samples["parents"].explode()) <= {name for frame in rows.values() for name in frame["sample_id"]}
    assert made.samples.height + made.ledger.height == 60
    every = {name for frame in rows.values() for name in frame["sample_id"]}
    assert {*made.samples["parents"].explode(), *made.ledger["row_id"]} == every
    turned = keep_real({name: rows[name].reverse() for name in reversed(rows)}, options, seed=1)
    assert turned.samples.equals(made.samples) and turned.report == made.report


def test_random_takes_other_rows_with_another_seed(make_rows: Make) -> None:
    options = RehearseOptions(per_task=7, selection="random")
    one, other = (keep_real(old(make_rows), options, seed) for seed in (1, 2))
    assert set(one.samples["sample_id"]) != set(other.samples["sample_id"])


def test_tokens_are_shared_by_the_tasks(make_rows: Make) -> None:
    """Rows are of 7 words: 60 for both tasks are 30 each, four rows and 2 words unspent."""
    made = keep_real(old(make_rows), RehearseOptions(budget_tokens=60), 1, steering=Steering(tokens=Words()))
    assert made.report["unit"] == "tokens" and (made.report["wanted"], made.report["spent"]) == (60, 56)
    assert {name: task["kept"] for name, task in made.report["tasks"].items()} == {"ask": 4, "tell": 4}
    assert made.report["shortfall"] == {}
    with pytest.raises(InputError, match="budget_tokens is 60, expected a tokenizer beside it"):
        keep_real(old(make_rows), RehearseOptions(budget_tokens=60), 1)


def test_held_out_and_repeated_rows_are_left_out_and_shortfalls_said(make_rows: Make) -> None:
    rows = old(make_rows, 4)
    rows = {"ask": pl.concat([rows["ask"], rows["ask"][:1].with_columns(sample_id=pl.lit("f" * 32))])}
    held = rows["ask"]["prompt"][1][-1]["content"].upper()
    made = keep_real(rows, RehearseOptions(per_task=9), 1, [held])
    assert made.samples.height == 3 and made.report["shortfall"] == {"ask": 6}
    assert sorted(made.ledger["rule"]) == ["novelty.held_out", "rehearse.repeats_row"]
    assert made.samples.height + made.ledger.height == 5
    given = set(rows["ask"]["sample_id"])
    assert {*made.ledger["row_id"], *made.samples["parents"].explode()} == given
    turned = keep_real({"ask": rows["ask"].reverse()}, RehearseOptions(per_task=9), 1, [held])
    assert turned.samples.equals(made.samples)  # of rows that say the same the first by id stays
    assert turned.ledger.sort("row_id").equals(made.ledger.sort("row_id"))


def test_labels_are_not_balanced(make_rows: Make) -> None:
    rows = {"ask": make_rows([{"prompt": f"river {n}", "completion": "no" if n < 3 else "yes"} for n in range(30)])}
    options = RehearseOptions(per_task=10, selection="random")
    kept = [keep_real(rows, options, seed).samples["completion"].to_list() for seed in range(6)]
    assert min(sum(turns[0]["content"] == "no" for turns in some) for some in kept) < 3


def test_no_rows_are_an_error() -> None:
    with pytest.raises(InputError, match="no rows of old data"):
        keep_real({}, RehearseOptions(), 1)
