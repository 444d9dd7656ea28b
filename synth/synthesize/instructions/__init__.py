"""New tasks from a few given ones (Self-Instruct, arXiv 2212.10560)."""

from .make import instructions
from .options import InstructionsOptions

__all__ = ["InstructionsOptions", "instructions"]
