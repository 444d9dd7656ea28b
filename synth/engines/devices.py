"""The device that a model of transformers runs on."""

import torch

from curation.errors import InputError


def device(asked: str, key: str) -> torch.device:
    """The device that was asked for; `auto` is the first that is here of cuda, mps and cpu.

    Args:
        asked: `auto` or a torch device.
        key: what an error calls the setting.

    Raises:
        InputError: for a device that is not here.
    """
    if asked == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        found = torch.device(asked)
        torch.empty(0, device=found)
        return found
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # what torch raises for a device it lacks
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{key} is {asked!r} ({reason}), expected auto or one that is here: cpu, cuda, mps") from error
