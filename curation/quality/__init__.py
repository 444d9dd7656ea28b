"""Learned quality: a score of a text from labelled rows, and perplexity under a model that is passed in."""

from .apply import score, threshold_for
from .grades import GradeOptions, grade
from .model import QualityModel, load, save
from .options import QualityOptions
from .perplexity import PerplexityOptions, perplexity_scores
from .train import train

__all__ = [
    "GradeOptions",
    "PerplexityOptions",
    "QualityModel",
    "QualityOptions",
    "grade",
    "load",
    "perplexity_scores",
    "save",
    "score",
    "threshold_for",
    "train",
]
