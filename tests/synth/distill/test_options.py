"""Settings that make no sense are refused where they are made, by name."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.distill import DistillOptions


def test_the_defaults_are_valid_and_cannot_be_changed_later() -> None:
    options = DistillOptions()
    with pytest.raises(AttributeError):
        options.candidates = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"candidates": -1}, "candidates is -1, expected 0 or more"),
        ({"prompts": "poem"}, "prompts is 'poem', expected one of rewrite, translation"),
        ({"canaries": -1}, "canaries is -1, expected 0 or more"),
        ({"enough": 0}, "enough is 0, expected at least 1"),
        ({"max_tokens": 0}, "max_tokens is 0, expected at least 1"),
        ({"closed_book": False, "candidates": 0}, "closed_book and candidates are both off"),
        ({"temperature": -0.1}, "temperature is -0.1, expected 0 or more"),
        ({"temperature": float("nan")}, "temperature is nan, expected 0 or more"),
        ({"top_p": 0.0}, "top_p is 0.0, expected above 0 and at most 1"),
        ({"top_p": 1.1}, "top_p is 1.1, expected above 0 and at most 1"),
        ({"min_language": 1.5}, "min_language is 1.5, expected from 0 to 1"),
        ({"min_recall": -0.5}, "min_recall is -0.5, expected from 0 to 1"),
        ({"min_precision": 2.0}, "min_precision is 2.0, expected from 0 to 1"),
        ({"min_kept": 2.0}, "min_kept is 2.0, expected from 0 to 1"),
        ({"min_grounded": -1.0}, "min_grounded is -1.0, expected from 0 to 1"),
        ({"min_support": 1.5}, "min_support is 1.5, expected from 0 to 1"),
        ({"max_leaked": -0.1}, "max_leaked is -0.1, expected from 0 to 1"),
        ({"code_seconds": 0.0}, "code_seconds is 0.0, expected above 0"),
        ({"code_memory_mb": 8}, "code_memory_mb is 8, expected at least 32"),
        ({"max_false_accept": 8.0}, "max_false_accept is 8.0, expected from 0 to 1"),
        ({"max_false_reject": -1.0}, "max_false_reject is -1.0, expected from 0 to 1"),
        ({"shortest": -1.0}, "shortest is -1.0 and longest 4.0, expected 0 <= shortest <= longest"),
        ({"signs": False}, "signs is off, expected judge on"),
        ({"signs": False, "judge": True, "canaries": 0}, "signs is off, expected judge on"),
        ({"shortest": 5.0}, "shortest is 5.0 and longest 4.0, expected 0 <= shortest <= longest"),
    ],
)
def test_impossible_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message.replace(".", r"\.")):
        DistillOptions(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"candidates": 0},
        {"closed_book": False, "candidates": 1},
        {"temperature": 0.0, "top_p": 1.0},
        {"min_language": 0.0, "min_recall": 1.0, "min_precision": 0.0},
        {"max_false_accept": 1.0, "max_false_reject": 0.0},
        {"shortest": 0.0, "longest": 0.0},
    ],
)
def test_the_edges_are_allowed(settings: dict[str, Any]) -> None:
    assert all(getattr(DistillOptions(**settings), name) == value for name, value in settings.items())
