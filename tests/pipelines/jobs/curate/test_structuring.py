import json
import unicodedata

import polars as pl

from pipelines.jobs.curate import structuring
from pipelines.jobs.curate.counts import funnel
from pipelines.jobs.curate.finishing import finish
from pipelines.settings import CurateSettings, SampleSettings, StructureSettings

PAIRS = "Q: What is a heart?\nA: A muscle that pumps blood.\n\n질문: 물은 무엇인가요?\n답변: 마시는 것입니다."


def test_documents_are_cut_by_their_form_and_others_are_ledger_rows(step, ledger):
    job, pending = step([PAIRS, "nothing of the kind"])
    settings = StructureSettings.model_validate({"faq": {}})
    name = structuring.cut(job, "text", pending.parts, settings, True)
    rows = pl.concat([job.shelf.load("work", f"{name}-{part}") for part in pending.parts])
    assert rows.height == 2 and rows["parents"].to_list() == [["00"], ["00"]]
    found = pl.concat(map(pl.read_parquet, (job.run.folder / "ledger").rglob("*.parquet")))
    assert sorted(found.select("row_id", "action").rows()) == [("00", "split"), ("01", "drop")]
    facts = funnel(job.records, [])
    assert (facts["made"], facts["consumed"], facts["grown"]) == (2, 1, {"structure": 1})
    assert pl.read_parquet(job.run.folder / "dropped/c/*.parquet")["doc_id"].to_list() == ["01"]


def test_samples_are_made_of_the_documents_at_the_end(step):
    job, pending = step([PAIRS, "nothing of the kind"])
    tree = {"inputs": ["x"], "samples": {"faq": {"task": "ask"}}}
    finish(job, pending, CurateSettings.model_validate(tree))
    samples = pl.concat(map(pl.read_parquet, (job.run.folder / "samples").rglob("*.parquet")))
    assert samples["task"].to_list() == ["ask", "ask"] and samples["parents"].to_list() == [["00"], ["00"]]
    assert funnel(job.records, [])["samples"] == 2


def test_exactly_one_form_is_chosen():
    form, options = SampleSettings.model_validate({"columns": {"prompt": "q", "completion": "text"}}).chosen()
    assert form == "columns" and options.prompt == "q"


def test_fields_that_become_samples_are_normalised_and_hold_no_personal_data(step, ledger):
    asked = unicodedata.normalize("NFD", "메일은") + " kim@naver.com\r\n입니다"
    job, pending = step(["닦으세요"], meta=[json.dumps({"q": asked, "other": "lee@naver.com"}, ensure_ascii=False)])
    tree = {"inputs": ["x"], "samples": {"columns": {"prompt": "질문: {q}", "completion": "text"}}}
    finish(job, pending, CurateSettings.model_validate(tree))
    samples = pl.concat(map(pl.read_parquet, (job.run.folder / "samples").rglob("*.parquet")))
    assert samples["prompt"][0][0]["content"] == "질문: 메일은 <EMAIL>\n입니다"
    found = pl.concat(map(pl.read_parquet, (job.run.folder / "ledger").rglob("*.parquet")))
    edits = {row["rule"]: json.loads(row["detail"])["field"] for row in found.filter(action="edit").to_dicts()}
    assert edits == {"normalise.line_ends+nfc": "q", "pii.email": "q"}
    assert "kim@" not in str(found["detail"].to_list())


def test_fields_that_become_documents_are_normalised(step):
    job, pending = step(["닦으세요"], meta=[json.dumps({"q": unicodedata.normalize("NFD", "왜") + "\r\n"})])
    settings = StructureSettings.model_validate({"columns": {"sections": ["q", "text"]}})
    name = structuring.cut(job, "text", pending.parts, settings, True)
    rows = pl.concat([job.shelf.load("work", f"{name}-{part}") for part in pending.parts])
    assert rows["text"][0] == "# q\n\n왜\n\n# text\n\n닦으세요"
