"""The one error of bad input: the command line prints its sentence as it stands."""

import pytest

from curation import readers
from curation.errors import InputError


def test_the_message_is_the_sentence_and_nothing_more() -> None:
    assert str(InputError("a.jsonl: found nothing, expected a record")) == "a.jsonl: found nothing, expected a record"


def test_it_is_no_error_of_values_that_another_handler_would_swallow() -> None:
    assert not issubclass(InputError, (ValueError, OSError, LookupError))
    with pytest.raises(InputError):
        try:
            readers.ReadOptions(encoding="none of these")
        except (ValueError, OSError, LookupError):
            pytest.fail("caught as another error")
