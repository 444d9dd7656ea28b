"""Options of preference pairs: what cannot be is refused in one sentence."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.synthesize.preferences.options import PreferencesOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "taste"}, "by is 'taste', expected one of checks, reward, judge"),
        ({"ties": "split"}, "ties is 'split', expected one of drop, keep"),
        ({"samples": 1}, "samples is 1, expected at least 2"),
        ({"temperature": 0.0}, "temperature is 0.0, expected above 0"),
        ({"min_margin": -0.1}, "min_margin is -0.1, expected 0 or more"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"min_language": 2}, "min_language is 2"),
        ({"language": "fr"}, "language is 'fr'"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PreferencesOptions(**options)
