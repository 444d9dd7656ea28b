"""Options of rejection sampling: what cannot be is refused in one sentence."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.synthesize.best_of.options import BestOfOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "samples is 0, expected at least 1"),
        ({"samples": 2, "keep": 3}, "keep is 3, expected at most samples"),
        ({"temperature": 0.0}, "every sample is the same"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"max_similarity": 1.5}, "max_similarity is 1.5, expected from 0 to 1"),
        ({"choose": "longest"}, "choose is 'longest', expected one of first"),
        ({"language": "de"}, "language is 'de'"),
        ({"explain": True, "template": "{{ question }}"}, "explain and template are both set"),
        ({"template": "{{ q }}"}, "template uses the value 'q'"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        BestOfOptions(**options)


def test_one_greedy_answer_is_allowed() -> None:
    assert BestOfOptions(samples=1, temperature=0.0).keep == 1
