"""Personal data: found by pattern, checksum and context, replaced, noted in the ledger without the data itself."""

from .kinds import DEFAULT_KINDS, KINDS, PersonalDataOptions
from .replace import replace

__all__ = ["DEFAULT_KINDS", "KINDS", "PersonalDataOptions", "replace"]
