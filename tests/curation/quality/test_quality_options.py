import pytest

from curation.errors import InputError
from curation.quality import QualityOptions


@pytest.mark.parametrize(
    "wrong", [{"strength": 0}, {"strength": float("nan")}, {"held_out": 1}, {"held_out": -0.1}, {"folds": 1}]
)
def test_refusals_name_the_key(wrong: dict[str, float]):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} is .*expected"):
        QualityOptions(**wrong)
