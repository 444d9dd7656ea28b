"""Rules from the settings of a recipe, and what a recipe can get wrong in them."""

import pytest

from curation.errors import InputError
from curation.rules import sets
from curation.rules.gopher import gopher_quality
from curation.rules.length import length


def bounds(settings: dict) -> dict[str, tuple[float | None, float | None]]:
    return {rule.name: (rule.low, rule.high) for rule in sets.rules_from(settings)}


def test_sets_in_the_order_of_the_settings() -> None:
    names = [rule.name for rule in sets.rules_from({"korean": {}, "length": {"low": 20}})]
    assert names[0].startswith("korean.") and names[-1] == "length.characters"
    assert bounds({"length": {"low": 20, "high": 30}}) == {"length.characters": (20, 30)}
    assert bounds({}) == {}


def test_thresholds_left_out_are_the_published_ones() -> None:
    published = {rule.name: (rule.low, rule.high) for rule in gopher_quality()}
    assert bounds({"gopher": {}}) == published
    assert bounds({"gopher": {"min_words": 10}}) == published | {"gopher.words": (10, 100_000)}


def test_null_takes_one_bound_away() -> None:
    assert bounds({"length": {"low": None, "high": 5}}) == {"length.characters": (None, 5)}
    assert bounds({"gopher": {"max_words": None}})["gopher.words"] == (50, None)


def test_every_set_stands_under_its_name() -> None:
    for name, make in sets.SETS.items():
        assert {rule.name.split(".")[0] for rule in make()} == {name}
        assert all(rule.definition for rule in make())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gofer": {}}, r"rules: found the set 'gofer', expected one of .*did you mean 'gopher'\?"),
        ({"gopher": {"min_word": 5}}, r"rules.gopher: found the key 'min_word', expected .*did you mean 'min_words'\?"),
        ({"length": {"low": "20"}}, "rules.length.low: found '20', expected a number or null"),
        ({"length": {"low": True}}, "rules.length.low: found True"),
        ({"length": {"high": float("nan")}}, "rules.length.high: found nan"),
        ({"length": {"high": float("inf")}}, "rules.length.high: found inf"),
        ({"length": {"low": 5, "high": 4}}, "rules.length: length.characters has the bounds 5 to 4; nothing can pass"),
        # where a rule applies is no bound: without it the whole set would judge nothing
        ({"gopher": {"max_hangul": None}}, "rules.gopher.max_hangul: found None, expected a number$"),
        ({"korean": {"korean_from": None}}, "rules.korean.korean_from: found None, expected a number$"),
        ({"korean": {"endings_from_words": None}}, "rules.korean.endings_from_words: found None, expected a number$"),
    ],
)
def test_what_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sets.rules_from(settings)


def test_equal_bounds_are_no_contradiction() -> None:
    assert bounds({"length": {"low": 5, "high": 5}}) == {"length.characters": (5, 5)}


def test_explained_in_the_order_of_deciding() -> None:
    assert sets.explain(length(2, 9)) == [
        {"name": "length.characters", "definition": length()[0].definition, "low": 2, "high": 9}
    ]
