from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.options.run import Lora, Source, TrainOptions


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": ()}, "expected at least one source"),
        ({"data": (Source(Path("a"), 1.0), Source(Path("b")))}, "1 of 2 sources with a weight"),
        ({"method": "dpop"}, "method is 'dpop', expected one of sft, cpt"),
        ({"tuning": "some"}, "tuning is 'some'"),
        ({"over_long": "cut"}, "over_long is 'cut', expected one of split, drop, refuse"),
        ({"learning_rate": 0}, "learning_rate is 0"),
        ({"warmup": 1.0}, "warmup is 1.0"),
        ({"batch_size": 8, "micro_batch_size": 3}, "micro_batch_size is 3, expected a divisor of batch_size 8"),
        ({"steps": 0}, "steps is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"schedule": "sine"}, "schedule is 'sine', expected one of .*cosine"),
        ({"max_tokens": 1}, "max_tokens is 1"),
        ({"method": "cpt", "data": (Source(Path("a"), ordered=True),)}, "method cpt with rows of a in their order"),
    ],
)
def test_a_bad_value_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainOptions(**{"model": "m", "data": (Source(Path("a")),), **change})


def test_sources_and_adapters_check_theirs() -> None:
    with pytest.raises(InputError, match="weight of rows is -1"):
        Source(Path("some/rows"), -1)
    with pytest.raises(InputError, match="weight of rows is inf, expected a number above 0"):
        Source(Path("some/rows"), float("inf"))
    with pytest.raises(InputError, match=r"lora.rank is 0"):
        Lora(rank=0)
    assert Source(Path("some/rows")).name == "rows"
