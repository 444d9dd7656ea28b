import json

import polars as pl
import pytest

from curation import tables
from pipelines.demo.skills import SKILLS

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


def test_every_skill_is_rehearsed_with_valid_new_instances(demo, table):
    samples, demos = table(demo, "samples/rehearsal"), table(demo, "work/rehearsal")
    assert samples.schema == tables.samples_schema("prompt_completion")
    skills = {skill.name: skill for skill in SKILLS}
    assert set(samples["task"]) == set(skills)
    valid = [
        skills[row["task"]].valid(row["prompt"][-1]["content"], row["completion"][0]["content"])
        for row in samples.to_dicts()
    ]
    assert sum(valid) / len(valid) > 0.8
    shown = {turns[-1]["content"] for turns in demos["prompt"]}
    made = [turns[-1]["content"] for turns in samples["prompt"]]
    assert not shown & set(made)
    files = sorted((demo / "inputs" / "tasks").glob("test-*.jsonl"))
    asked = {json.loads(line)["prompt"][-1]["content"] for file in files for line in file.read_text().splitlines()}
    assert asked and not asked & set(made), "items of the evaluation are trained on"
    assert len(set(made)) == len(made)


def test_every_request_is_a_sample_or_a_ledger_row(demo, table):
    samples, ledger = table(demo, "samples/rehearsal"), table(demo, "ledger/rehearsal")
    drops = ledger.filter((pl.col("action") == "drop") & (pl.col("stage") != "rehearse/demos"))
    assert samples.height + drops.height == len(SKILLS) * 20
    assert drops["rule"].null_count() == 0


def test_a_sample_names_the_demonstrations_it_was_made_from(demo, table):
    samples, demos = table(demo, "samples/rehearsal"), table(demo, "work/rehearsal")
    assert set(samples["parents"].explode()) <= set(demos["sample_id"])
    assert set(samples["parents"].list.len()) == {2}
