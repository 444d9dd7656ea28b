"""Scores from outside are as many as the answers, and finite."""

import pytest

from curation.errors import InputError
from synth.synthesize.reward import rewards

PAIRS = [((("user", "Q"),), "A"), ((("user", "Q"),), "AB")]


def test_scores_come_in_the_order_of_the_answers() -> None:
    assert rewards(lambda pairs: [len(answer) for _, answer in pairs], PAIRS) == [1.0, 2.0]
    assert rewards(lambda pairs: [1.0], []) == []


@pytest.mark.parametrize(("scores", "message"), [([1.0], "1 scores for 2 answers"), ([1.0, float("nan")], "gave nan")])
def test_other_scores_are_refused(scores: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        rewards(lambda pairs: scores, PAIRS)
