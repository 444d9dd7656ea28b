from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.options.preferences import Dpo, Kto, Orpo, Preferences, Slic
from train.options.run import Source, TrainOptions


@pytest.mark.parametrize(
    ("family", "change", "message"),
    [
        (Dpo, {"beta": 0}, "dpo.beta is 0, expected a number above 0"),
        (Dpo, {"losses": ()}, r"dpo.losses is \[\], expected one that compares"),
        (Dpo, {"losses": ("sft",)}, r"dpo.losses is \['sft'\], expected one that compares, beside sft"),
        (Dpo, {"losses": ("sigmoid", "sigmoid")}, "dpo.losses is .* expected different ones of sigmoid, ipo"),
        (Dpo, {"losses": ("bce",)}, "dpo.losses is"),
        (Dpo, {"losses": ("sigmoid", "sft"), "weights": (1.0,)}, r"dpo.weights is \[1.0\], expected 2 numbers above 0"),
        (Dpo, {"weights": (-1.0,)}, "dpo.weights is"),
        (Kto, {"beta": -1}, "kto.beta is -1"),
        (Kto, {"desirable": 0}, "kto.desirable is 0"),
        (Kto, {"undesirable": float("inf")}, "kto.undesirable is inf"),
        (Orpo, {"beta": float("nan")}, "orpo.beta is nan"),
        (Slic, {"delta": 0}, "slic.delta is 0"),
        (Slic, {"weight": -0.1}, "slic.weight is -0.1, expected a number of at least 0"),
    ],
)
def test_a_bad_value_is_named(family: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        family(**change)


def test_they_are_options_of_a_run() -> None:
    options = TrainOptions("m", (Source(Path("a")),), method="dpo", dpo=Dpo(losses=["sigmoid", "sft"]),
                           preferences=Preferences("pairs.jsonl"))  # fmt: skip
    assert options.dpo.losses == ("sigmoid", "sft")
    assert options.preferences.held_out == Path("pairs.jsonl")
