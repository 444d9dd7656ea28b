"""Whose words an answer is in: a near copy of its own reference is named, one of another row's text is refused.

Likeness is MinHash with exact Jaccard similarity, as for everything that is generated (`synth.novelty`); texts of fewer
than `long_words` words are the same only when they are equal, and two rows may well have the same short answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from curation.checks.typed_result import CheckResult, graded, verdict
from curation.dedup import minhash
from curation.metrics.text import normalise_answer

from .. import borrowed, likeness, overlap
from ..likeness import Limits
from .claim import Claim
from .item import Item

OWN, OTHER = "own_words", "repeats_input"


@dataclass(frozen=True)
class Inputs:
    """What a run was given, as texts to compare answers with.

    Attributes:
        texts: long prompts (last turns) and references: `doc_id` (a number), `text`, `owner` (id of its row), `part`
            (`prompt` or `reference`), `answer` (the bare answer of its row, folded; none for open text).
        side: the same made ready to be compared, since every rung is compared with them.
    """

    texts: pl.DataFrame
    side: likeness.Side


def inputs(items: Sequence[Item], limits: Limits) -> Inputs:
    """The inputs of a run."""
    rows = [(text, item.id, part, bare(item)) for item in items for part, text in _texts(item) if is_long(text, limits)]
    texts = pl.DataFrame(rows, schema=_TEXTS, orient="row")
    texts = likeness.numbered(texts["text"].to_list()).hstack(texts.drop("text"))
    return Inputs(texts, likeness.side(texts))


def is_long(text: str, limits: Limits) -> bool:
    """Whether a text has words enough to be compared by likeness."""
    return len(text.split()) >= limits.long_words


def bare(item: Item) -> str | None:
    """The bare answer of a row, folded as answers are compared; none for open text."""
    return None if item.answer is None else normalise_answer(item.answer)


def checks(
    claims: Sequence[Claim], given: Inputs, limits: Limits, max_copied: float
) -> dict[str, tuple[CheckResult, ...]]:
    """By key of the claim, `own_words` and `repeats_input`; a text too short to be compared has neither.

    `own_words`: one less the similarity to the most similar of the row's references, at least 1 - `max_copied`.

    `repeats_input` is refused for a text near another row's prompt or reference. It does not count where the text is
    near its own row's reference or prompt, where that other text is near one of them (the inputs are alike, not the
    answer), nor where the bare answers of both rows differ: by these they are told apart.
    """
    long = [claim for claim in claims if is_long(claim.text, limits)]
    copied, repeated = _own(long), _others(long, given, limits)
    return {
        claim.key: (
            graded(OWN, 1 - copied[claim.key], 1 - max_copied, f"{copied[claim.key]:.2f} like its own reference"),
            verdict(OTHER, claim.key not in repeated, repeated.get(claim.key, "like no other row's text")),
        )
        for claim in long
    }


_TEXTS = pl.Schema(dict.fromkeys(("text", "owner", "part", "answer"), pl.String))


def _texts(item: Item) -> Iterator[tuple[str, str]]:
    yield "prompt", item.question
    yield from (("reference", text) for text in item.references if text.strip())


def _own(claims: Sequence[Claim]) -> dict[str, float]:
    """Similarity of each claim to the most similar reference of its row."""
    pairs = [(claim.key, claim.text, text) for claim in claims for text in claim.item.references]
    said, known = (_sets(likeness.numbered([pair[side] for pair in pairs])) for side in (1, 2))
    rows = np.arange(len(pairs))
    found: dict[str, float] = {}
    for (key, _, _), share in zip(pairs, overlap.of_pairs(said, known, rows, rows), strict=True):
        found[key] = max(found.get(key, 0.0), float(share))
    return found


def _sets(texts: pl.DataFrame) -> pl.Series:
    return minhash.shingle_sets(texts, minhash.MinHashOptions(keep_order=("doc_id",)))["shingles"]


def _others(claims: Sequence[Claim], given: Inputs, limits: Limits) -> dict[str, str]:
    """The text of another row that a claim is nearest to, in words."""
    said = likeness.frame([(claim.key, claim.text) for claim in claims])
    if not said.height or not given.texts.height:
        return {}
    texts = given.texts.with_row_index("beside").with_columns(pl.col("beside").cast(pl.Int64))
    rows = [(claim.item.id, bare(claim.item)) for claim in claims]
    asked = pl.DataFrame(rows, schema=dict.fromkeys(("row", "bare"), pl.String), orient="row").with_row_index("at")
    asked = asked.with_columns(pl.col("at").cast(pl.Int64))
    own = asked.join(texts.select("beside", row="owner"), on="row").select("at", "beside")
    found: dict[str, str] = {}
    for block in borrowed.from_inputs(likeness.side(said), given.side, own, limits):
        pairs = block.join(asked, on="at").join(texts.drop("doc_id", "text"), on="beside")
        # Where either answer is missing nothing tells the two rows apart, and the pair stays.
        left = pairs.filter(~(pl.col("bare") != pl.col("answer")).fill_null(False))
        ranked = left.sort("at", "similarity", "beside", descending=[False, True, False]).unique("at", keep="first")
        for at, similarity, part, owner in ranked.select("at", "similarity", "part", "owner").iter_rows():
            found[claims[at].key] = f"{similarity:.2f} like the {part} of row {owner}"
    return found
