import numpy as np
import polars as pl
import pytest

from curation import tables
from curation.metrics import forgetting

# three tasks trained one after the other; row 0 is the base
R = [
    [0.1, 0.2, 0.3],
    [0.9, 0.3, 0.3],
    [0.6, 0.8, 0.5],
    [0.5, 0.7, 1.0],
]


def test_measures_by_hand():
    result = forgetting.measure(R)
    assert result.average == pytest.approx((0.5 + 0.7 + 1.0) / 3)
    assert result.backward_transfer == pytest.approx(((0.5 - 0.9) + (0.7 - 0.8)) / 2)
    assert result.forward_transfer == pytest.approx(((0.3 - 0.2) + (0.5 - 0.3)) / 2)
    assert result.forgetting == pytest.approx(((0.9 - 0.5) + (0.8 - 0.7) + 0.0) / 3)
    assert result.learning == pytest.approx((0.8 + 0.6 + 0.7) / 3)
    assert result.forgotten == pytest.approx((0.4, 0.1, 0.0))
    assert result.learned == pytest.approx((0.8, 0.6, 0.7))


def test_old_skills_and_one_new_task():
    # two skills of the base, one new task: a single stage
    result = forgetting.measure([[1.0, 0.8, 0.0], [0.4, 0.9, 0.7]], trained=[0, 0, 1])
    assert result.learned == (None, None, pytest.approx(0.7))
    assert result.learning == pytest.approx(0.7)
    assert result.backward_transfer == pytest.approx((-0.6 + 0.1) / 2)
    assert result.forward_transfer is None
    assert result.forgetting == pytest.approx(0.6 / 3)


def test_the_base_alone():
    result = forgetting.measure([[0.5, 0.7]], trained=[0, 0])
    assert result.average == pytest.approx(0.6)
    assert result.forgetting == 0.0
    assert result.learning is None and result.backward_transfer is None


@pytest.mark.parametrize(
    ("scores", "trained", "message"),
    [
        ([[0.1], [float("nan")]], None, "finite"),
        ([0.1, 0.2], None, "shape"),
        ([[0.1, 0.2], [0.1, 0.2]], None, "trained in stages"),
        ([[0.1], [0.2]], [2], "trained in stages"),
    ],
)
def test_refusals(scores: list, trained: list[int] | None, message: str):
    with pytest.raises(ValueError, match=message):
        forgetting.measure(scores, trained)


def _evaluation(rows: list[tuple[str, int, str, str, float]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["stage", "seed", "task", "item", "score"], orient="row")
    return tables.complete(frame.with_columns(metric=pl.lit("exact_match")), tables.EVALUATION)


def test_matrix_from_the_evaluation_table():
    table = _evaluation(
        [
            ("base", 0, "sort", "1", 1.0),
            ("base", 0, "sort", "2", 0.0),
            ("base", 1, "sort", "1", 1.0),
            ("base", 1, "sort", "2", 1.0),
            ("tuned", 0, "sort", "1", 0.0),
            ("base", 0, "add", "1", 0.25),
            ("tuned", 0, "add", "1", 0.5),
        ]
    )
    expected = [[0.25, 0.75], [0.5, 0.0]]
    np.testing.assert_allclose(
        forgetting.matrix(table.reverse(), ["base", "tuned"], ["add", "sort"], "exact_match"), expected
    )
    with pytest.raises(ValueError, match="no exact_match of task 'sort' after stage 'later'"):
        forgetting.matrix(table, ["later"], ["sort"], "exact_match")
