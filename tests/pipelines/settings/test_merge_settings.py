import pytest
from pydantic import ValidationError

from pipelines.settings import MergeSettings


def test_t_is_a_number_or_several():
    assert MergeSettings(models=("a", "b")).t == 0.5
    assert MergeSettings.model_validate({"models": ["a", "b"], "t": [0, 1]}).t == (0.0, 1.0)
    with pytest.raises(ValidationError):
        MergeSettings.model_validate({"models": [], "t": 0.5})
