import pytest

from curation.errors import InputError
from synth.synthesize.qa import QaOptions


@pytest.mark.parametrize(
    ("options", "said"),
    [({"questions": 0}, "qa option questions is 0"), ({"passage_tokens": 0}, "passage_tokens is 0"),
     ({"min_language": 2}, "min_language is 2"), ({"language": "fr"}, "language is 'fr'"),
     ({"top_p": 0}, "top_p is 0"), ({"min_relevance": -1}, "min_relevance is -1")],
)  # fmt: skip
def test_options_that_make_no_sense_are_one_sentence(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        QaOptions(**options)  # type: ignore[arg-type]
