"""How a token is drawn from a model's logits, one row at a time."""

from collections.abc import Collection

import torch

from curation.model import Sampling


def draw(logits: torch.Tensor, seen: Collection[int], sampling: Sampling, generator: torch.Generator | None) -> int:
    """Draw the next token: penalty, then temperature, top-k, top-p, in the order in which vLLM applies them.

    Args:
        logits: float32 of shape (vocabulary,), on the CPU.
        seen: tokens of the prompt and of the answer so far.
        sampling: temperature 0 takes the likeliest token.
        generator: of this request, on the CPU; one number is drawn from it a token. None for temperature 0.
    """
    logits = penalise(logits, seen, sampling.repetition_penalty)
    if sampling.temperature <= 0:
        return int(logits.argmax())
    kept = nucleus(top(logits / sampling.temperature, sampling.top_k), sampling.top_p)
    mass = kept.double().softmax(-1).cumsum(-1)
    drawn = torch.rand((), generator=generator, dtype=torch.float64) * mass[-1]
    return int(torch.searchsorted(mass, drawn, right=True).clamp(max=len(mass) - 1))


def penalise(logits: torch.Tensor, seen: Collection[int], penalty: float) -> torch.Tensor:
    """Make tokens that were seen less likely (CTRL, arXiv 1909.05858, section 4.1): logits / penalty, or * below 0."""
    if penalty == 1.0 or not seen:
        return logits
    places = torch.tensor(sorted(set(seen)))
    values = logits[places]
    return logits.index_copy(0, places, torch.where(values > 0, values / penalty, values * penalty))


def top(logits: torch.Tensor, count: int) -> torch.Tensor:
    """Leave the `count` likeliest tokens, and those as likely as the last of them; 0 leaves all."""
    if not 0 < count < len(logits):
        return logits
    least = logits.topk(count).values[-1]
    return logits.masked_fill(logits < least, float("-inf"))


def nucleus(logits: torch.Tensor, share: float) -> torch.Tensor:
    """Leave the fewest tokens that together have at least `share` of the mass (arXiv 1904.09751, section 3.1)."""
    if share >= 1.0:
        return logits
    values, places = logits.sort(descending=True)
    before = values.softmax(-1).cumsum(-1) - values.softmax(-1)
    outside = before >= share
    outside[0] = False
    return logits.index_fill(0, places[outside], float("-inf"))
