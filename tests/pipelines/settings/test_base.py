from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from pipelines.settings.base import Settings, forbidding_others


@dataclass(frozen=True)
class Options:
    size: int = 1


class Group(Settings):
    options: Options = Options()


def test_a_dataclass_refuses_other_keys_and_stays_itself():
    forbidding_others(Options)
    with pytest.raises(ValidationError, match="other"):
        Group.model_validate({"options": {"other": 1}})
    assert type(Group.model_validate({"options": {"size": 2}}).options) is Options
