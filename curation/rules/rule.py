"""Rules: what is measured of a text and between which bounds it must lie; scoring, deciding, splitting are apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from .. import tables
from ..stage import Split
from . import measures
from .counts import counted

DECISIONS = pl.Schema(
    {
        "doc_id": pl.String,
        "first_failing_rule": pl.String,  # null: kept
        "value": pl.Float64,  # its score
        "threshold": pl.Float64,  # the bound that the score broke
    }
)


@dataclass(frozen=True)
class Rule:
    """One number measured of a text and the bounds, both inclusive, between which it passes.

    Attributes:
        name: unique, `set.rule`; the column of its scores.
        score: expression over the columns of the documents and those of `measures`, one number a row, defined for
            the empty text too; where it is null the rule does not apply.
        low: smallest value that passes, none for no lower bound.
        high: largest value that passes, none for no upper bound.
        applies: condition over the same columns, none for everywhere; where it is false the score is null: it passes.
        definition: what is measured, in words and exactly, since tools disagree on rules of one name.
        where: `applies` in words, empty for everywhere.
    """

    name: str
    score: pl.Expr
    low: float | None = None
    high: float | None = None
    applies: pl.Expr | None = None
    definition: str = ""
    where: str = ""


def score(frame: pl.DataFrame, rules: Sequence[Rule], threads: int | None = None) -> pl.DataFrame:
    """Every score of every row, thresholds aside: each kind of measure takes one pass over the text for all rules.

    Args:
        frame: columns `doc_id`, `text` and any other that a rule names: table `documents` has all that sets name.
        rules: in any order; those with equal `applies` are scored together.
        threads: threads to count on, those the process may run on when none.

    Returns:
        `doc_id` and a Float64 column for each rule, in the rules' order; rows in the frame's order. Null where a rule
        does not apply.
    """
    conditions: list[pl.Expr | None] = []
    for rule in rules:
        if not any(_same(rule.applies, known) for known in conditions):
            conditions.append(rule.applies)
    everywhere = [rule.score for rule in rules if rule.applies is None]
    needed = [*everywhere, *(condition for condition in conditions if condition is not None)]
    rows = counted(frame.with_row_index("row"), needed, [rule.score for rule in rules], threads)
    scored = rows.select("row", "doc_id")
    for condition in conditions:
        group = [rule for rule in rules if _same(rule.applies, condition)]
        # Only the rows concerned are scored: a Korean review costs nothing of the English rules.
        used = {"row", "text"}.union(*(rule.score.meta.root_names() for rule in group))
        part = rows.select(name for name in rows.columns if name in used)
        if condition is not None:
            part = part.filter(rows.select(condition).to_series())
        part = counted(part, [rule.score for rule in group], threads=threads)
        scores = part.select("row", *(rule.score.cast(pl.Float64).alias(rule.name) for rule in group))
        scored = scored.join(scores, on="row", how="left", maintain_order="left")
    return scored.select("doc_id", *(rule.name for rule in rules))


def _same(one: pl.Expr | None, other: pl.Expr | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.meta.eq(other)


def decide(scores: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """The first rule, in the rules' order, that each row fails, from its scores alone.

    Args:
        scores: what `score` returned, for these rules or more.
        rules: their order is the order of deciding.

    Returns:
        Schema `DECISIONS`, a row for each row of `scores`, in its order. A null score passes.
    """
    failing, value, threshold = pl.lit(None, pl.String), pl.lit(None, pl.Float64), pl.lit(None, pl.Float64)
    for rule in reversed(rules):
        measured = pl.col(rule.name)
        for bound, above in ((rule.high, True), (rule.low, False)):
            if bound is None:
                continue
            broken = measured > bound if above else measured < bound
            failing = pl.when(broken).then(pl.lit(rule.name)).otherwise(failing)
            value = pl.when(broken).then(measured).otherwise(value)
            threshold = pl.when(broken).then(pl.lit(float(bound))).otherwise(threshold)
    return scores.select("doc_id", first_failing_rule=failing, value=value, threshold=threshold).cast(DECISIONS)


def split(documents: pl.DataFrame, decisions: pl.DataFrame, stage: str) -> Split:
    """Part documents into those that go on and those that a rule drops, with a ledger row for each of these.

    Args:
        documents: table `documents`.
        decisions: what `decide` returned: exactly one row for each document.
        stage: name of the stage, for the ledger.

    Raises:
        TableError: when a document has no decision or several.
    """
    joined = documents.join(decisions, on="doc_id", how="inner", maintain_order="left")
    if not joined.height == documents.height == decisions.height:
        raise tables.TableError(f"{documents.height} documents, {decisions.height} decisions, {joined.height} in both")
    failed = joined.filter(pl.col("first_failing_rule").is_not_null())
    kept = joined.filter(pl.col("first_failing_rule").is_null()).select(documents.columns)
    events = failed.select(
        "file", "record", "value", "threshold", row_id=pl.col("doc_id"), rule=pl.col("first_failing_rule")
    )
    return Split(kept, failed.select(documents.columns), tables.ledger(events, stage, "drop"))


def definitions(rules: Sequence[Rule]) -> list[dict[str, str]]:
    """What is measured, without thresholds: scores stay valid as long as this is equal."""
    expressions: dict[str, pl.Expr] = {}
    for rule in rules:
        expressions[rule.name] = rule.score
        if rule.applies is not None:
            expressions[f"{rule.name} applies"] = rule.applies
    columns = dict.fromkeys(column for expression in expressions.values() for column in expression.meta.root_names())
    return [
        *({"name": column, "is": said} for column in columns if (said := measures.definition(column)) is not None),
        *({"name": name, "is": score.meta.serialize(format="json")} for name, score in expressions.items()),
    ]


def thresholds(rules: Sequence[Rule]) -> list[dict[str, str | float | None]]:
    """The bounds of each rule, in the order of deciding."""
    return [{"name": rule.name, "low": rule.low, "high": rule.high} for rule in rules]
