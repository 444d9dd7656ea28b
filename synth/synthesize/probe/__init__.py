"""Which of several forms of a prompt a model answers best: chosen on one split, measured on another."""

from .make import probe
from .options import ProbeOptions

__all__ = ["ProbeOptions", "probe"]
