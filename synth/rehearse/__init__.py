"""Rehearsal: what a model could do before, from the model itself.

Self-synthesised rehearsal (SSR, arXiv 2403.01244): earlier tasks in instances the model makes up and answers itself.
`rehearse` does all of it with two engines at hand; `tasks_of`, `draft` and `finish` are its steps, for engines that
are opened one after the other. Beside it: `replay` without demonstrations, `refresh` of a buffer by a newer
checkpoint (`renew` of one of texts), `keep_real` for the baselines from real data, and `plan` for a budget that
follows what was forgotten.
"""

from .buffer import finish, rehearse, tasks_of
from .draft import draft
from .options import RehearseOptions, ReplayOptions
from .real import keep_real
from .refresh import refresh
from .renew import renew
from .replay import replay
from .steering import Steering, plan
from .tokens import ModelTokens

__all__ = [
    "ModelTokens",
    "RehearseOptions",
    "ReplayOptions",
    "Steering",
    "draft",
    "finish",
    "keep_real",
    "plan",
    "refresh",
    "rehearse",
    "renew",
    "replay",
    "tasks_of",
]
