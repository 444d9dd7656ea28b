import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import selection

WEIGHTS = st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=12).filter(lambda w: sum(w) > 0)


def test_largest_remainder_by_hand():
    # shares of 10: 4.7, 1.6, 1.58, 1.2, 0.61, 0.31 (the classical example in tenths)
    assert selection.largest_remainder([47, 16, 15.8, 12, 6.1, 3.1], 10).tolist() == [5, 2, 1, 1, 1, 0]
    assert selection.largest_remainder([1, 1, 1], 4).tolist() == [2, 1, 1]  # of equal remainders the first
    assert selection.largest_remainder([1, 0], 3).tolist() == [3, 0]
    assert selection.largest_remainder([0, 0], 0).tolist() == [0, 0]


@given(WEIGHTS, st.integers(0, 10_000))
def test_largest_remainder_sums_exactly(weights: list[float], total: int):
    given_out = selection.largest_remainder(weights, total)
    assert given_out.sum() == total
    for share, weight in zip(given_out, weights, strict=True):
        assert abs(int(share) - total * weight / sum(weights)) < 1 + 1e-6


@given(WEIGHTS.flatmap(lambda w: st.tuples(st.just(w), st.lists(st.integers(0, 20), min_size=len(w), max_size=len(w)))),
       st.integers(0, 200))  # fmt: skip
def test_largest_remainder_within_capacities(case: tuple[list[float], list[int]], total: int):
    weights, capacities = case
    given_out = selection.largest_remainder(weights, total, capacities)
    assert (given_out <= capacities).all()
    usable = sum(room for room, weight in zip(capacities, weights, strict=True) if weight > 0)
    assert given_out.sum() == min(total, usable)


@pytest.mark.parametrize(
    ("weights", "total", "capacities"), [([0, 0], 1, None), ([-1, 2], 1, None), ([1], -1, None), ([1, 1], 1, [1])]
)
def test_largest_remainder_refuses(weights: list[float], total: int, capacities: list[int] | None):
    with pytest.raises(ValueError):
        selection.largest_remainder(weights, total, capacities)
