"""The skills of the demo: those the seed model has, and new ones for it to learn. All are made and verified by rule."""

from . import english, korean
from .new import NEW_SKILLS, NewSkill
from .skill import Item, Skill
from .styles import foreign, in_style, read_foreign, read_generic, variants

SKILLS: tuple[Skill, ...] = (*english.SKILLS, *korean.SKILLS)

__all__ = [
    "NEW_SKILLS", "SKILLS", "Item", "NewSkill", "Skill", "foreign", "in_style", "read_foreign", "read_generic",
    "variants",
]  # fmt: skip
