import numpy as np
import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.metrics.forgetting import measure
from train.evaluation.continual import MEASURES, sequence


def cell(
    model: str, task: str, mean: float, items: int = 100, seed: int = 0, metric: str = "exact_match", each: int = 1
):
    right = round(mean * items)
    values = [mean] * items if metric == "bits_per_byte" else [1.0] * right + [0.0] * (items - right)
    rows = {
        "model": model, "stage": "", "seed": seed, "task": task, "metric": metric,
        "item": [f"{n:03d}" for n in range(items)], "source": [f"{n // each}" for n in range(items)], "score": values,
    }  # fmt: skip
    return tables.complete(pl.DataFrame(rows), tables.EVALUATION)


STAGES = ("base", "one", "two", "three")
R = np.array([[0.2, 0.1, 0.3, 0.9], [0.8, 0.2, 0.3, 0.7], [0.6, 0.9, 0.5, 0.8], [0.5, 0.6, 0.7, 0.6]])
TASKS = ("a", "b", "c", "old")
TRAINED = {"a": "one", "b": "two", "c": "three"}


def table(seed: int = 0, shift: float = 0.0) -> pl.DataFrame:
    return pl.concat([cell(stage, task, R[i, j] + (shift if i else 0.0), seed=seed)
                      for i, stage in enumerate(STAGES) for j, task in enumerate(TASKS)])  # fmt: skip


def test_the_matrix_and_its_measures_by_hand() -> None:
    (found,) = sequence(table(), STAGES, TRAINED, resamples=500)
    assert found.unit == "score"
    assert found.tasks == tuple((task, "exact_match") for task in ("old", "a", "b", "c"))
    assert found.trained == (0, 1, 2, 3)
    np.testing.assert_allclose(found.matrix, R[:, [3, 0, 1, 2]])
    measures = found.measures
    assert measures.average == pytest.approx((0.5 + 0.6 + 0.7 + 0.6) / 4)
    # old: .6 - .9, a: .5 - .8, b: .6 - .9
    assert measures.backward_transfer == pytest.approx((-0.3 - 0.3 - 0.3) / 3)
    # b before its stage: .2 - .1; c before its own: .5 - .3
    assert measures.forward_transfer == pytest.approx((0.1 + 0.2) / 2)
    assert measures.forgetting == pytest.approx((0.3 + 0.3 + 0.3 + 0.0) / 4)
    assert measures.learning == pytest.approx((0.6 + 0.8 + 0.4) / 3)
    assert measures.learned == (None, *map(pytest.approx, (0.6, 0.8, 0.4)))
    for name in MEASURES:
        low, high = found.intervals[name]  # type: ignore[misc]
        assert low < getattr(measures, name) < high and high - low < 0.25


def test_draws_measure_what_the_figure_measures() -> None:
    """With items that are all alike every draw is the matrix itself."""
    rows = pl.concat([cell(stage, task, R[i, j], metric="bits_per_byte")
                      for i, stage in enumerate(STAGES) for j, task in enumerate(TASKS)])  # fmt: skip
    (found,) = sequence(rows, STAGES, TRAINED, resamples=20)
    wanted = measure(-R[:, [3, 0, 1, 2]], (0, 1, 2, 3))
    assert found.unit == "bits_per_byte"
    assert found.measures.average == pytest.approx(-wanted.average)
    assert found.intervals["average"] == (pytest.approx(-wanted.average),) * 2
    for name in MEASURES[1:]:
        assert getattr(found.measures, name) == pytest.approx(getattr(wanted, name))
        assert found.intervals[name] == (pytest.approx(getattr(wanted, name)),) * 2


def test_seeds_and_sources_widen_the_intervals() -> None:
    (one,) = sequence(table(), STAGES, TRAINED)
    (three,) = sequence(pl.concat([table(0), table(1, 0.1), table(2, -0.1)]), STAGES, TRAINED)
    assert (one.seeds, three.seeds) == (1, 3)

    def width(found) -> float:
        low, high = found.intervals["learning"]
        return high - low

    assert width(three) > 1.2 * width(one)
    together = pl.concat([cell(stage, "a", R[i, 0], each=10) for i, stage in enumerate(STAGES[:2])])
    (wide,) = sequence(together, STAGES[:2], {"a": "one"})
    (narrow,) = sequence(table().filter(task="a"), STAGES[:2], {"a": "one"})
    assert width(wide) > 1.5 * width(narrow)


def test_units_stand_apart_and_a_second_view_does_not_count() -> None:
    rows = pl.concat([
        *(cell(stage, "a", mean, metric=metric) for metric in ("choice", "choice_per_byte")
          for stage, mean in (("base", 0.2), ("one", 0.6))),
        cell("base", "text", 2.0, metric="bits_per_byte"), cell("one", "text", 2.5, metric="bits_per_byte"),
    ])  # fmt: skip
    score, bits = sequence(rows, ("base", "one"), {"a": "one"}, resamples=100)
    assert (score.tasks, bits.tasks) == ((("a", "choice"),), (("text", "bits_per_byte"),))
    assert score.measures.learning == pytest.approx(0.4) and score.measures.backward_transfer is None
    assert bits.measures.forgetting == pytest.approx(0.5) and bits.measures.learning is None
    assert bits.measures.average == pytest.approx(2.5)


def test_what_is_no_sequence_is_refused() -> None:
    with pytest.raises(InputError, match="stages 'base': expected the base and others after it"):
        sequence(table(), ["base"], {})
    with pytest.raises(InputError, match="task 'x' is not in the evaluation, found a, b, c, old"):
        sequence(table(), STAGES, {"x": "one"})
    with pytest.raises(InputError, match="task 'a' was trained by 'base', expected one of one, two, three"):
        sequence(table(), STAGES, {"a": "base"})
    with pytest.raises(InputError, match="'base' and 'one' were not asked the same items"):
        sequence(table().filter(~((pl.col("model") == "one") & (pl.col("item") == "003"))), STAGES, TRAINED)
    with pytest.raises(InputError, match="'base' and 'four' were not asked the same items"):
        sequence(table(), ("base", "four"), {})
    two = pl.concat([table(), table(1).filter(model="one"), table(2).filter(model="two"), table(3).filter(model="two")])
    with pytest.raises(InputError, match="seeds by stage are one 0, 1; two 0, 2, 3, expected the same of each, or one"):
        sequence(two, STAGES, TRAINED)
    other = pl.concat([table(1).filter(model="one"), table(2).filter(model="two")])  # as many, but not the same
    with pytest.raises(InputError, match="seeds by stage are one 0, 1; two 0, 2"):
        sequence(pl.concat([table(), other]), STAGES, TRAINED)


def test_the_order_of_rows_changes_nothing() -> None:
    first, second = (sequence(rows, STAGES, TRAINED, resamples=200)[0]
                     for rows in (table(), table().sample(fraction=1, shuffle=True, seed=3)))  # fmt: skip
    assert first.intervals == second.intervals
