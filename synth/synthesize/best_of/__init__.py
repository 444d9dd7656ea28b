"""The best of several answers to a prompt: rejection sampling by checks, a scorer or a reward model."""

from .make import best_of
from .options import BestOfOptions

__all__ = ["BestOfOptions", "best_of"]
