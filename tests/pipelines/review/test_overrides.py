"""Overrides read back for a run that applies them."""

from pathlib import Path

import polars as pl
import pytest

from curation import storage, tables
from curation.errors import InputError
from curation.review.answers import OVERRIDES
from pipelines.review import main, overrides
from pipelines.review.desk import Desk
from pipelines.review.journal import Journal


def test_what_a_review_wrote_is_read(run: Path) -> None:
    deck = main.open_run(run, None, {"size": 76})
    journal = Journal(deck.folder / "answers/ann.jsonl")
    for row in deck.cards["row_id"]:
        Desk(deck, "ann", journal).answer(row, "keep")
    journal.close()
    path = main.apply(deck, lambda line: None)
    found = tables.check(overrides.load(path), OVERRIDES, "doc_id")
    assert found.equals(pl.read_parquet(path)) and found.height == 36


def test_a_table_made_elsewhere_is_read(tmp_path: Path) -> None:
    storage.write_parquet(pl.DataFrame({"decision": ["drop", "keep"], "doc_id": ["b", "a"]}), tmp_path / "o.parquet")
    assert overrides.load(tmp_path / "o.parquet").rows() == [
        ("a", "keep", "review.overrides", None, None),
        ("b", "drop", "review.overrides", None, None),
    ]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"doc_id": ["a"]}, "found the columns doc_id, expected 'decision'"),
        ({"doc_id": [1], "decision": ["keep"]}, "expected 'doc_id' with text"),
        ({"doc_id": ["a"], "decision": ["maybe"]}, "found the decision 'maybe' for 'a', expected keep or drop"),
        ({"doc_id": ["a", None], "decision": ["keep", "drop"]}, "found the decision 'drop' for None"),
        ({"doc_id": ["a", "a"], "decision": ["keep", "drop"]}, "found 'a' several times"),
    ],
)
def test_tables_of_another_form_are_refused(tmp_path: Path, frame: dict[str, list[object]], words: str) -> None:
    storage.write_parquet(pl.DataFrame(frame), tmp_path / "o.parquet")
    with pytest.raises(InputError, match=words):
        overrides.load(tmp_path / "o.parquet")


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "o.parquet").write_text("doc_id,decision\n")
    for path in (tmp_path / "o.parquet", tmp_path / "nowhere.parquet"):
        with pytest.raises(InputError, match=path.name):
            overrides.load(path)
