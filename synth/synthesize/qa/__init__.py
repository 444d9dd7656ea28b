"""Grounded questions about documents, with their answers: what pre-instruction tuning trains (PIT, arXiv 2402.12847)."""

from .make import qa
from .options import QaOptions

__all__ = ["QaOptions", "qa"]
