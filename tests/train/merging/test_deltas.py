import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.merging.deltas import dropped, task_arithmetic, ties, trimmed

BASE = torch.tensor([[0.125, 0.25, -0.5], [1.0, 0.0, 0.5]])
DELTAS = [
    torch.tensor([[0.5, -1.25, 2.0], [0.75, 0.125, -0.5]]) - BASE,
    torch.tensor([[-0.25, 1.5, 1.0], [0.5, -0.625, 0.25]]) - BASE,
]


@pytest.mark.parametrize(
    ("weights", "density", "normalise", "mergekit"),  # what MergeKit 0.1.5 makes of base and models
    [
        ((1.0, 1.0), 0.5, True, [[0.125, -1.25, 1.5], [1.0, -0.625, -0.5]]),
        ((1.0, 1.0), 0.5, False, [[0.125, -1.25, 3.5], [1.0, -0.625, -0.5]]),
        ((0.25, 0.75), 0.67, True, [[0.5, 1.5, 1.25], [0.5, -0.625, -0.5]]),
    ],
)
def test_ties_is_that_of_mergekit(weights, density, normalise, mergekit):
    torch.testing.assert_close(BASE + ties(DELTAS, weights, density, normalise), torch.tensor(mergekit))


@pytest.mark.parametrize(
    ("weights", "normalise", "mergekit"),  # the same of its task arithmetic
    [
        ((1.0, 1.0), False, [[0.125, 0.0, 3.5], [0.25, -0.5, -0.75]]),
        ((1.0, 1.0), True, [[0.125, 0.125, 1.5], [0.625, -0.25, -0.125]]),
        ((0.25, 0.75), False, [[-0.0625, 0.8125, 1.25], [0.5625, -0.4375, 0.0625]]),
        ((1.0, -0.5), True, [[1.25, -4.0, 3.0], [1.0, 0.875, -1.25]]),
    ],
)
def test_task_arithmetic_is_that_of_mergekit(weights, normalise, mergekit):
    torch.testing.assert_close(BASE + task_arithmetic(DELTAS, weights, normalise), torch.tensor(mergekit))


def test_signs_are_elected_by_hand():
    """Entry 1: +3 against -1: positive, only the 3 counts. Entry 2: both negative, their mean. Entry 3: one is zero."""
    found = ties([torch.tensor([3.0, -2.0, 0.0]), torch.tensor([-1.0, -4.0, 5.0])], (1, 1), 1.0, True)
    assert found.tolist() == [3.0, -3.0, 5.0]


def test_the_largest_entries_stay():
    assert trimmed(torch.tensor([1.0, -5.0, 2.0, 3.0]), 0.5).tolist() == [0.0, -5.0, 0.0, 3.0]
    assert trimmed(torch.tensor([1.0, -5.0, 2.0]), 0.01).tolist() == [0.0, -5.0, 0.0], "at least one"
    assert trimmed(torch.tensor([2.0, -2.0, 2.0, 2.0]), 0.5).tolist() == [2.0, -2.0, 0.0, 0.0], "the first of equals"
    assert trimmed(torch.empty(0), 0.5).tolist() == []


def test_task_arithmetic_is_a_weighted_sum_or_mean():
    found = task_arithmetic([torch.tensor([1.0]), torch.tensor([3.0])], (1.0, 0.5), False)
    assert found.item() == 2.5
    assert task_arithmetic([torch.tensor([1.0]), torch.tensor([3.0])], (1.0, 0.5), True).item() == pytest.approx(5 / 3)
    assert task_arithmetic([torch.tensor([1.0]), torch.tensor([3.0])], (1.0, -1.0), True).item() == -2.0


@given(st.floats(0.05, 0.95), st.integers(0, 1000))
def test_what_is_dropped_is_made_up_for_by_what_stays(density, seed):
    delta = torch.linspace(-3, 3, 4000)
    found = dropped(delta, density, torch.Generator().manual_seed(seed))
    stay = found != 0
    torch.testing.assert_close(found[stay], delta[stay] / density)
    # Six standard deviations of a binomial share.
    assert abs(float(stay.float().mean()) - density) < 6 * (density * (1 - density) / 4000) ** 0.5 + 1e-3


def test_the_same_seed_drops_the_same():
    delta = torch.ones(100)
    first, again, other = (dropped(delta, 0.5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.equal(again) and not first.equal(other)
    assert dropped(delta, 1.0, torch.Generator()).equal(delta)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_what_stays_are_the_first_of_the_largest(entries, density):
    delta = torch.tensor(entries, dtype=torch.float32)
    keep = max(1, int(density * len(entries)))
    stay = sorted(range(len(entries)), key=lambda at: (-abs(entries[at]), at))[:keep]
    assert trimmed(delta, density).tolist() == [entries[at] if at in stay else 0.0 for at in range(len(entries))]


def test_what_is_no_number_is_not_trimmed_away():
    assert torch.isnan(trimmed(torch.tensor([1.0, float("nan"), 3.0, 2.0]), 0.25)).tolist() == [
        False,
        True,
        False,
        False,
    ]
