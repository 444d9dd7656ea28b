"""Methods of training, a module each: `prepare` makes the rows of every step, `run` trains on them."""

from types import ModuleType

from ..options.run import Method


def module(method: Method) -> ModuleType:
    """The module of a method, loaded when it is asked for: each brings another trainer of TRL with it."""
    match method:
        case "sft" | "cpt":
            from . import sft

            return sft
        case "dpo":
            from . import dpo

            return dpo
        case "kto":
            from . import kto

            return kto
        case "orpo":
            from . import orpo

            return orpo
        case "slic":
            from . import slic

            return slic
        case "rrhf":
            from . import rrhf

            return rrhf
        case "reward":
            from . import reward

            return reward
        case "ppo":
            from .ppo import method as ppo

            return ppo
        case "rloo":
            from . import rloo

            return rloo
        case "grpo":
            from . import grpo

            return grpo
        case "unlearn":
            from . import unlearn

            return unlearn
