"""Personal data: found by pattern, replaced by typed placeholders, noted in the ledger without the data itself."""

from .patterns import KINDS
from .replace import replace

__all__ = ["KINDS", "replace"]
