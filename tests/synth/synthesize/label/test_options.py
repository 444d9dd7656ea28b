"""Options of labelling: what cannot be is refused in one sentence."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.synthesize.label.options import LabelOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ("good",)}, r"labels is \['good'\], expected two or more"),
        ({"labels": ("good", "good")}, "expected two or more that differ"),
        ({"labels": ("good", " bad")}, "' bad', expected text without white space"),
        ({"labels": ("1", "10")}, "'1' begins '10'.*answer set to 'letter'"),
        ({"labels": tuple(map(str, range(100, 130))), "answer": "letter"}, "expected at most 26 letters"),
        ({"prompts": 0}, "prompts is 0, expected 1 to 3"),
        ({"answer": "number"}, "answer is 'number'"),
        ({"min_confidence": 1.5}, "min_confidence is 1.5"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"templates": ("{{ question }}",)}, r"templates\[0\] does not use the value 'text'"),
        ({"templates": ("{{ text }} {{ label }}",)}, "uses the value 'label'"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LabelOptions(**{"labels": ("good", "bad"), **options})


def test_what_the_model_may_say() -> None:
    plain = LabelOptions(("good", "bad"))
    assert plain.ids == plain.said == ("good", "bad")
    letters = LabelOptions(("1", "10", "100"), answer="letter")
    assert letters.ids == ("A", "B", "C")
    begun = LabelOptions(("good", "bad"), prefill="It is ")
    assert begun.begun == "It is" and begun.said == (" good", " bad")
