import pytest

from curation.errors import InputError
from synth.synthesize.instructions import InstructionsOptions


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"wanted": 0}, "instructions option wanted is 0, expected at least 1"),
        ({"form": "raw"}, "form is 'raw', expected chat or list"),
        ({"longest": 3}, "longest is 3, expected at least shortest"),
        ({"max_rouge": 2}, "max_rouge is 2, expected from 0 to 1"),
        ({"generated": -1}, "generated is -1, expected 0 or more"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        InstructionsOptions(**options)  # type: ignore[arg-type]
