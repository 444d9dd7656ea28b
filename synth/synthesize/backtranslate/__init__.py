"""Instructions that a document answers (instruction back-translation, arXiv 2308.06259)."""

from .make import backtranslate
from .options import BacktranslateOptions

__all__ = ["BacktranslateOptions", "backtranslate"]
