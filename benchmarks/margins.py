"""How often "less than the margin was forgotten" is said of models that lost just as much as the margin.

    python -m benchmarks.margins [--draws 100] [--margin 0.05 0.02] [--items 20 60 100 150 300 1000]

A model that answered every item loses each with the chance of the margin. The test of `keepwise evaluate` is to let
through at most 5 % of such models; beside it stands the bootstrap alone, which knows no item but those that it saw.
Shares have Wilson 95 % intervals.
"""

import argparse

import numpy as np

from curation.metrics.intervals import equivalence, paired_bootstrap, wilson

RESAMPLES = 2000  # as an evaluate step has
ALPHA = 0.05


def let_through(items: int, margin: float, draws: int) -> tuple[int, int]:
    """Models of `draws` that pass the test, and that pass the bootstrap alone."""
    generator = np.random.default_rng(items)
    before = np.ones(items)
    tested = alone = 0
    for draw in range(draws):
        after = 1.0 - (generator.random(items) < margin)
        found = equivalence(before, after, margin, alpha=ALPHA, resamples=RESAMPLES, seed=draw)
        interval = paired_bootstrap(before, after, confidence=1 - 2 * ALPHA, resamples=RESAMPLES, seed=draw)
        tested += found.no_worse
        alone += interval.low > -margin
    return tested, alone


def said(count: int, of: int) -> str:
    low, high = wilson(count, of)
    return f"{count:>4} of {of} [{low:.2f}, {high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--margin", type=float, nargs="+", default=[0.05, 0.02])
    parser.add_argument("--items", type=int, nargs="+", default=[20, 60, 100, 150, 300, 1000])
    given = parser.parse_args()
    print(f"{'margin':>7}{'items':>7}{'the test':>26}{'the bootstrap alone':>26}")
    for margin in given.margin:
        for items in given.items:
            tested, alone = let_through(items, margin, given.draws)
            print(f"{margin:>7}{items:>7}{said(tested, given.draws):>26}{said(alone, given.draws):>26}", flush=True)


if __name__ == "__main__":
    main()
