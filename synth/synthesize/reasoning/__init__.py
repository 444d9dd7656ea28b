"""Answers with their reasoning: chains of thought that agree (self-consistency), and least-to-most."""

from .make import reasoning
from .options import ReasoningOptions

__all__ = ["ReasoningOptions", "reasoning"]
