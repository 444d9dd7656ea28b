import pytest

from curation.errors import InputError
from synth.synthesize.templates import TemplatesOptions

GOOD = "Do: {{ prompt }}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "plain has 0 templates, expected at least one there, or write above 0"),
        ({"plain": (GOOD, "{{ promt }} x")}, r"templates option plain\[1\] shows the values promt, expected prompt"),
        ({"inverted": (GOOD,)}, r"inverted\[0\] shows the values prompt, expected completion"),
        ({"plain": tuple(f"{n} {GOOD}" for n in range(11))}, "have 11 and 0 templates, expected at most 10 of which 3"),
        ({"inverted": tuple(f"{n} {{{{ completion }}}}" for n in range(4))}, "0 and 4 templates"),
        ({"plain": (GOOD,), "per_row": 0}, "per_row is 0, expected at least 1"),
        ({"write": -1}, "write is -1, expected 0 or more"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        TemplatesOptions(**options)  # type: ignore[arg-type]
