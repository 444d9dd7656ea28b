import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.jobs.curate import target
from pipelines.run import Made
from pipelines.settings.embedding import EmbeddingSettings
from pipelines.settings.target import TargetSettings

COURT = ("court", "judge", "appeal", "contract", "verdict", "plaintiff")
법원 = ("법원", "판사", "항소", "계약", "판결", "원고")
SPORT = ("goalkeeper", "match", "penalty", "team", "striker", "referee")
경기 = ("골키퍼", "경기", "승부차기", "홈팀", "공격수", "심판")


def texts(english: tuple[str, ...], korean: tuple[str, ...], count: int, first: int) -> list[str]:
    """Sentences in both languages that differ by their nouns alone."""
    found = []
    for n in range(count):
        places = [(n * step + first) % len(english) for step in (1, 5, 7)]
        found.append("the {} and the {} were named before the {} on day {}".format(*(english[p] for p in places), n))
        found.append("{3}일에 {0}에서 {1}의 {2}에 대하여 알렸다".format(*(korean[p] for p in places), n))
    return found


LAW = texts(COURT, 법원, 12, 1)
TEXTS = [*texts(COURT, 법원, 8, 0), *texts(SPORT, 경기, 8, 0)]
SMALL = {
    "neighbours": {"k": 2, "embedding": {"dimensions": 8, "sample": 50}},
    "cross_entropy": {"model": {"places": 1 << 16}},
}


@pytest.fixture
def law(tmp_path: Path) -> str:
    file = tmp_path / "law.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in LAW))
    return str(file)


def legal(texts) -> int:
    """How many texts are of the domain."""
    return sum(any(word in text for word in (*COURT, *법원)) for text in texts)


@pytest.mark.parametrize("method", ["importance", "neighbours", "cross_entropy"])
def test_documents_of_the_domain_are_kept_in_both_languages(step, left, ledger, law, method):
    made = step(TEXTS)
    target.select_for_target(
        *made, TargetSettings(files=(law,), method=method, share=0.5, **SMALL), EmbeddingSettings()
    )
    assert left(made).height == 16
    assert legal(left(made)["text"]) >= {"cross_entropy": 14}.get(method, 16)  # its models want more text than this
    rows = ledger(made)
    assert set(rows["rule"]) == {f"target.{method}"} and set(rows["stage"]) == {"target"}
    kept, dropped = made[0].records[-1].facts["target"]
    assert (kept["outcome"], kept["documents"], dropped["documents"]) == ("kept", 16, 16)
    assert kept["least"] == rows["threshold"][0] > dropped["largest"] == rows["value"].max()
    assert dropped["least"] <= dropped["p05"] <= dropped["p50"] <= dropped["p95"] <= dropped["largest"]


@pytest.mark.parametrize("method", ["importance", "neighbours", "cross_entropy"])
def test_scores_do_not_depend_on_partitions(step, law, method):
    settings = TargetSettings(files=(law,), method=method, number=5, **SMALL)
    job, pending = step(TEXTS)
    target.select_for_target(job, pending, settings, EmbeddingSettings())
    scores = pl.concat([job.shelf.load("work", f"target-scores-{part}") for part in pending.parts])
    other, whole = step(TEXTS)
    rows = pl.concat([other.shelf.load("work", f"text-{part}") for part in whole.parts])
    other.carry_out([other.work("one/all", [], [], _save, rows)], "one")
    whole.source, whole.parts = "one", ["all"]
    target.select_for_target(other, whole, settings, EmbeddingSettings())
    assert other.shelf.load("work", "target-scores-all").equals(scores)
    assert other.shelf.load("work", "target").equals(job.shelf.load("work", "target"))


def _save(shelf, rows):
    return Made((shelf.save(rows, "work", "one-all"), shelf.save(rows.select("doc_id"), "scores", "all")))


def test_a_draw_keeps_more_variety_than_the_best_and_goes_by_its_seed(step, left, law):
    def chosen(**settings) -> list[str]:
        made = step(TEXTS)
        smooth = {"smoothing": 100.0, "per_ngram": False}  # small weights, so that the noise is seen
        target.select_for_target(
            *made, TargetSettings(files=(law,), number=8, importance=smooth, **settings), EmbeddingSettings()
        )
        return left(made)["text"].to_list()

    assert legal(chosen()) == 8
    drawn = chosen(gumbel=True, seed=1)
    assert len(drawn) == 8 and 4 < legal(drawn) < 8
    assert drawn == chosen(gumbel=True, seed=1) != chosen(gumbel=True, seed=2)


def test_another_threshold_scores_nothing_again_and_other_texts_do(step, left, law, tmp_path: Path):
    made = step(TEXTS)
    job, pending = made

    def scored_again(settings) -> int:
        before = len(job.run.done)
        pending.decisions.clear()
        target.select_for_target(*made, settings, EmbeddingSettings())
        return sum("target-scores" in name for name in job.run.done[before:])

    assert scored_again(TargetSettings(files=(law,), share=0.5)) == 2
    assert scored_again(TargetSettings(files=(law,), threshold=-0.4)) == 0
    least = job.records[-1].facts["target"][0]["least"]
    assert least >= -0.4 and legal(left(made)["text"]) == left(made).height == 16
    (tmp_path / "sport.txt").write_text("\n".join(texts(SPORT, 경기, 4, 2)))
    assert scored_again(TargetSettings(files=(str(tmp_path / "sport.txt"),), number=6)) == 2
    assert left(made).height == 6 and legal(left(made)["text"]) == 0
