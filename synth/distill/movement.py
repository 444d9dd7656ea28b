"""How far a set moved toward the model: its surprise at what it is to learn, before and after, row by row.

The surprise of a text is its negative log-probability after its row's prompt, in nats, with no reference in view. It is
given a token and a character: a token is what training counts, but two texts are cut into tokens differently, so that
only nats a character compare styles fairly. Rows are paired: the reference of a row against what replaces it, and a row
that keeps its reference moved by nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curation.metrics.intervals import paired_bootstrap
from curation.model import Score

from .settle import Likelihoods, Outcome

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
RESAMPLES = 2000
MANY = 1000  # rows from which the interval is the normal one: a bootstrap of more costs time and says the same


@dataclass(frozen=True)
class Text:
    """A text as the model sees it: its surprise in nats (0 or more), and its length in tokens and characters."""

    nats: float
    tokens: int
    characters: int

    @property
    def per_token(self) -> float:
        """Nats a token."""
        return self.nats / self.tokens

    @property
    def per_character(self) -> float:
        """Nats a character."""
        return self.nats / self.characters


@dataclass(frozen=True)
class Pair:
    """A row before and after: the reference, and the text it is trained on (the same one where it was kept)."""

    id: str
    task: str
    tier: str
    before: Text
    after: Text


def pairs_of(outcomes: Iterable[Outcome], likely: Likelihoods) -> list[Pair]:
    """Rows of which both texts were scored; one that keeps its reference has the same text on both sides."""
    found = []
    for outcome in outcomes:
        item, chosen = outcome.tried.item, outcome.chosen
        before = _text(likely.references.get(item.id), item.reference)
        after = before if chosen is None else _text(likely.candidates.get(chosen.request.id), chosen.text)
        if before is not None and after is not None:
            found.append(Pair(item.id, item.row["task"], outcome.tier, before, after))
    return found


def _text(score: Score | None, text: str) -> Text | None:
    return None if score is None else Text(-score.total, len(score.token_ids), len(text))


def movement(pairs: Iterable[Pair]) -> dict[str, Any] | None:
    """Surprise before and after over all rows, by tier and by task; none where there are no rows.

    Independent of the order of the rows. Of each group:

    - `rows`, and `closer`: the share of rows whose new text surprises the model less a token;
    - `nats_per_token`, `nats_per_character`: `before` and `after` over all tokens of the group (long rows count for
      more), the `mean` of the rows' differences (each row counts once) with its 95 % interval `low` and `high` where
      there are two rows or more (paired bootstrap, the normal one from `MANY` rows on), and quantiles of the rows' own
      figures;
    - `length`: characters and tokens after over before, in sum, and quantiles of the rows' ratios of characters.
    """
    rows = sorted(pairs, key=lambda pair: pair.id)
    if not rows:
        return None
    return {
        "all": _group(rows),
        "tiers": {tier: _group([row for row in rows if row.tier == tier]) for tier in sorted({r.tier for r in rows})},
        "tasks": {task: _group([row for row in rows if row.task == task]) for task in sorted({r.task for r in rows})},
    }


def _group(rows: Sequence[Pair]) -> dict[str, Any]:
    before, after = [row.before for row in rows], [row.after for row in rows]
    ratios = [row.after.characters / row.before.characters for row in rows]
    return {
        "rows": len(rows),
        "closer": sum(row.after.per_token < row.before.per_token for row in rows) / len(rows),
        "nats_per_token": {
            "before": _pooled(before, [text.tokens for text in before]),
            "after": _pooled(after, [text.tokens for text in after]),
            **_compared([text.per_token for text in before], [text.per_token for text in after]),
        },
        "nats_per_character": {
            "before": _pooled(before, [text.characters for text in before]),
            "after": _pooled(after, [text.characters for text in after]),
            **_compared([text.per_character for text in before], [text.per_character for text in after]),
        },
        "length": {
            "characters": sum(text.characters for text in after) / sum(text.characters for text in before),
            "tokens": sum(text.tokens for text in after) / sum(text.tokens for text in before),
            "quantiles": _quantiles(ratios),
        },
    }


def _pooled(texts: Sequence[Text], units: Sequence[int]) -> float:
    return sum(text.nats for text in texts) / sum(units)


def _compared(before: Sequence[float], after: Sequence[float]) -> dict[str, Any]:
    """The rows' differences: their mean with its interval, and quantiles of both sides and of the differences."""
    change = [new - old for old, new in zip(before, after, strict=True)]
    low, high = _interval(before, after, change)
    return {
        "mean": sum(change) / len(change),
        "low": low,
        "high": high,
        "quantiles": {"before": _quantiles(before), "after": _quantiles(after), "change": _quantiles(change)},
    }


def _interval(
    before: Sequence[float], after: Sequence[float], change: Sequence[float]
) -> tuple[float | None, float | None]:
    if len(change) < 2:
        return None, None
    if len(change) >= MANY:
        mean, spread = float(np.mean(change)), 1.96 * float(np.std(change, ddof=1)) / len(change) ** 0.5
        return mean - spread, mean + spread
    difference = paired_bootstrap(before, after, resamples=RESAMPLES)
    return difference.low, difference.high


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    """Quantiles by linear interpolation, named by their share."""
    found = np.quantile(np.asarray(values, dtype=np.float64), QUANTILES)
    return {f"{share:g}": float(value) for share, value in zip(QUANTILES, found, strict=True)}
