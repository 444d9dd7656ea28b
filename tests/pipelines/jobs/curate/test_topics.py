import polars as pl
import pytest

from curation import tables
from curation.diversity import DiversityOptions
from curation.stage import DROPS
from pipelines.jobs.curate import statistics, topics, vectors
from pipelines.jobs.curate.drops import drop_rows
from pipelines.run import Made
from pipelines.settings.embedding import EmbeddingSettings
from pipelines.settings.topics import TopicSettings

EMBEDDING = EmbeddingSettings(dimensions=8, sample=100)
TEXTS = [
    text
    for n in range(6)
    for text in (f"cat number {n} sat on the warm mat", f"주식 가격은 서울에서 {n} 번째로 내렸다")
]


def without_first_cats(documents, options, threads):
    gone = documents.filter(pl.col("doc_id").is_in(["00", "02"]))
    return tables.complete(gone.select("doc_id", rule=pl.lit("test.gone")), DROPS)


def save(shelf, rows):
    return Made((shelf.save(rows, "work", "one-all"), shelf.save(rows.select("doc_id"), "scores", "all")))


@pytest.fixture
def found(step):
    """Topics of twelve documents, two of which are already dropped."""
    job, pending = step(TEXTS)
    drop_rows(job, pending, "test", {}, without_first_cats, None)
    vectors.ready(job, pending, EMBEDDING)
    files = topics.find_topics(job, pending, TopicSettings(clusters=2), EMBEDDING, "text")
    return job, pending, files


def test_the_mix_counts_what_passed_the_rules_and_what_is_left(found):
    job, pending, files = found
    whole = pl.concat([job.shelf.load("work", file) for file in files])
    assert whole["doc_id"].to_list() == [f"{n:02}" for n in range(12)]
    assert whole.with_row_index()["cluster_id"].to_list() == whole["cluster_id"].to_list()[:2] * 6
    topics.report_mix(job, pending, files)
    mix = pl.DataFrame(job.records[-1].facts["topics"])
    cats = mix.filter(pl.col("name").str.contains("cat")).row(0, named=True)
    stock = mix.filter(pl.col("name").str.contains("서울")).row(0, named=True)
    assert (cats["before"], cats["after"], stock["before"], stock["after"]) == (6, 4, 6, 6)
    assert cats["share_after"] == pytest.approx(0.4) and cats["change"] == pytest.approx(-0.1)


def test_topics_are_balanced_and_the_mix_shows_it(found, left):
    job, pending, files = found
    cat = str(job.shelf.load("work", files[0])["cluster_id"][0])
    statistics.balance(job, pending, DiversityOptions(targets={"topic": {cat: 1.0}}), files)
    assert left((job, pending))["doc_id"].to_list() == ["04", "06", "08", "10"]
    topics.report_mix(job, pending, files)
    assert sorted(row["after"] for row in job.records[-1].facts["topics"]) == [0, 4]


def test_topics_do_not_depend_on_partitions(step, found):
    job, _, files = found
    other, pending = step(TEXTS)
    whole = pl.concat([other.shelf.load("work", f"text-{part}") for part in pending.parts])
    other.carry_out([other.work("one/all", [], [], save, whole)], "one")
    pending.source, pending.parts = "one", ["all"]
    drop_rows(other, pending, "test", {}, without_first_cats, None)
    vectors.ready(other, pending, EMBEDDING)
    alone = topics.find_topics(other, pending, TopicSettings(clusters=2), EMBEDDING, "one")
    assert other.shelf.load("work", alone[0]).equals(pl.concat([job.shelf.load("work", file) for file in files]))
