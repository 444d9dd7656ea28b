"""Spending a budget, in rows or in tokens: quotas of groups sum to it exactly, and what is chosen never exceeds it."""

from collections.abc import Callable, Sequence

import numpy as np

from .quotas import largest_remainder

Choose = Callable[[np.ndarray, int], np.ndarray]  # (rows, budget) -> chosen rows that cost no more


def fill(order: np.ndarray, costs: np.ndarray, budget: int) -> np.ndarray:
    """Rows in their order, each taken where it still fits; after one that does not, smaller ones may.

    Args:
        order: int (n,), row numbers, the most wanted first.
        costs: int (rows,), of every row, at least one each.
        budget: what the rows may cost together.

    Returns:
        int64 (chosen,), in that order.

    Raises:
        ValueError: for a cost below one, by which a budget would hold any number of rows.
    """
    order = np.asarray(order, dtype=np.int64)
    if len(order) and int(np.asarray(costs)[order].min()) < 1:
        raise ValueError(f"a row costs {int(np.asarray(costs)[order].min())}, expected at least 1")
    chosen, left = [], budget
    for row in order.tolist():
        if costs[row] <= left:
            chosen.append(row)
            left -= int(costs[row])
    return np.array(chosen, dtype=np.int64)


def spend(
    groups: Sequence[np.ndarray],
    weights: Sequence[float] | np.ndarray,
    costs: np.ndarray,
    budget: int,
    choose: Choose | None = None,
) -> np.ndarray:
    """Rows of groups that each get a part of a budget in proportion to their weights, by largest remainder.

    No group gets more than all its rows cost; what one cannot hold is shared among the others. What rows that do not
    fit leave of the parts goes to the rows that are left, in the order of the groups, so that little is wasted; with
    costs of one each nothing is left, and every group has exactly its part.

    Args:
        groups: row numbers of each group, the most wanted first; no row in two of them.
        weights: of the groups; one of weight zero gets nothing.
        costs: int (rows,), of every row, at least one each.
        budget: what the rows may cost together.
        choose: picks rows of one group within its part; `fill` in the order of the group unless given.

    Returns:
        int64 (chosen,), ascending; their costs sum to the budget at most.
    """
    rated = [(np.asarray(group, np.int64), weight) for group, weight in zip(groups, weights, strict=True) if weight > 0]
    if not rated or budget <= 0:
        return np.empty(0, np.int64)
    parts = largest_remainder([weight for _, weight in rated], budget, [int(costs[group].sum()) for group, _ in rated])
    chosen = [np.empty(0, np.int64)]
    for (group, _), part in zip(rated, parts.tolist(), strict=True):
        chosen.append(fill(group, costs, part) if choose is None else choose(group, part))
    taken = np.concatenate(chosen)
    rest = np.concatenate([group for group, _ in rated])
    rest = rest[~np.isin(rest, taken)]
    return np.sort(np.concatenate([taken, fill(rest, costs, budget - int(costs[taken].sum()))]))
