import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.merging.deltas import cuts, drawn, elected, restoring, task_arithmetic, trimmed

BASE = torch.tensor([[0.125, 0.25, -0.5], [1.0, 0.0, 0.5]])
DELTAS = [
    torch.tensor([[0.5, -1.25, 2.0], [0.75, 0.125, -0.5]]) - BASE,
    torch.tensor([[-0.25, 1.5, 1.0], [0.5, -0.625, 0.25]]) - BASE,
]


def largest(delta: torch.Tensor, density: float, entries: int = 1 << 20) -> torch.Tensor:
    """A difference trimmed in parts of so many entries."""
    parts = delta.flatten().split(entries)
    (cut,) = cuts(lambda: ([part] for part in parts), density)
    found, before = [], 0
    for part in parts:
        made, before = trimmed(part, cut, before)
        found.append(made)
    return torch.cat(found).reshape(delta.shape)


def ties(deltas, weights, density, normalise):
    return elected([largest(delta, density) for delta in deltas], weights, normalise)


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
    assert largest(torch.tensor([1.0, -5.0, 2.0, 3.0]), 0.5).tolist() == [0.0, -5.0, 0.0, 3.0]
    assert largest(torch.tensor([1.0, -5.0, 2.0]), 0.01).tolist() == [0.0, -5.0, 0.0], "at least one"
    assert largest(torch.tensor([2.0, -2.0, 2.0, 2.0]), 0.5).tolist() == [2.0, -2.0, 0.0, 0.0], "the first of equals"


def test_task_arithmetic_is_a_weighted_sum_or_mean():
    found = task_arithmetic([torch.tensor([1.0]), torch.tensor([3.0])], (1.0, 0.5), False)
    assert found.item() == 2.5
    assert task_arithmetic([torch.tensor([1.0]), torch.tensor([3.0])], (1.0, 0.5), True).item() == pytest.approx(5 / 3)
    assert task_arithmetic([torch.tensor([1.0]), torch.tensor([3.0])], (1.0, -1.0), True).item() == -2.0


# What MergeKit 0.1.5 makes of each difference with density 0.5 and two seeds; what it dropped is zero.
DARE = [
    ([[0.0, -2.090909004211426, 3.4848484992980957], [0.0, 0.17424242198467255, 0.0]],
     [[-1.9285714626312256, 0.0, 0.0], [-2.5714285373687744, 0.0, 0.0]],
     [[-1.8035714626312256, -1.8409090042114258, 2.9848484992980957], [-1.5714285373687744, 0.17424242198467255, 0.5]]),
    ([[0.0, -4.928571701049805, 0.0], [-0.8214285969734192, 0.0, 0.0]],
     [[-0.7941176891326904, 2.6470589637756348, 0.0], [-1.058823585510254, 0.0, 0.0]],
     [[-0.6691176891326904, -2.03151273727417, -0.5], [-0.8802521824836731, 0.0, 0.5]]),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "merged"), DARE)
def test_drawn_entries_that_restore_magnitudes_are_those_of_mergekit(first, second, merged):
    kept = []
    for delta, stored in zip(DELTAS, map(torch.tensor, (first, second)), strict=True):
        left = torch.where(stored != 0, delta, 0)
        kept.append(restoring(float(delta.abs().sum()), float(left.abs().sum())) * left)
        torch.testing.assert_close(kept[-1], stored)
    torch.testing.assert_close(BASE + task_arithmetic(kept, (1.0, 1.0), False), torch.tensor(merged))


def test_nothing_is_restored_where_nothing_is_left():
    assert restoring(3.0, 1.5) == 2.0 and restoring(3.0, 0.0) == 1.0 and restoring(0.0, 0.0) == 1.0


@given(st.floats(0.05, 0.95), st.integers(0, 1000))
def test_each_entry_is_drawn_with_the_probability_given(density, seed):
    delta = torch.linspace(-3, 3, 4000)
    found = drawn(delta, density, torch.Generator().manual_seed(seed))
    stay = found != 0
    assert found[stay].equal(delta[stay])
    # Six standard deviations of a binomial share.
    assert abs(float(stay.float().mean()) - density) < 6 * (density * (1 - density) / 4000) ** 0.5 + 1e-3


def test_the_same_seed_draws_the_same():
    delta = torch.ones(100)
    first, again, other = (drawn(delta, 0.5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.equal(again) and not first.equal(other)
    assert drawn(delta, 1.0, torch.Generator()).equal(delta)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=30), st.floats(0.01, 1.0), st.integers(1, 30))
def test_what_stays_are_the_first_of_the_largest_in_parts_of_any_size(entries, density, size):
    delta = torch.tensor(entries, dtype=torch.float32)
    keep = max(1, int(density * len(entries)))
    stay = sorted(range(len(entries)), key=lambda at: (-abs(entries[at]), at))[:keep]
    expected = [entries[at] if at in stay else 0.0 for at in range(len(entries))]
    assert largest(delta, density, size).tolist() == expected


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=40), st.floats(0.01, 1.0))
def test_as_many_entries_stay_as_are_wanted_and_none_is_larger_than_they(entries, density):
    delta = torch.tensor(entries, dtype=torch.float32)
    stay = largest(delta, density, 7) != 0
    keep = max(1, int(density * len(entries)))
    assert int(stay.sum()) == min(keep, int((delta != 0).sum()))
    if 0 < int(stay.sum()) < len(entries):
        assert delta[stay].abs().min() >= delta[~stay].abs().max()


def test_several_differences_are_cut_each_by_its_own_magnitudes():
    one, other = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([-40.0, 30.0, 20.0, 10.0])
    found = cuts(lambda: ([one[at : at + 3], other[at : at + 3]] for at in (0, 3)), 0.5)
    assert [trimmed(delta, cut)[0].tolist() for delta, cut in zip((one, other), found, strict=True)] == [
        [0.0, 0.0, 3.0, 4.0],
        [-40.0, 30.0, 0.0, 0.0],
    ]


def test_what_is_no_number_is_not_trimmed_away():
    found = largest(torch.tensor([1.0, float("nan"), float("inf"), 2.0]), 0.5)
    assert torch.isnan(found).tolist() == [False, True, False, False] and torch.isinf(found)[2]
