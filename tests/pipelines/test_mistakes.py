"""Mistakes in settings, each in one sentence: on settings made up for it, and the words that are near."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipelines.mistakes import explain, nearest


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Oven(Strict):
    degrees: int = Field(180, ge=0, description="how hot")


class Bake(Strict):
    job: Literal["bake"] = "bake"
    dough: str = Field(description="what is baked")
    oven: Oven | None = None
    toppings: tuple[str, ...] = ()

    @field_validator("toppings")
    @classmethod
    def _no_pineapple(cls, toppings: tuple[str, ...]) -> tuple[str, ...]:
        if "pineapple" in toppings:
            raise ValueError("toppings.pineapple: found it, expected none")
        return toppings


class Menu(Strict):
    title: str = "menu"
    steps: dict[str, Bake]


def said(tree: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Menu.model_validate(tree)
    return explain(caught.value, Menu, {"bake": Bake})


def step(**settings: Any) -> dict[str, Any]:
    return {"steps": {"first": {"job": "bake", "dough": "rye", **settings}}}


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (step(oven={"degrees": -1}), "steps.first.oven.degrees is -1: input should be greater than or equal to 0"),
        (step() | {"titel": "x"}, "unknown key 'titel'; did you mean 'title'?"),
        (step() | {"zzz": "x"}, "unknown key 'zzz'; known: title, steps"),
        ({}, "missing key 'steps', expected a mapping of steps"),
        (step(toppings=["pineapple"]), "steps.first.toppings.pineapple: found it, expected none"),
        (step(toppings=["pineapple"]) | {"titel": "x"}, "unknown key 'titel'; did you mean 'title'?"),
        ([], "recipe is []: input should be a valid dictionary or instance of Menu"),
    ],
)
def test_the_key_and_what_was_expected_are_said(tree: Any, sentence: str) -> None:
    assert said(tree) == sentence


def test_a_word_far_from_all_is_told_them_all() -> None:
    assert nearest("threshhold", ["threshold", "bands"]) == "; did you mean 'threshold'?"
    assert nearest("zzz", ["threshold", "bands"]) == "; known: threshold, bands"
    assert nearest("zzz", []) == ""
