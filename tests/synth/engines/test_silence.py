"""A log holds what is said, not how a bar moved."""

from pathlib import Path

import pytest
from transformers.utils import logging

from synth.engines import EngineOptions, open_engine
from synth.engines.silence import quiet


def test_a_model_is_loaded_without_a_bar_in_a_log(tiny_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with open_engine("transformers", str(tiny_model), EngineOptions()):
        pass
    assert capfd.readouterr() == ("", "")


def test_everything_is_as_it_was_afterwards() -> None:
    level = logging.get_verbosity()
    for before in (True, False):
        (logging.enable_progress_bar if before else logging.disable_progress_bar)()
        with pytest.raises(ValueError), quiet():
            assert not logging.is_progress_bar_enabled() and logging.get_verbosity() == logging.ERROR
            raise ValueError
        assert (logging.is_progress_bar_enabled(), logging.get_verbosity()) == (before, level)
    logging.enable_progress_bar()
