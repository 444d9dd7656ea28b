"""What of a run can be reviewed."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from curation import storage, tables
from curation.errors import InputError
from pipelines.review import candidates


def test_every_row_with_a_text_is_a_candidate(run: Path) -> None:
    rows, damaged = candidates.rows(run, "corpus")
    tables.check(rows, candidates.ROWS, "row_id")
    assert (rows.height, int(rows["kept"].sum()), damaged) == (76, 40, 1)
    assert rows.filter(~pl.col("kept"))["rule"].value_counts(sort=True).rows() == [
        ("words", 30),
        ("duplicate.exact", 6),
    ]
    assert rows.filter(pl.col("rule") == "duplicate.exact")["duplicate_of"].n_unique() == 1


def test_rows_are_near_the_threshold_that_was_in_force(run: Path) -> None:
    rows, _ = candidates.rows(run, "corpus")
    kept = rows.filter("kept").sort("closeness")
    assert kept["record"][0] == 2  # five words, on the threshold
    short = rows.filter(pl.col("rule") == "words").sort("closeness")
    assert short["record"][0] == 40  # four words, the longest of the short
    # a stage without a score column is measured by its value in the ledger
    assert rows.filter(pl.col("rule") == "duplicate.exact")["closeness"].to_list() == [4.0] * 6


def test_sensitive_topics_are_the_largest_of_their_scores(tmp_path: Path, make_run: Callable[..., list[str]]) -> None:
    ids = make_run(tmp_path / "r", [("one", None, 9.0), ("two", None, 9.0)], sensitive=[1])
    rows, _ = candidates.rows(tmp_path / "r", "corpus")
    assert dict(rows.select("row_id", "sensitive").iter_rows()) == {ids[0]: 0.0, ids[1]: 1.0}


def test_scores_in_files_of_other_columns_stand_beside_each_other(run: Path) -> None:
    rows, _ = candidates.rows(run, "corpus")
    learned = rows.select(pl.col("row_id").alias("doc_id"), pl.lit(1.0).alias("sensitive.faith"))
    storage.write_parquet(learned, run / "scores/corpus/learned.parquet")
    again, _ = candidates.rows(run, "corpus")
    assert again.height == rows.height
    assert again["sensitive"].to_list() == [1.0] * rows.height
    assert again["closeness"].equals(rows["closeness"])


def test_a_run_without_scores_or_drops_has_candidates(tmp_path: Path, make_run: Callable[..., list[str]]) -> None:
    make_run(tmp_path / "r", [("one", None, 9.0), ("two", None, 9.0)])
    (tmp_path / "r/scores/corpus/00000.parquet").unlink()
    rows, _ = candidates.rows(tmp_path / "r", "corpus")
    assert rows["closeness"].null_count() == rows["sensitive"].null_count() == 2


def test_texts_of_kept_and_dropped_rows_with_their_language(run: Path) -> None:
    rows, _ = candidates.rows(run, "corpus")
    wanted = rows.filter(pl.col("record").is_in([1, 45]))["row_id"].to_list()
    texts = candidates.texts(run, "corpus", wanted)
    assert sorted(texts["lang"]) == ["ko", "und"]
    assert set(texts["row_id"]) == set(wanted)


def test_dropped_texts_must_be_there(tmp_path: Path, make_run: Callable[..., list[str]]) -> None:
    make_run(tmp_path / "r", [("one", None, 9.0), ("two", "words", 2.0)], keep_dropped=False)
    with pytest.raises(InputError, match="no text of 1 of 1 dropped rows in dropped/corpus"):
        candidates.rows(tmp_path / "r", "corpus")


def test_the_step_is_found_or_must_be_named(run: Path) -> None:
    assert candidates.step_of(run, None) == candidates.step_of(run, "corpus") == "corpus"
    with pytest.raises(InputError, match="found the step 'corpsu', expected --step with one of corpus"):
        candidates.step_of(run, "corpsu")
    storage.write_parquet(pl.DataFrame({"doc_id": ["a"]}), run / "documents/web/part-0.parquet")
    with pytest.raises(InputError, match="several curate steps, expected --step with one of corpus, web"):
        candidates.step_of(run, None)
    storage.write_parquet(pl.DataFrame({"doc_id": ["a"]}), run / "documents/말뭉치/part-0.parquet")
    assert candidates.step_of(run, unicodedata.normalize("NFD", "말뭉치")) == "말뭉치"


def test_folders_that_are_no_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no manifest.jsonl"):
        candidates.step_of(tmp_path, None)
    (tmp_path / "manifest.jsonl").touch()
    with pytest.raises(InputError, match="no documents"):
        candidates.step_of(tmp_path, None)


def test_the_state_of_a_run_changes_with_its_decisions(tmp_path: Path, make_run: Callable[..., list[str]]) -> None:
    make_run(tmp_path / "a", [("one", None, 9.0), ("two", "words", 2.0)])
    make_run(tmp_path / "b", [("one", None, 9.0), ("two", "words", 2.0)])
    make_run(tmp_path / "c", [("one", None, 9.0), ("two", None, 2.0)])
    first, same, other = (candidates.state(tmp_path / name, "corpus") for name in "abc")
    assert first == same != other
