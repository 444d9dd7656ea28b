"""Pairs of a better and a worse answer, by checks, a reward model or a judge; ties kept apart."""

from .make import Preferences, preferences, ranked
from .options import PreferencesOptions

__all__ = ["Preferences", "PreferencesOptions", "preferences", "ranked"]
