"""One label in several spellings: found by case, spacing and typing errors, edited to the commonest.

Two labels are spellings of one when they are equal but for case, spacing and marks (`Positive`, `positive `,
`not-entailed`, `not entailed`), or when the rarer one is a typing error of the other: at most one letter added,
missing, wrong or swapped with its neighbour, in a label of five letters and more, not the first letter, no digit
(Hangul counts by jamo). A typing error is rare: a label that makes up more than `max_rare` of the commoner one's rows
is a label of its own, as is one that could be an error of two.
"""

import json
import unicodedata
from dataclasses import dataclass

import polars as pl
import re2
from rapidfuzz.distance import OSA

from .. import tables
from ..errors import InputError
from ..readers.records import meta_json
from ..stage import Edited
from .conflicts import field

STAGE = "consistency"
RULE = "consistency.label"
_MARKS = re2.compile(r"[\s\p{P}\p{S}]+")
_TYPO_FROM = 5

SPELLINGS = pl.Schema(
    {
        "field": pl.String,
        "label": pl.String,  # as it is written in some rows
        "spelling": pl.String,  # as most rows write it
        "rows": pl.Int64,  # with the former
        "of_rows": pl.Int64,  # with the latter
        "by": pl.String,  # form or typo
    }
)


@dataclass(frozen=True)
class LabelOptions:
    """Which labels are made uniform.

    Attributes:
        fields: names of fields of `meta` that hold a label.
        max_rare: most rows that a typing error has, as a share of the rows of the label it stands for.
        max_labels: labels of a field from which it is no label but text, and is refused.
        policy: `edit` writes the commonest spelling, `report` leaves the rows alone.
    """

    fields: tuple[str, ...]
    max_rare: float = 0.05
    max_labels: int = 1000
    policy: str = "edit"

    def __post_init__(self) -> None:
        if self.policy not in ("edit", "report"):
            raise InputError(f"labels.policy: found {self.policy!r}, expected edit or report")
        if not 0 <= self.max_rare < 1:
            raise InputError(f"labels.max_rare: found {self.max_rare}, expected at least 0 and less than 1")
        if not self.fields or "text" in self.fields or any("." in name for name in self.fields):
            raise InputError(f"labels.fields: found {list(self.fields)}, expected names of fields, not the text")


def side(documents: pl.DataFrame, options: LabelOptions) -> pl.DataFrame:
    """How often each label is written in one partition: `field`, `label`, `rows`."""
    counted = [
        documents.select(field=pl.lit(name), label=field(name))
        .drop_nulls()
        .group_by("field", "label")
        .agg(rows=pl.len())
        for name in options.fields
    ]
    return pl.concat(counted).cast({"rows": pl.Int64}).sort("field", "label")


def decide(side: pl.DataFrame, options: LabelOptions) -> pl.DataFrame:
    """Which labels are spellings of another.

    Args:
        side: counts of all partitions, in any order.
        options: see there.

    Returns:
        Schema `SPELLINGS`, by field and label: the labels to be edited.

    Raises:
        InputError: for a field with more than `max_labels` different values.
    """
    counts = side.group_by("field", "label").agg(pl.col("rows").sum()).sort("field", "label")
    found: list[tuple[str, str, str, int, int, str]] = []
    for (name,), group in counts.group_by("field", maintain_order=True):
        if group.height > options.max_labels:
            raise InputError(
                f"labels.fields: {name!r} has {group.height} different values, expected a label with at most "
                f"{options.max_labels}"
            )
        rows = dict(group.select("label", "rows").iter_rows())
        found.extend((str(name), *spelling) for spelling in _spellings(rows, options.max_rare))
    return pl.DataFrame(found, schema=SPELLINGS, orient="row").sort("field", "label")


def _spellings(rows: dict[str, int], max_rare: float) -> list[tuple[str, str, int, int, str]]:
    """Label, spelling, their rows and how they were matched."""
    forms: dict[str, list[str]] = {}
    for label in sorted(rows):
        forms.setdefault(_form(label), []).append(label)
    # Of equally common spellings the first in code point order stands.
    best = {form: min(labels, key=lambda label: (-rows[label], label)) for form, labels in forms.items()}
    total = {form: sum(rows[label] for label in labels) for form, labels in forms.items()}
    target: dict[str, str] = {}
    for form in forms:
        likely = [other for other in forms if total[form] <= max_rare * total[other] and _is_typo(form, other)]
        if len(likely) == 1:
            target[form] = likely[0]
    found = []
    for form, labels in forms.items():
        last = form
        while last in target:  # totals rise at every step, so this ends
            last = target[last]
        for label in labels:
            if label != best[last]:
                by = "form" if last == form else "typo"
                found.append((label, best[last], rows[label], rows[best[last]], by))
    return found


def _form(label: str) -> str:
    """What is equal in spellings that differ in case, spacing and marks; a label of marks alone is its own form."""
    folded = unicodedata.normalize("NFC", label).casefold()
    return _MARKS.sub("", folded) or folded.strip()


def _is_typo(form: str, other: str) -> bool:
    one, two = (unicodedata.normalize("NFD", text) for text in (form, other))
    if min(len(one), len(two)) < _TYPO_FROM or one[0] != two[0]:
        return False
    if any(character.isdigit() for character in one + two):
        return False
    return OSA.distance(one, two, score_cutoff=1) <= 1


def apply(documents: pl.DataFrame, spellings: pl.DataFrame, options: LabelOptions) -> Edited:
    """Write labels in their commonest spelling; an `edit` row for each, with both spellings in `detail`."""
    if options.policy == "report" or spellings.is_empty():
        return Edited(documents, tables.empty(tables.LEDGER))
    wanted: dict[str, dict[str, str]] = {}
    for name, label, spelling in spellings.select("field", "label", "spelling").iter_rows():
        wanted.setdefault(name, {})[label] = spelling
    concerned = documents.with_row_index("row").filter(
        pl.any_horizontal(field(name).is_in(list(labels)) for name, labels in wanted.items())
    )
    metas, events = {}, []
    for row, key, file, record, meta in concerned.select("row", "doc_id", "file", "record", "meta").iter_rows():
        fields = json.loads(meta)
        for name, labels in wanted.items():
            if (label := fields.get(name)) in labels:
                fields[name] = labels[label]
                detail = tables.canonical_json({"field": name, "from": label, "to": labels[label]})
                events.append((key, file, record, RULE, detail))
        metas[row] = meta_json(fields)
    edited = pl.DataFrame({"row": list(metas), "edited": list(metas.values())}, schema={"row": pl.UInt32,
                          "edited": pl.String})  # fmt: skip
    rows = documents.with_row_index("row").join(edited, on="row", how="left", maintain_order="left")
    rows = rows.with_columns(meta=pl.coalesce("edited", "meta")).select(documents.columns)
    names = ["row_id", "file", "record", "rule", "detail"]
    schema = {name: tables.LEDGER[name] for name in names}
    return Edited(rows, tables.ledger(pl.DataFrame(events, schema=schema, orient="row"), STAGE, "edit"))
