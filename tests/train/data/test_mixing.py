import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.data import mixing


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{n}" for n in range(count)]


@given(
    st.lists(st.lists(st.integers(1, 500), min_size=1, max_size=30), min_size=1, max_size=4),
    st.integers(1, 200),
    st.data(),
)
def test_tokens_follow_the_weights_at_every_place(lengths: list[list[int]], rows: int, draw: st.DataObject) -> None:
    weights = draw.draw(st.lists(st.floats(0.05, 10), min_size=len(lengths), max_size=len(lengths)))
    tokens = [np.array(part) for part in lengths]
    ids = [names(f"s{n}-", len(part)) for n, part in enumerate(tokens)]
    plan = mixing.schedule(ids, tokens, weights, seed=3, rows=rows)
    assert len(plan) == rows
    shares = np.array(weights) / sum(weights)
    spent = np.zeros(len(tokens))
    longest = np.array([max(part) for part in lengths])
    for source, row in zip(plan.sources, plan.rows, strict=True):
        spent[source] += tokens[source][row]
        above = spent - shares * spent.sum()
        assert (above <= longest + 1e-6).all()
        assert (-above <= shares * (longest.sum() - longest) + 1e-6).all()


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(1, 3))
def test_without_weights_every_row_comes_once_a_pass(counts: list[int], epochs: int) -> None:
    tokens = [np.arange(1, count + 1) for count in counts]
    ids = [names(f"s{n}-", count) for n, count in enumerate(counts)]
    plan = mixing.schedule(ids, tokens, None, seed=1, epochs=epochs)
    for number, count in enumerate(counts):
        assert np.bincount(plan.rows[plan.sources == number], minlength=count).tolist() == [epochs] * count


def test_a_short_source_repeats_in_a_new_order() -> None:
    plan = mixing.schedule([names("a", 20)], [np.full(20, 5)], [1.0], seed=1, rows=40)
    first, second = plan.rows[:20].tolist(), plan.rows[20:].tolist()
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second


def test_epochs_count_passes_of_the_first_source_where_weights_are_given() -> None:
    ids, tokens = [names("a", 10), names("b", 1000)], [np.full(10, 7), np.full(1000, 7)]
    plan = mixing.schedule(ids, tokens, [0.7, 0.3], seed=1, epochs=2)
    assert np.bincount(plan.rows[plan.sources == 0]).tolist() == [2] * 10
    assert int((plan.sources == 1).sum()) == pytest.approx(20 * 3 / 7, abs=1)


def test_the_order_is_decided_by_ids_and_seed_not_by_where_rows_stand() -> None:
    ids = names("row", 50)
    shuffled = list(reversed(ids))
    assert [ids[n] for n in mixing.order(ids, 4, 0)] == [shuffled[n] for n in mixing.order(shuffled, 4, 0)]
    assert mixing.order(ids, 4, 0).tolist() != mixing.order(ids, 5, 0).tolist()
    assert sorted(mixing.order(ids, 4, 0).tolist()) == list(range(50))


def test_rows_of_an_ordered_source_stay_in_their_order_beside_others() -> None:
    ids, tokens = [names("a", 20), names("b", 20)], [np.full(20, 5), np.full(20, 5)]
    plan = mixing.schedule(ids, tokens, [1.0, 1.0], seed=1, epochs=2, ordered=[1])
    placed = plan.rows[plan.sources == 1].tolist()
    assert len(placed) > 30 and placed == [*range(20), *range(20)][: len(placed)]
    assert plan.rows[plan.sources == 0].tolist()[:20] != list(range(20))
