"""Failures carry what is needed after them."""

from curation.errors import InputError
from synth.engines.server.failures import Absent, Failure, Refusal


def test_a_failure_says_how_long_to_wait() -> None:
    assert (str(Failure("busy", 3.0)), Failure("busy", 3.0).wait, Failure("busy").wait) == ("busy", 3.0, None)


def test_what_ends_a_run_is_bad_input_and_what_ends_a_request_is_not() -> None:
    assert isinstance(Absent("x"), InputError) and not isinstance(Refusal("x"), InputError | Failure)
