from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from pipelines.settings.base import Settings, forbidding_others


@dataclass(frozen=True)
class Options:
    size: int = 1
    share: float = 0.5


class Group(Settings):
    options: Options = Options()
    rate: float = 1.0


def test_a_dataclass_refuses_other_keys_and_stays_itself():
    forbidding_others(Options)
    with pytest.raises(ValidationError, match="other"):
        Group.model_validate({"options": {"other": 1}})
    assert type(Group.model_validate({"options": {"size": 2}}).options) is Options


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_a_number_that_is_not_finite_is_refused_everywhere(number: float):
    forbidding_others(Options)
    for given in ({"rate": number}, {"options": {"share": number}}):
        with pytest.raises(ValidationError, match="finite number"):
            Group.model_validate(given)
