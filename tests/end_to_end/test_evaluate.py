import json

import pytest

from curation import tables
from pipelines.demo.skills import NEW_SKILLS, SKILLS

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


def test_every_model_answers_every_item_of_every_skill(demo, table):
    scores = table(demo, "evaluation")
    assert scores.schema == tables.EVALUATION
    counted = scores.group_by("model", "task").len()
    assert counted.height == 4 * (len(SKILLS) + len(NEW_SKILLS))
    assert set(counted["len"]) == {10}


def test_the_report_shows_learning_beside_forgetting(demo):
    report = json.loads((demo / "report.json").read_text())
    assert "Learned and forgotten since seed model" in (demo.parent / "said.txt").read_text()
    page = (demo / "report.html").read_text()
    for words in ("distilled + rehearsal", "plain tuning", "Forgotten", "Learned"):
        assert words.lower() in page.lower(), words
    assert report


def test_plain_tuning_forgets_and_rehearsal_keeps(demo):
    facts = json.loads((demo / "work/facts.json").read_text())["examined"]
    lost = {row["model"]: row["forgotten"] for row in facts["summary"]}
    assert lost["plain tuning"]["low"] > lost["with rehearsal"]["high"]
    assert lost["plain tuning"]["low"] > lost["distilled + rehearsal"]["high"]
