"""Settings that make no sense are refused where they are made, by name."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.rehearse import RehearseOptions


def test_the_defaults_are_the_papers() -> None:
    """SSR, section 4.1: 20 demonstrations, three samples, 200 rows a task, temperature 0.9, top-p 0.6, penalty 1.2."""
    options = RehearseOptions()
    assert (options.demos_per_task, options.samples, options.rows, options.clusters) == (20, 3, 200, 20)
    assert (options.temperature, options.top_p, options.repetition_penalty) == (0.9, 0.6, 1.2)
    assert options.prompts_per_task is None  # all 380 ordered pairs


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("demos_per_task", 1, "at least 2"),
        ("per_task", 0, "at least 1"),
        ("budget_tokens", 0, "at least 1"),
        ("selection", "best", "one of nearest, k_center, random"),
        ("samples", 0, "at least 1"),
        ("max_tokens", 0, "at least 1"),
        ("clusters", 0, "at least 1"),
        ("dimensions", 0, "at least 1"),
        ("prompts_per_task", 0, "at least 1"),
        ("temperature", -0.5, "0 or more"),
        ("temperature", float("nan"), "0 or more"),
        ("top_p", 0.0, "above 0 and at most 1"),
        ("top_p", 1.5, "above 0 and at most 1"),
        ("repetition_penalty", 0.0, "above 0"),
        ("max_length_ratio", 0.5, "at least 1"),
        ("near_duplicate", 0.0, "above 0 and at most 1"),
        ("near_duplicate", 1.2, "above 0 and at most 1"),
        ("max_rouge", 1.5, "from 0 to 1"),
        ("hangul_margin", -0.1, "from 0 to 1"),
        ("min_consistency", 2.0, "from 0 to 1"),
        ("long_words", -1, "0 or more"),
        ("few_labels", -1, "0 or more"),
        ("refine", "letter", "one of chat, list"),
    ],
)
def test_impossible_settings_are_named(name: str, value: Any, expected: str) -> None:
    with pytest.raises(InputError) as raised:
        RehearseOptions(**{name: value})
    assert str(raised.value) == f"rehearse option {name} is {value!r}, expected {expected}"


@pytest.mark.parametrize(
    "settings",
    [
        {"demos_per_task": 2, "per_task": 1, "prompts_per_task": 1},
        {"temperature": 0.0, "top_p": 1.0, "max_length_ratio": 1.0},
        {"max_rouge": 0.0, "hangul_margin": 1.0, "min_consistency": 1.0, "near_duplicate": 1.0},
        {"long_words": 0, "few_labels": 0},
    ],
)
def test_the_edges_are_allowed(settings: dict[str, Any]) -> None:
    assert all(getattr(RehearseOptions(**settings), name) == value for name, value in settings.items())


def test_a_budget_is_rows_or_tokens() -> None:
    assert RehearseOptions(per_task=7).rows == 7 and RehearseOptions(budget_tokens=900).rows is None
    with pytest.raises(InputError, match="per_task is 5 and budget_tokens 900, expected one of them"):
        RehearseOptions(per_task=5, budget_tokens=900)
