"""Labels for texts, with confidence, agreement across prompts, and abstention."""

from .make import label
from .options import LabelOptions

__all__ = ["LabelOptions", "label"]
