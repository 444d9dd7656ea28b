"""Training without the chatter of the libraries below: what matters goes through a progress callback."""

import contextlib
import logging
import warnings
from collections.abc import Iterator

import datasets
import transformers


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back bars, advice and log lines below errors, and put everything back as it was."""
    level = transformers.logging.get_verbosity()
    bars = transformers.logging.is_progress_bar_enabled()
    dataset_bars = datasets.are_progress_bars_disabled()
    loggers = {name: logging.getLogger(name) for name in ("trl", "accelerate", "peft", "torch")}
    levels = {name: logger.level for name, logger in loggers.items()}
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    for logger in loggers.values():
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers.logging.set_verbosity(level)
        if bars:
            transformers.logging.enable_progress_bar()
        if not dataset_bars:
            datasets.enable_progress_bars()
        for name, logger in loggers.items():
            logger.setLevel(levels[name])
