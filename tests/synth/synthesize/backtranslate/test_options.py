import pytest

from curation.errors import InputError
from synth.synthesize.backtranslate import BacktranslateOptions


@pytest.mark.parametrize(
    ("options", "said"),
    [({"instructions": 0}, "backtranslate option instructions is 0"),
     ({"check": "judge"}, "check is 'judge', expected likel"),
     ({"min_gain": float("nan")}, "min_gain is nan, expected a number"), ({"max_copied": 2}, "max_copied is 2"),
     ({"longest": 0}, "longest is 0, expected above 0")],
)  # fmt: skip
def test_options_that_make_no_sense_are_one_sentence(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        BacktranslateOptions(**options)  # type: ignore[arg-type]
