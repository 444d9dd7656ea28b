"""Grounded questions about documents with their answers, for pre-instruction tuning (PIT, arXiv 2402.12847)."""

from .make import qa
from .options import QaOptions

__all__ = ["QaOptions", "qa"]
