"""Self-distillation: a task set in the model's own words where they are verified, in the reference's where not.

SDFT (arXiv 2402.13669) with a ladder of tiers, typed checks and canaries: see `ladder`, `verify` and `canaries`.
"""

from .canary_rates import CanaryError
from .distil import distill
from .options import DistillOptions

__all__ = ["CanaryError", "DistillOptions", "distill"]
