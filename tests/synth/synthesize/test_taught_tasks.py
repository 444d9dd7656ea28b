"""Least-to-most and chains of thought by the seed model after minutes of lessons, right by a rule.

The seed model itself takes nothing apart (`test_seed_model_judged`). Taught to (`benchmarks.short_tasks`), it is
measured on questions that no lesson had: it is right in part, and what is held here is that part.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import short_tasks
from synth.engines.cache import Cached
from synth.synthesised import Synthesised

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.long]

COUNT = 60  # questions of each language


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return short_tasks.teach("reasoning", tmp_path_factory.mktemp("taught"))


def conserved(made: Synthesised) -> None:
    """Every request is used or dropped for a reason."""
    requests = made.report["requests"]
    assert requests["requests"] == requests["used"] + requests["dropped"]
    assert sum(made.report["rejections"].values()) == requests["dropped"]


@pytest.mark.parametrize("way", ["least to most", "chain of thought"])
def test_paths_that_agree_are_right_more_often_than_one_path(engine: Cached, way: str) -> None:
    every = short_tasks.questions(COUNT, 1)
    made = short_tasks.reasoned(engine, every, short_tasks.WAYS[way], 1)
    conserved(made)
    right = made.report["right"]
    assert right["above_threshold"]["of"] >= COUNT
    assert right["above_threshold"]["share"] > right["one_path"]["share"] + 0.05


def test_a_verified_answer_of_least_to_most_has_right_parts_in_english(engine: Cached) -> None:
    """Of Korean questions the parts are wrong where the answer is right: a verified answer verifies no step."""
    every = short_tasks.questions(COUNT, 1)
    made = short_tasks.reasoned(engine, every, replace(short_tasks.WAYS["least to most"], verify=True), 1)
    conserved(made)
    answers, steps = short_tasks.right_answers(made, every)
    assert all(sum(answers.values(), [])) and made.report["rows"]["unused"]["wrong_answer"] > 0
    assert len(steps["en"]) >= COUNT // 4 and sum(steps["en"]) >= 0.9 * len(steps["en"])
