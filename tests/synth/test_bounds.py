"""One sentence for the first option that is not as it must be."""

from dataclasses import dataclass

import pytest

from curation.errors import InputError
from synth import bounds


@dataclass(frozen=True)
class Options:
    temperature: float = 0.7
    top_p: float = 0.9
    max_tokens: int = 8
    share: float = 0.5
    language: str = "auto"

    def __post_init__(self) -> None:
        every = {**bounds.sampling(self), **bounds.share(self, "share"), **bounds.language(self)}
        bounds.expect("method", self, every | bounds.count(self, 2, "max_tokens"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temperature": -1}, "method option temperature is -1, expected 0 or more"),
        ({"temperature": float("nan")}, "temperature is nan, expected 0 or more"),
        ({"top_p": 0}, "top_p is 0, expected above 0 and at most 1"),
        ({"max_tokens": 1}, "max_tokens is 1, expected at least 2"),
        ({"share": 1.5}, "share is 1.5, expected from 0 to 1"),
        ({"language": "de"}, "language is 'de', expected one of auto, en, ko"),
    ],
)
def test_the_option_the_value_and_what_was_expected_are_named(options: dict[str, object], said: str) -> None:
    Options()
    with pytest.raises(InputError, match=said):
        Options(**options)  # type: ignore[arg-type]


def test_a_bound_itself_is_allowed() -> None:
    for share in (0.0, 1.0):
        assert Options(temperature=0.0, top_p=1.0, max_tokens=2, share=share).share == share
