import polars as pl

from curation.diversity import DiversityOptions
from curation.outliers import OutlierOptions
from pipelines.jobs.curate import statistics


def test_outliers_are_dropped_with_the_bound_they_broke_and_the_bounds_are_kept(step, left, ledger):
    made = step([str(n) for n in range(40)], {"gopher.words": [*[float(n % 5) for n in range(39)], 500.0]})
    statistics.drop_outliers(*made, OutlierOptions(scores=("gopher.words",), min_rows=10))
    assert left(made).height == 39
    row = ledger(made).row(0, named=True)
    assert (row["row_id"], row["rule"], row["value"]) == ("39", "outlier.gopher.words", 500.0)
    assert made[0].records[-1].facts["bounds"][0]["high"] == row["threshold"]


def test_shares_are_brought_to_their_target_and_reported(step, left, ledger):
    made = step([str(n) for n in range(20)], meta=["{}"] * 20)
    job, pending = made
    statistics.balance(job, pending, DiversityOptions(targets={"lang": {"en": 1.0}}, total=8), None)
    assert left(made).height == 8
    assert set(ledger(made)["rule"]) == {"diversity.lang"}
    shares = pl.DataFrame(job.records[-1].facts["shares"])
    assert shares.filter(field="lang")["rows_after"].to_list() == [8]


def test_topics_come_from_clusters_of_the_documents(step, left):
    made = step([str(n) for n in range(6)])
    job, pending = made
    files = []
    for part in pending.parts:
        rows = job.shelf.load("work", f"text-{part}", ["doc_id"]).with_row_index("cluster_id")
        file = f"topics-{part}"
        job.carry_out([job.work(f"topics/{part}", [], [], _save, rows, file)], "topics")
        files.append(file)
    statistics.balance(job, pending, DiversityOptions(targets={"topic": {"0": 1.0}}), files)
    assert left(made)["doc_id"].to_list() == ["00", "03"]


def _save(shelf, rows, file):
    from pipelines.run import Made

    return Made((shelf.save(rows, "work", file),))
