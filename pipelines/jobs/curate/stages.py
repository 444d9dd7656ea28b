"""The global stages of a curate step in their order, each in force where the settings name it."""

import dataclasses
from typing import Any

from curation.dedup import lines

from ...settings import CurateSettings
from . import duplicates, edits
from .drops import Pending
from .shelf import Curation


def global_stages(job: Curation, pending: Pending, settings: CurateSettings) -> list[str]:
    """Carry out the stages that look at all documents; their names in order.

    Exact duplicates go first, since they are found at least cost and every later stage then has less to look at; lines
    and substrings are taken out before near duplicates are looked for, which they can make.
    """
    done: list[str] = []
    if settings.exact is not None:
        duplicates.drop_exact(job, pending, settings.exact)
        done.append("exact")
    if settings.lines is not None:
        options = settings.lines
        edits.edit(job, pending, "lines", config(options), lines.sketch, lines.decide, options, settings.keep_dropped)
        done.append("lines")
    if settings.minhash is not None:
        duplicates.drop_near(job, pending, settings.minhash)
        done.append("minhash")
    return done


def config(options: Any) -> dict[str, Any]:
    """Options of a stage as JSON values, for its fingerprint."""
    return dataclasses.asdict(options)
