"""Precision, coverage, density and shares, each worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.selection import Likeness, likeness, shares, total_variation

LINE = np.array([[0.0], [1.0], [3.0], [10.0]])  # to the nearest other row: 1, 1, 2, 7


def test_balls_on_a_line_worked_by_hand() -> None:
    """With k = 1 the balls are [-1, 1], [0, 2], [1, 5] and [3, 17]."""
    samples = np.array([[0.5], [4.0], [-3.0]])  # in balls 1 and 2; in 3 and 4; in none
    assert likeness(LINE, samples, 1) == Likeness(precision=2 / 3, coverage=1.0, density=4 / 3)
    assert likeness(LINE, np.array([[20.0]]), 1) == Likeness(0.0, 0.0, 0.0)
    assert likeness(LINE, np.array([[-1.0], [-1.0]]), 1) == Likeness(1.0, 0.25, 1.0)  # the edge is inside


def test_the_second_neighbour_reaches_further() -> None:
    """With k = 2 the radii are 3, 2, 3 and 9: balls [-3, 3], [-1, 3], [0, 6] and [1, 19]."""
    assert likeness(LINE, np.array([[-3.0], [19.5]]), 2) == Likeness(precision=0.5, coverage=0.25, density=0.25)


def test_one_kind_of_sample_is_precise_and_covers_little() -> None:
    real = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [9.0, 9.0], [9.1, 9.0], [9.0, 9.1]])
    found = likeness(real, np.tile([[0.02, 0.02]], (6, 1)), 2)
    assert found.precision == 1.0 and found.coverage == 0.5


def test_copies_are_at_no_distance() -> None:
    real = np.array([[1.0, 2.0], [1.0, 2.0], [5.0, 5.0]])
    assert likeness(real, np.array([[1.0, 2.0]]), 1).precision == 1.0
    assert likeness(real, real, 1).coverage == 1.0
    assert likeness(real, np.array([[1.0, 2.001]]), 1).coverage == pytest.approx(1 / 3)  # only the wide ball of row 3


def test_no_samples_cover_nothing() -> None:
    assert likeness(LINE, np.empty((0, 1)), 1) == Likeness(0.0, 0.0, 0.0)


@pytest.mark.parametrize(("k", "width"), [(0, 1), (4, 1), (1, 2)])
def test_impossible_questions_are_refused(k: int, width: int) -> None:
    with pytest.raises(ValueError, match="expected 1 <= k < n, one width"):
        likeness(LINE, np.zeros((2, width)), k)


@given(seed=st.integers(0, 50), n=st.integers(2, 9), m=st.integers(1, 9), k=st.integers(1, 3))
def test_against_the_definitions(seed: int, n: int, m: int, k: int) -> None:
    k = min(k, n - 1)
    rng = np.random.default_rng(seed)
    real, samples = rng.integers(0, 4, (n, 2)).astype(float), rng.integers(0, 4, (m, 2)).astype(float)

    def reach(i: int) -> float:
        return sorted(((real[i] - other) ** 2).sum() for j, other in enumerate(real) if j != i)[k - 1]

    inside = [[((one - sample) ** 2).sum() <= reach(i) for sample in samples] for i, one in enumerate(real)]
    found = likeness(real, samples, k)
    assert found.coverage == pytest.approx(sum(any(row) for row in inside) / n)
    assert found.precision == pytest.approx(sum(any(column) for column in zip(*inside, strict=True)) / m)
    assert found.density == pytest.approx(sum(map(sum, inside)) / (k * m))
    assert likeness(real, real, k).precision == likeness(real, real, k).coverage == 1.0


def test_shares_and_their_distance() -> None:
    assert shares(["b", "a", "b", "c"]) == {"b": 0.5, "a": 0.25, "c": 0.25} and shares([]) == {}
    assert list(shares(["b", "a", "b", "c"])) == ["b", "a", "c"]
    assert total_variation(["a", "b"], ["b", "a", "a", "b"]) == 0.0
    assert total_variation(["a"], ["b", "c"]) == 1.0
    assert total_variation([1, 1, 2, 3], [1, 2, 2, 2]) == 0.5  # 1/4 less of 1, 1/2 more of 2, 1/4 less of 3
    with pytest.raises(ValueError, match="shares of 0 and 1 names"):
        total_variation([], ["a"])
