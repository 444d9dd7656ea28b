"""Log-probabilities of the tokens that were written, from the logits that a model gave."""

import torch

IGNORED = -100  # label of a token that no loss counts, as in transformers


def log_probabilities(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probability of every label, each predicted from the tokens before it.

    Args:
        logits: (rows, length, vocabulary), of the positions of `labels`; those before them, of a prompt that is
            learned, are passed over.
        labels: int64 (rows, length), `IGNORED` where nothing is counted.

    Returns:
        float32 (rows, length - 1) in nats, 0 where nothing is counted; and a boolean mask of what is, of that shape.
    """
    wanted = labels[:, 1:]
    mask = wanted != IGNORED
    chosen = wanted.masked_fill(~mask, 0).unsqueeze(-1)
    scores = logits[:, -labels.shape[1] : -1].float()
    found = scores.gather(-1, chosen).squeeze(-1) - torch.logsumexp(scores, dim=-1)
    return found.masked_fill(~mask, 0.0), mask


def sums(log_probs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Log-probability of each row, (rows,): the sum over its counted tokens."""
    return (log_probs * mask).sum(-1)


def means(log_probs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Log-probability a token of each row, (rows,); 0 for a row without counted tokens."""
    return sums(log_probs, mask) / mask.sum(-1).clamp(min=1)
