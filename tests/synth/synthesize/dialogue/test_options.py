"""Options of dialogues: what cannot be is refused in one sentence."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.synthesize.dialogue.options import DialogueOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": "row"}, "start is 'row', expected one of document, topic"),
        ({"rows": "both"}, "rows is 'both'"),
        ({"per_source": 0}, "per_source is 0"),
        ({"min_exchanges": 5}, "max_exchanges is 4, expected at least min_exchanges, which is 5"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"per_source": 2, "user_temperature": 0.0}, "dialogues would begin the same"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"max_similarity": 2.0}, "max_similarity is 2.0"),
        ({"language": "jp"}, "language is 'jp'"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DialogueOptions(**options)
