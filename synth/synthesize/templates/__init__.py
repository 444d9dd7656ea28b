"""Rows of a task in several wordings of their instruction (FLAN, arXiv 2109.01652, section 2.1)."""

from .make import templates
from .options import TemplatesOptions

__all__ = ["TemplatesOptions", "templates"]
