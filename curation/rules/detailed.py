"""Rules whose ledger row says more than a number: which word of a list, which host."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from ..stage import Split
from .rule import Rule


@dataclass(frozen=True)
class DetailedRule(Rule):
    """A rule that can say what it found in a document that it dropped.

    Attributes:
        detail: of a frame of documents, one text a row for the ledger, null for nothing to say; called for dropped
            documents alone, so that it may take its time.
    """

    detail: Callable[[pl.DataFrame], pl.Series] | None = None


def with_details(split: Split, rules: Sequence[Rule]) -> Split:
    """The split with `detail` filled in the ledger rows of rules that have something to say; nothing else changes."""
    ledger = split.ledger
    for rule in rules:
        if not isinstance(rule, DetailedRule) or rule.detail is None:
            continue
        mine = ledger.filter(pl.col("rule") == rule.name).select(doc_id="row_id")
        documents = split.dropped.join(mine, on="doc_id", how="semi", maintain_order="left")
        if documents.is_empty():
            continue
        said = pl.DataFrame({"row_id": documents["doc_id"], "said": rule.detail(documents)})
        ledger = ledger.join(said, on="row_id", how="left", maintain_order="left")
        ledger = ledger.with_columns(detail=pl.coalesce("detail", "said")).drop("said")
    return Split(split.kept, split.dropped, ledger)
