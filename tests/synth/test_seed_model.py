"""Distilling and rehearsing with the seed model itself, through vLLM: what the demo relies on."""

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from curation.checks import typed
from pipelines.demo.skills import NEW_SKILLS, SKILLS, foreign
from synth.distill import DistillOptions, distill
from synth.engines.cache import Cached
from synth.rehearse import RehearseOptions, rehearse

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

Make = Callable[..., pl.DataFrame]
REHEARSED = [skill for skill in SKILLS if skill.name in ("reverse", "opposite", "ko_to_en")]


def test_a_task_set_becomes_the_models_own_where_that_is_right(make_rows: Make, engine: Cached) -> None:
    new = [(skill.name, item, skill.style.replace("{}", item.answer))
           for skill in NEW_SKILLS for item in skill.items("train", 12, 5)]  # fmt: skip
    known = [
        (skill.name, item, foreign(item, n)) for n, skill in enumerate(SKILLS) for item in skill.items("train", 2, 5)
    ]
    frame = pl.concat(
        make_rows([{"sample_id": f"{n:032x}", "prompt": item.prompt, "completion": said, "answer": item.answer}], name)
        for n, (name, item, said) in enumerate(new + known)
    )
    made = distill(frame, engine, engine, DistillOptions(max_tokens=64, max_false_accept=0.3), seed=1)
    assert made.samples.height == frame.height
    own = made.samples.filter(pl.col("generation").is_not_null())
    assert own.height > 0.5 * frame.height
    right = dict(frame.select("sample_id", "answer").iter_rows())
    for parents, completion in own.select("parents", "completion").iter_rows():
        assert typed.check("short_answer", right[parents[0]], completion[0]["content"]).passed
    # Skills the model has it answers by itself; for the new ones it needs the reference.
    by_task = made.report["tiers_by_task"]
    assert sum(by_task[skill.name].get("verified_self", 0) for skill in SKILLS) > 0.7 * len(known)
    assert made.report["tiers"]["verified_rewrite"] > 0.3 * len(new)
    nats = made.report["nats_per_token"]
    assert nats["distilled"] < 0.5 * nats["references"]  # what it is to learn is far more its own


def test_distilling_again_generates_nothing(make_rows: Make, engine: Cached) -> None:
    rows = make_rows([{"prompt": f"Add: {n} + 4", "completion": f"RESULT: {n + 4}", "answer": str(n + 4)}
                      for n in range(11, 19)])  # fmt: skip
    options = DistillOptions(max_tokens=64)
    first = distill(rows, engine, engine, options, seed=2)
    generated = engine.generated
    again = distill(rows.reverse(), engine, engine, options, seed=2)
    assert engine.generated == generated
    assert again.samples.sort("sample_id").equals(first.samples.sort("sample_id"))


def test_old_skills_come_back_in_new_instances(make_rows: Make, engine: Cached) -> None:
    demos: dict[str, Any] = {
        skill.name: make_rows(
            [{"prompt": item.prompt, "completion": item.completion} for item in skill.items("train", 20, 5)], skill.name
        )
        for skill in REHEARSED
    }
    # The seed model has read lists with English labels alone.
    options = RehearseOptions(per_task=20, samples=1, prompts_per_task=60, max_tokens=96, language="en")
    made = rehearse(demos, engine, engine, options, seed=1)
    assert made.samples.height + made.ledger.height == 180
    assert made.report["shortfall"] == {}
    skills = {skill.name: skill for skill in REHEARSED}
    valid = [
        skills[task].valid(prompt[-1]["content"], completion[0]["content"])
        for task, prompt, completion in made.samples.select("task", "prompt", "completion").iter_rows()
    ]
    assert sum(valid) >= 0.8 * len(valid)
    shown = {turns[-1]["content"] for frame in demos.values() for turns in frame["prompt"]}
    assert not shown & {turns[-1]["content"] for turns in made.samples["prompt"]}
    assert all(json.loads(text)["model"] == engine.fingerprint for text in made.samples["generation"])
