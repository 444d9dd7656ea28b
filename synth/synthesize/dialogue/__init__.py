"""Dialogues of several turns: one model plays the user, another or the same the assistant, each turn checked."""

from .make import dialogue
from .options import DialogueOptions

__all__ = ["DialogueOptions", "dialogue"]
