import polars as pl

from curation import stage, tables
from pipelines.jobs.curate import drops


def side(documents: pl.DataFrame, options: str, threads: int | None) -> pl.DataFrame:
    return documents.select("doc_id", "length", "date", "quality")


def shortest(side: pl.DataFrame, options: str) -> pl.DataFrame:
    """Drops the shortest document of all."""
    chosen = side.sort("length", "doc_id").head(1)
    return tables.complete(chosen.select("doc_id", rule=pl.lit(f"test.{options}")), stage.DROPS)


def holding(documents: pl.DataFrame, options: str, threads: int | None) -> pl.DataFrame:
    chosen = documents.filter(pl.col("text").str.contains(options, literal=True))
    return tables.complete(chosen.select("doc_id", rule=pl.lit("test.holds")), stage.DROPS)


def test_each_stage_sees_what_those_before_left_in_all_partitions(step, left, ledger):
    texts = ["aaaa", "bbb", "c", "dd"]
    made = step(texts, meta=['{"date": "2021"}', "{}", "{}", "{}"])
    job, pending = made
    drops.drop(job, pending, "one", [], side, shortest, "one")
    drops.drop(job, pending, "two", [], side, shortest, "two")
    assert left(made)["text"].to_list() == ["aaaa", "bbb"]
    assert pending.decisions == [drops.Decision("one"), drops.Decision("two")]
    rows = ledger(made).sort("row_id")
    assert rows.select("row_id", "stage", "rule").rows() == [("02", "one", "test.one"), ("03", "two", "test.two")]
    first = job.shelf.load("work", "two-side-00000-00000")
    assert first["date"].to_list() == ["2021", None] and first["quality"].null_count() == 2


def test_a_stage_that_looks_at_one_partition_at_a_time(step, left):
    made = step(["keep", "bad one", "keep too", "bad"])
    drops.drop_rows(*made, "rows", [], holding, "bad")
    assert left(made)["text"].to_list() == ["keep", "keep too"]


def test_keep_orders_know_the_learned_score(step):
    job, pending = step(["a", "b", "c"], {drops.QUALITY: [0.5, 0.25, 1.0]})
    drops.drop(job, pending, "one", [], side, shortest, "one")
    assert job.shelf.load("work", "one-side-00000-00000")["quality"].to_list() == [0.5, 0.25]


def test_survivors_are_the_documents_without_what_was_decided(step):
    job, pending = step(["aa", "b", "cc"])
    drops.drop(job, pending, "one", [], side, shortest, "one")
    assert drops.survivors(job.shelf, "text", "00000-00000", pending.decisions)["text"].to_list() == ["aa"]
    assert drops.survivors(job.shelf, "text", "00000-00000", [])["text"].to_list() == ["aa", "b"]
