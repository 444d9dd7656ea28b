"""Labels in several spellings become one, and labels of their own stay."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from curation import tables
from curation.consistency import labels
from curation.consistency.labels import LabelOptions
from curation.errors import InputError

OPTIONS = LabelOptions(fields=("label",))


def counts(**rows: int) -> pl.DataFrame:
    return pl.DataFrame({"field": "label", "label": list(rows), "rows": list(rows.values())})


def spelled(rows: dict[str, int]) -> dict[str, tuple[str, str]]:
    found = labels.decide(counts(**rows), OPTIONS)
    return {label: (spelling, by) for label, spelling, by in found.select("label", "spelling", "by").iter_rows()}


def test_case_spacing_and_marks() -> None:
    assert spelled({"positive": 50, "Positive": 40, "positive ": 2, "POSITIVE.": 1, "negative": 60}) == {
        "Positive": ("positive", "form"),
        "positive ": ("positive", "form"),
        "POSITIVE.": ("positive", "form"),
    }
    assert spelled({"not-entailed": 5, "not entailed": 6}) == {"not-entailed": ("not entailed", "form")}
    assert spelled({"중립": 3, "중립 ": 1}) == {"중립 ": ("중립", "form")}


def test_typing_errors_of_a_common_label() -> None:
    assert spelled({"positive": 100, "positve": 3, "Psoitive": 1, "negative": 90}) == {
        "positve": ("positive", "typo"),
        "Psoitive": ("positive", "typo"),
    }
    assert spelled({"긍정적": 100, "긍장적": 1}) == {"긍장적": ("긍정적", "typo")}


@pytest.mark.parametrize(
    "rows",
    [
        {"positive": 100, "positve": 30},  # not rare: a label of its own
        {"typical": 100, "atypical": 1},  # first letter
        {"relevant": 100, "irrelevant": 1},
        {"label1": 100, "label2": 1},  # digits
        {"man": 100, "men": 1},  # too short
        {"긍정": 100, "부정": 1},
        {"stables": 100, "stabled": 100, "stable": 1},  # an error of two
        {"positive": 100, "neutral": 1, "+": 3, "-": 3},
    ],
)
def test_labels_of_their_own(rows: dict[str, int]) -> None:
    assert spelled(rows) == {}


def test_of_equally_common_spellings_the_first_stands_and_parts_add_up() -> None:
    assert spelled({"Yes": 5, "yes": 5}) == {"yes": ("Yes", "form")}
    parts = pl.concat([counts(a=3, A=1), counts(A=4), counts(a=1)])
    assert labels.decide(parts, OPTIONS)["label"].to_list() == ["a"]
    assert_frame_equal(labels.decide(parts.reverse(), OPTIONS), labels.decide(parts, OPTIONS))


def documents() -> pl.DataFrame:
    metas = [{"label": "positive", "n": 1}] * 30 + [{"n": 2, "label": "Positve"}, {"label": None}, {}, {"label": 3}]
    rows = pl.DataFrame({"doc_id": [f"d{i}" for i in range(len(metas))], "text": "t", "file": "f"}).with_columns(
        record=pl.int_range(pl.len()), meta=pl.Series([json.dumps(meta) for meta in metas])
    )
    return tables.complete(rows, tables.DOCUMENTS)


def test_edits_are_in_the_ledger() -> None:
    frame = documents()
    found = labels.decide(labels.side(frame, OPTIONS), OPTIONS)
    edited = labels.apply(frame, found, OPTIONS)
    assert json.loads(edited.rows["meta"][30]) == {"n": 2, "label": "positive"}
    same = pl.col("doc_id") != "d30"
    assert_frame_equal(edited.rows.filter(same), frame.filter(same))
    assert edited.ledger.schema == tables.LEDGER
    event = edited.ledger.row(0, named=True)
    assert edited.ledger.height == 1 and (event["row_id"], event["record"], event["action"]) == ("d30", 30, "edit")
    assert json.loads(event["detail"]) == {"field": "label", "from": "Positve", "to": "positive"}


def test_report_changes_nothing() -> None:
    options = LabelOptions(fields=("label",), policy="report")
    frame = documents()
    found = labels.decide(labels.side(frame, options), options)
    assert found.height == 1
    assert labels.apply(frame, found, options).rows.equals(frame)


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="labels.fields: 'label' has 3 different values, expected .* at most 2"):
        labels.decide(counts(a=1, b=1, c=1), LabelOptions(fields=("label",), max_labels=2))
    with pytest.raises(InputError, match="labels.policy"):
        LabelOptions(fields=("label",), policy="drop")
    with pytest.raises(InputError, match="labels.fields"):
        LabelOptions(fields=())
    with pytest.raises(InputError, match="labels.max_rare"):
        LabelOptions(fields=("label",), max_rare=1)
