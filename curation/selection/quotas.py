"""Exact quotas."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np


def largest_remainder(
    weights: Sequence[float] | np.ndarray, total: int, capacities: Sequence[int] | np.ndarray | None = None
) -> np.ndarray:
    """Whole numbers in proportion to the weights that sum to exactly `total` (Hamilton's method).

    Each gets the whole part of its share and the largest remainders get one more, of equal remainders the first. With
    capacities, what one cannot hold is shared out again among the others; the sum is then the smaller of `total` and
    what the weighted ones can hold. Reckoned in exact fractions.

    Args:
        weights: (n,), finite, none negative.
        total: number to share out.
        capacities: (n,), the most each can get.

    Returns:
        int64 of shape (n,).

    Raises:
        ValueError: for weights or a total that cannot be shared out, such as no positive weight.
    """
    shares = [Fraction(float(weight)) for weight in weights]
    if total < 0 or any(share < 0 for share in shares):
        raise ValueError(f"total {total} and weights {list(weights)}, expected none negative")
    if total and not sum(shares):
        raise ValueError(f"{total} to share out and no weight above 0")
    room = [total] * len(shares) if capacities is None else [int(capacity) for capacity in capacities]
    if len(room) != len(shares) or any(capacity < 0 for capacity in room):
        raise ValueError(f"capacities {room} for {len(shares)} weights, expected as many and none negative")
    given = [0] * len(shares)
    open_ones = [i for i, share in enumerate(shares) if share > 0 and room[i] > 0]
    left = min(total, sum(room[i] for i in open_ones))
    while left:
        weight = sum(shares[i] for i in open_ones)
        exact = {i: left * shares[i] / weight for i in open_ones}
        full = [i for i in open_ones if exact[i] >= room[i]]
        if not full:
            for i, extra in _rounded(exact, left).items():
                given[i] += extra
            break
        for i in full:
            given[i] = room[i]
        left -= sum(room[i] for i in full)
        open_ones = [i for i in open_ones if i not in set(full)]
    return np.array(given, dtype=np.int64)


def _rounded(exact: dict[int, Fraction], total: int) -> dict[int, int]:
    """Whole parts, and one more to the largest remainders until the sum is `total`."""
    whole = {i: int(share) for i, share in exact.items()}
    by_remainder = sorted(exact, key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[: total - sum(whole.values())]:
        whole[i] += 1
    return whole
