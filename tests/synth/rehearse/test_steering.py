"""Plans made of an evaluation, and quotas that sum."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import tables
from curation.errors import InputError
from curation.selection import AdaptiveOptions
from synth.rehearse import RehearseOptions, plan
from synth.rehearse.steering import Plan, quotas

OPTIONS = AdaptiveOptions(margin=0.0, floor=0.0)


def evaluation(scores: dict[tuple[str, str, int | None], tuple[float, float]]) -> pl.DataFrame:
    """By task, item and cluster, the scores before and after."""
    rows = [
        {"model": model, "stage": "s", "seed": 1, "task": task, "item": item, "cluster": cluster,
         "metric": "exact_match", "score": pair[at]}
        for at, model in enumerate(("old", "new"))
        for (task, item, cluster), pair in scores.items()
    ]  # fmt: skip
    return tables.complete(pl.DataFrame(rows, infer_schema_length=None), tables.EVALUATION)


def items(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"task": pl.String, "item": pl.String, "prompt": pl.String}, orient="row")


SCORES = {
    ("sums", "a", 1): (1.0, 0.0),
    ("sums", "b", 1): (1.0, 0.0),
    ("sums", "c", 2): (1.0, 0.5),
    ("sums", "d", 2): (1.0, 0.5),
    ("words", "a", None): (1.0, 0.75),
    ("words", "b", None): (1.0, 0.75),
}
ASKED = items(("sums", "a", "add 3"), ("sums", "b", "add 4"), ("sums", "c", "take 3"), ("sums", "d", "take 4"),
              ("words", "a", "reverse dog"))  # fmt: skip


def test_tasks_by_what_was_lost_and_clusters_within_them() -> None:
    """Lost: sums 0.75, words 0.25; within the sums, 1 of cluster 1 and 0.5 of cluster 2."""
    made = plan(evaluation(SCORES), ASKED, ["words", "sums"], OPTIONS)
    assert made.weights == {"sums": 0.75, "words": 0.25}
    assert list(made.regions) == ["sums"]
    regions = made.regions["sums"]
    assert regions.texts == {1: ["add 3", "add 4"], 2: ["take 3", "take 4"]}
    assert regions.weights == pytest.approx({1: 2 / 3, 2: 1 / 3})
    assert made.forgotten.height == 4  # two tasks, two clusters


def test_a_floor_is_shared_equally_by_the_clusters_too() -> None:
    """Half of the budget in equal parts, the other half two to one."""
    made = plan(evaluation(SCORES), ASKED, ["words", "sums"], AdaptiveOptions(margin=0.0, floor=0.5))
    assert made.weights == pytest.approx({"sums": 0.25 + 0.375, "words": 0.25 + 0.125})
    assert made.regions["sums"].weights == pytest.approx({1: 1 / 4 + 1 / 3, 2: 1 / 4 + 1 / 6})


def test_without_texts_of_the_items_the_budget_goes_by_task_alone() -> None:
    assert plan(evaluation(SCORES), ASKED.clear(), ["sums", "words"], OPTIONS).regions == {}
    only = ASKED.filter(pl.col("item") == "a")  # one cluster known by a text: nothing to share out
    assert plan(evaluation(SCORES), only, ["sums"], OPTIONS).regions == {}


def test_a_task_that_was_not_examined_is_refused() -> None:
    with pytest.raises(InputError, match=r"no scores of task 'verbs', .* \(found 'sums', 'words'\)"):
        plan(evaluation(SCORES), ASKED, ["sums", "verbs"], OPTIONS)


def test_quotas_of_rows_and_of_tokens() -> None:
    planned = Plan({"sums": 0.75, "words": 0.25}, {}, pl.DataFrame())
    assert quotas(["words", "sums"], RehearseOptions(per_task=10), None) == {"sums": 10, "words": 10}
    assert quotas(["words", "sums"], RehearseOptions(per_task=10), planned) == {"sums": 15, "words": 5}
    assert quotas(["a", "b", "c"], RehearseOptions(budget_tokens=100), None) == {"a": 34, "b": 33, "c": 33}


@settings(max_examples=30)
@given(lost=st.lists(st.floats(0, 1), min_size=1, max_size=6), budget=st.integers(1, 5000),
       floor=st.floats(0, 1), margin=st.floats(0, 0.5))  # fmt: skip
def test_quotas_sum_to_the_budget(lost: list[float], budget: int, floor: float, margin: float) -> None:
    tasks = [f"task{n}" for n in range(len(lost))]
    scores = {(task, "a", None): (1.0, 1.0 - loss) for task, loss in zip(tasks, lost, strict=True)}
    made = plan(evaluation(scores), ASKED.clear(), tasks, AdaptiveOptions(margin=margin, floor=floor))
    assert sum(quotas(tasks, RehearseOptions(budget_tokens=budget), made).values()) == budget
    assert sum(quotas(tasks, RehearseOptions(per_task=7), made).values()) == 7 * len(tasks)
