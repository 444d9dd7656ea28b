"""Two rows may not end in the same text of the model's: of rows that would, the later keeps its reference.

The same is: both answers are long and near each other, and so are both rows as a whole, the users' turns with the
answer behind them. Rows of which the system's turns or the bare answers differ are told apart by these. Where the
references are as alike, as in a set with repeated rows, nothing would be gained, and both texts stay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from curation.checks.typed_result import CheckResult, verdict
from curation.dedup import exact, minhash

from .. import likeness, overlap
from ..likeness import Limits
from .copies import bare, is_long
from .item import Candidate, Tried
from .settle import REPEATS, Likelihoods, Outcome, settle


@dataclass(frozen=True)
class Apart:
    """Outcomes of which no two are the same, and what was refused or let pass for it.

    Attributes:
        outcomes: in the order of the rows.
        refused: candidates that repeat what an earlier row (by id) ends with.
        alike: rows that end in such a text, since the references are as alike.
    """

    outcomes: list[Outcome]
    refused: int
    alike: int


@dataclass(frozen=True)
class _Near:
    """A candidate of an earlier row that one is near, and whether the references of both rows are as alike."""

    request: str
    similarity: float
    references: bool


def apart(tried: Sequence[Tried], likely: Likelihoods, limits: Limits) -> Apart:
    """Settle every row, by its next verified text where the better one repeats what an earlier row ends with.

    Earlier is the smaller id, whatever order the rows stand in. A candidate that repeats gets a check `repeats_sample`
    that failed; a row without another keeps its reference.
    """
    settled: dict[str, Outcome] = {}
    taken: set[str] = set()  # requests whose texts rows end with
    refused = alike = 0
    for one, near in _with_near(sorted(tried, key=lambda row: row.item.id), limits):
        outcome = settle(one, likely)
        while outcome.chosen is not None:
            found = [other for other in near.get(outcome.chosen.request.id, ()) if other.request in taken]
            repeated = [other for other in found if not other.references]
            if not repeated:
                alike += bool(found)
                taken.add(outcome.chosen.request.id)
                break
            refused += 1
            outcome = settle(_without(outcome.tried, outcome.chosen, repeated), likely)
        settled[one.item.id] = outcome
    return Apart([settled[one.item.id] for one in tried], refused, alike)


def _without(one: Tried, candidate: Candidate, repeated: Sequence[_Near]) -> Tried:
    """The row with a candidate refused."""
    nearest = max(repeated, key=lambda other: other.similarity)  # the first of several
    failed: CheckResult = verdict(REPEATS, False, f"{nearest.similarity:.2f} like the text of {nearest.request}")
    marked = replace(candidate, checks=(*candidate.checks, failed))
    return replace(one, candidates=[marked if each is candidate else each for each in one.candidates])


def _with_near(ordered: Sequence[Tried], limits: Limits) -> Iterator[tuple[Tried, dict[str, list[_Near]]]]:
    """Every row with what its long candidates are near in earlier rows; pairs are held for a few rows at a time."""
    every = [(one, candidate) for one in ordered for candidate in one.verified() if is_long(candidate.text, limits)]
    blocks = _blocks(every, limits) if every else iter(())
    near: dict[str, list[_Near]] = {}
    begun = ended = 0  # candidates of rows before this one and with it; those that were compared
    for one in ordered:
        names = [candidate.request.id for candidate in one.verified() if is_long(candidate.text, limits)]
        begun += len(names)
        while ended < begun:
            for name, other, similarity, references in next(blocks).iter_rows():
                near.setdefault(name, []).append(_Near(other, similarity, references))
            ended += likeness.BLOCK
        yield one, {name: near.pop(name) for name in names if name in near}


def _blocks(every: Sequence[tuple[Tried, Candidate]], limits: Limits) -> Iterator[pl.DataFrame]:
    """Pairs of a candidate and one of an earlier row that are the same, `likeness.BLOCK` candidates at a time.

    Columns `name`, `name_before` (requests), `similarity` (of the answers) and `references` (whether these are alike).
    """
    said = likeness.side(likeness.frame([(candidate.request.id, candidate.text) for _, candidate in every]))
    rows = pl.DataFrame([_row(one, candidate) for one, candidate in every], schema=_ROWS, orient="row")
    whole, references = (_sets(rows[name]) for name in ("whole", "reference"))
    known = rows.select(
        "name", "row", "rules", "answer", at=pl.int_range(pl.len()),
        same=exact.keys(likeness.numbered(rows["reference"].to_list()))["key"],
    )  # fmt: skip
    before = known.rename({name: f"{name}_before" for name in known.columns}).rename({"at_before": "beside"})
    for block in likeness.near(said, said, limits.near_duplicate):
        pairs = block.filter(pl.col("beside") < pl.col("at")).join(known, on="at").join(before, on="beside")
        differ = (pl.col("answer") != pl.col("answer_before")).fill_null(False)
        pairs = pairs.filter(pl.col("row") != pl.col("row_before"), pl.col("rules") == pl.col("rules_before"), ~differ)
        pairs = pairs.filter(_shares(whole, pairs) >= limits.near_duplicate).sort("at", "beside")
        alike = (_shares(references, pairs) >= limits.near_duplicate) | (pairs["same"] == pairs["same_before"])
        yield pairs.select("name", "name_before", "similarity", references=alike)


def _shares(sets: pl.Series, pairs: pl.DataFrame) -> pl.Series:
    return pl.Series(overlap.of_pairs(sets, sets, pairs["at"].to_numpy(), pairs["beside"].to_numpy()))


def _sets(texts: pl.Series) -> pl.Series:
    options = minhash.MinHashOptions(keep_order=("doc_id",))
    return minhash.shingle_sets(likeness.numbered(texts.to_list()), options)["shingles"]


_ROWS = pl.Schema(dict.fromkeys(("name", "row", "rules", "answer", "whole", "reference"), pl.String))


def _row(one: Tried, candidate: Candidate) -> tuple[str, str, str, str | None, str, str]:
    turns = one.item.prompt
    rules = "\n".join(text for role, text in turns if role == "system")
    whole = "\n".join([*(text for role, text in turns if role == "user"), candidate.text])
    return candidate.request.id, one.item.id, rules, bare(one.item), whole, one.item.reference
