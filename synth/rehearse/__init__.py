"""Self-synthesised rehearsal (SSR, arXiv 2403.01244): earlier tasks in instances the model makes up and answers itself.

`rehearse` does all of it with two engines at hand; `tasks_of`, `draft` and `finish` are its steps, for engines that
are opened one after the other.
"""

from .buffer import finish, rehearse, tasks_of
from .draft import draft
from .options import RehearseOptions

__all__ = ["RehearseOptions", "draft", "finish", "rehearse", "tasks_of"]
