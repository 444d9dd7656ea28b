"""The pair of a row: its best and its worst, of like length where there is a choice."""

from synth.synthesize.preferences.pair import Pair, best_and_worst


def test_best_against_worst() -> None:
    assert best_and_worst([0.5, 2.0, -1.0], [9, 9, 9]) == Pair(1, 2, 3.0)


def test_of_equals_those_of_the_nearest_length() -> None:
    assert best_and_worst([1, 1, 0, 0], [10, 50, 48, 200]) == Pair(1, 2, 1)
    assert best_and_worst([1, 0, 0], [10, 20, 20]) == Pair(0, 1, 1)


def test_equal_scores_are_a_margin_of_nothing() -> None:
    pair = best_and_worst([1, 1], [3, 4])
    assert pair is not None and pair.margin == 0 and pair.chosen != pair.rejected


def test_fewer_than_two_scores_are_no_pair() -> None:
    assert best_and_worst([1.0], [3]) is None
    assert best_and_worst([1.0, None], [3, 4]) is None
