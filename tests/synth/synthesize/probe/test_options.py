"""Options of probing: what cannot be is refused in one sentence."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.synthesize.probe.options import ProbeOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"built_in": False}, "leave one prompt form"),
        ({"templates": ("{{ q }}",)}, r"templates\[0\] uses the value 'q'"),
        ({"baseline": "probe_9"}, "baseline is 'probe_9', expected one of plain, probe_1"),
        ({"development": 1.0}, "development is 1.0"),
        ({"max_development": -1}, "max_development is -1"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"language": "xx"}, "language is 'xx'"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ProbeOptions(**options)


def test_forms_come_simplest_first() -> None:
    options = ProbeOptions(templates=("Q: {{ question }}",))
    assert options.names == ("plain", "probe_1", "probe_2", "probe_3", "templates[0]")
