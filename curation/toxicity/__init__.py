"""Toxicity and sensitive topics: lists find, a score decides, people look first at what is sensitive."""

from .lexicon import candidates, on_topic, sensitive, topics
from .score import density, learned, learned_from, train

__all__ = ["candidates", "density", "learned", "learned_from", "on_topic", "sensitive", "topics", "train"]
