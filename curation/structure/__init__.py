"""Structure that a text already has, made use of: tables, sections, questions with answers, dialogues, columns.

Each form is a module with its options, `documents(frame, options)`, which cuts documents into others with headings,
and, where the form has turns, `samples(frame, options)`, which makes sample rows. What does not parse is a ledger row
that says why.
"""

from .columns import ColumnOptions
from .dialogue import DialogueOptions
from .faq import FaqOptions
from .html_tables import HtmlTableOptions
from .parts import Sampled
from .sections import SectionOptions

__all__ = ["ColumnOptions", "DialogueOptions", "FaqOptions", "HtmlTableOptions", "Sampled", "SectionOptions"]
