"""Methods of training, a module each: `prepare` makes the rows of every step, `run` trains on them."""

from types import ModuleType

from ..options import Method


def module(method: Method) -> ModuleType:
    """The module of a method, loaded when it is asked for: each brings another trainer of TRL with it."""
    match method:
        case "sft" | "cpt":
            from . import sft

            return sft
