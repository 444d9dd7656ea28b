import polars as pl

from curation import tables
from curation.dedup import lines
from curation.dedup.lines import LineOptions
from curation.stage import Edited
from pipelines.jobs.curate import drops, edits

SHARED = "this line of boilerplate stands in several of the documents"


def upper(documents: pl.DataFrame, options: str, threads: int | None) -> Edited:
    rows = documents.with_columns(pl.col("text").str.replace_all(options, "", literal=True))
    changed = documents.filter(documents["text"] != rows["text"])
    ledger = tables.ledger(
        changed.select(row_id="doc_id", file="file", record="record", rule=pl.lit("test")), "t", "edit"
    )
    return Edited(rows, ledger)


def test_repeated_lines_are_taken_out_and_an_empty_document_is_dropped_with_its_text(step, left, ledger):
    texts = [
        f"{SHARED}\nand this one has more to say of its own than others",
        SHARED,
        f"its own words\n{SHARED}",
        "last",
    ]
    made = step(texts)
    edits.edit(*made, "lines", [], lines.sketch, lines.decide, LineOptions(), True)
    assert left(made)["text"].to_list() == [texts[0], "its own words", "last"]
    assert made[1].source == "lines-text" and made[1].decisions == []
    rows = ledger(made)
    assert rows.filter(pl.col("action") == "drop").select("row_id", "rule").rows() == [("01", "lines.nothing_left")]
    assert set(rows.filter(pl.col("action") == "edit")["row_id"]) == {"01", "02"}
    dropped = pl.concat([pl.read_parquet(path) for path in (made[0].run.folder / "dropped").rglob("*.parquet")])
    assert dropped.select("doc_id", "text").rows() == [("01", SHARED)]


def test_what_is_pending_is_applied_with_the_edit(step, left, ledger):
    made = step(["x", "yy x", "zzz"])
    drops.drop(*made, "short", [], lambda_side, longest, None)
    edits.edit(*made, "lines", [], lines.sketch, lines.decide, LineOptions(), False)
    assert left(made)["text"].to_list() == ["x", "zzz"]
    assert ledger(made)["rule"].to_list() == ["test.longest"]
    assert not (made[0].run.folder / "dropped").exists()


def lambda_side(documents: pl.DataFrame, options: None, threads: int | None) -> pl.DataFrame:
    return documents.select("doc_id", "length")


def longest(side: pl.DataFrame, options: None) -> pl.DataFrame:
    from curation.stage import DROPS

    chosen = side.sort("length", descending=True).head(1)
    return tables.complete(chosen.select("doc_id", rule=pl.lit("test.longest")), DROPS)


def test_an_edit_row_by_row_makes_new_files_and_conserves_rows(step, ledger):
    job, pending = step(["a cat", "cat", "dog", ""])
    name = edits.edit_rows(job, "text", pending.parts, "cats", [], upper, "cat", True)
    rows = pl.concat([job.shelf.load("work", f"{name}-{part}") for part in pending.parts])
    assert rows["text"].to_list() == ["a ", "dog", ""]  # what was empty before is not this stage's to drop
    drops_of = ledger((job, pending)).filter(pl.col("action") == "drop")
    assert drops_of.select("row_id", "rule").rows() == [("01", "cats.nothing_left")]
