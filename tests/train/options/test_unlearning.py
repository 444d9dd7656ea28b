import pytest

from curation.errors import InputError
from train.options.unlearning import Unlearning


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "ascent"}, "unlearning.loss is 'ascent', expected one of gradient_ascent, gradient_difference, npo"),
        ({"retain_loss": "l2"}, "unlearning.retain_loss is 'l2', expected one of nll, kl"),
        ({"loss": "gradient_difference"}, "unlearning.retain is .*, expected at least one file of rows to keep"),
        (
            {"loss": "gradient_difference", "retain": ("a",), "retain_weight": 0},
            "retain_weight is 0, expected a number",
        ),
        ({"retain_weight": -1}, "unlearning.retain_weight is -1, expected a number of at least 0"),
        ({"beta": 0}, "unlearning.beta is 0, expected a number above 0"),
        ({"max_forget_loss": 0.0}, "unlearning.max_forget_loss is 0.0, expected a number above 0"),
    ],
)
def test_a_bad_value_is_named(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Unlearning(**change)
