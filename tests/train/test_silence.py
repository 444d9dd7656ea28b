import logging
import warnings

import datasets
import pytest
import transformers

from train.silence import quiet


def test_libraries_are_silent_inside_and_as_before_outside(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("transformers")
    transformers.logging.set_verbosity_info()
    datasets.enable_progress_bars()
    logging.getLogger("trl").setLevel(logging.INFO)
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with quiet():
                warnings.warn("chatter", stacklevel=1)
                assert not logger.isEnabledFor(logging.WARNING) and logger.isEnabledFor(logging.ERROR)
                assert not logging.getLogger("trl").isEnabledFor(logging.WARNING)
                assert datasets.are_progress_bars_disabled()
            assert not told
        assert logger.isEnabledFor(logging.INFO) and logging.getLogger("trl").level == logging.INFO
        assert not datasets.are_progress_bars_disabled()
    finally:
        transformers.logging.set_verbosity_warning()
