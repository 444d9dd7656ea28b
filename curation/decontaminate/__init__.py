"""Training documents that hold items of evaluation sets: an index of the items, and which documents to drop."""

from .contamination import Contamination, ContaminationOptions, decontaminate

__all__ = ["Contamination", "ContaminationOptions", "decontaminate"]
