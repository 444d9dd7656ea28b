import pytest
from pydantic import ValidationError

from curation.errors import InputError
from pipelines.recipe import validate
from pipelines.settings import MergeSettings
from train.options.merging import MergeOptions


def test_t_is_a_number_or_several():
    assert MergeSettings(models=("a", "b")).t == 0.5
    assert MergeSettings.model_validate({"models": ["a", "b"], "t": [0, 1]}).t == (0.0, 1.0)
    with pytest.raises(ValidationError):
        MergeSettings.model_validate({"models": [], "t": 0.5})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"t": 2}, "steps.s.t is 2.0, expected a number from 0 to 1"),
        ({"t": [0.1, 3]}, "steps.s.t is (0.1, 3.0), expected a number from 0 to 1, or several"),
        ({"method": "ties"}, "steps.s.base is not given, expected a model: ties adds differences from it"),
        ({"base": "c"}, "steps.s.base is given, expected none with slerp"),
        ({"models": ["a", "b", "c"], "t": 0.2}, "steps.s.t is 0.2 with 3 models, expected 0.5"),
        ({"method": "dare", "base": "c", "density": 0}, "steps.s.density is 0.0, expected above 0"),
        ({"method": "task", "base": "c", "weights": [1]}, "steps.s.weights has 1 values, expected 2"),
    ],
)
def test_what_does_not_fit_is_one_sentence_before_anything_runs(settings, said):
    with pytest.raises(InputError) as caught:
        validate({"steps": {"s": {"job": "merge", "models": ["a", "b"], **settings}}}, "r.yaml")
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_settings_reach_the_merge():
    settings = MergeSettings(models=("a",), base="b", method="dare", density=0.25, weights=(2.0,))
    assert settings.options(3) == MergeOptions("dare", weights=(2.0,), density=0.25, seed=3)
