import pytest

from curation.errors import InputError
from train.options.merging import MergeOptions


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"method": "mean"}, "method is 'mean', expected one of lerp, slerp"),
        ({"t": 1.5}, "t is 1.5, expected a number from 0 to 1"),
        ({"t": (0.1, -1.0)}, "expected a number from 0 to 1"),
        ({"t": float("nan")}, "expected a number from 0 to 1"),
        ({"density": 0.0}, "density is 0.0, expected above 0"),
        ({"scale": float("inf")}, "scale is inf"),
        ({"method": "ties", "weights": (1.0, float("nan"))}, "weights"),
        ({"method": "lerp", "weights": (1.0, 2.0)}, "expected it with a method of task, ties, dare only"),
    ],
)
def test_what_cannot_be_is_said(values, sentence):
    with pytest.raises(InputError, match=sentence):
        MergeOptions(**values)


@pytest.mark.parametrize(
    ("values", "models", "base", "sentence"),
    [
        ({"method": "ties"}, 2, False, "base is not given, expected a model: ties"),
        ({"method": "slerp"}, 2, True, "base is given, expected none with slerp"),
        ({"method": "slerp"}, 1, False, "models has 1, expected at least 2"),
        ({"method": "task", "weights": (1.0,)}, 2, True, "weights has 1 values, expected 2"),
        ({"method": "slerp", "t": 0.3}, 3, False, "with 3 models, expected 0.5"),
    ],
)
def test_a_method_and_its_models_must_fit(values, models, base, sentence):
    with pytest.raises(InputError, match=sentence):
        MergeOptions(**values).check_models(models, base)
    MergeOptions(method="dare").check_models(1, True)
