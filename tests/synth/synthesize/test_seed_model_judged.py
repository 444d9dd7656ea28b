"""Dialogue, reasoning, best-of, preferences, labels and probing with the seed model itself, through vLLM.

The seed model answers its skills, says the same of two answers whatever stands in them, and reasons about nothing: so
what it can do is measured by rule, and of what it cannot every request must be in the ledger with a reason.
"""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.checks import typed
from pipelines.demo.skills import SKILLS
from synth.engines.cache import Cached
from synth.synthesised import Synthesised
from synth.synthesize.best_of import best_of
from synth.synthesize.best_of.options import BestOfOptions
from synth.synthesize.dialogue import dialogue
from synth.synthesize.dialogue.options import DialogueOptions
from synth.synthesize.label import label
from synth.synthesize.label.options import LabelOptions
from synth.synthesize.preferences import preferences
from synth.synthesize.preferences.options import PreferencesOptions
from synth.synthesize.probe import probe
from synth.synthesize.probe.options import ProbeOptions
from synth.synthesize.reasoning import reasoning
from synth.synthesize.reasoning.options import ReasoningOptions

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

Make = Callable[..., pl.DataFrame]
BY_NAME = {skill.name: skill for skill in SKILLS}


def items(make_rows: Make, count: int, *names: str, **other: Any) -> pl.DataFrame:
    """Unseen items of skills, each with its answer."""
    records = [
        (name, {"sample_id": tables.content_id(item.prompt), "prompt": item.prompt, "completion": item.completion,
                "answer": item.answer, **other})
        for name in names for item in BY_NAME[name].items("test", count, 7)
    ]  # fmt: skip
    return pl.concat([make_rows([record], name) for name, record in records])


def conserved(made: Synthesised) -> None:
    """Requests and rows of the report are those of the ledger, and nothing is counted twice."""
    requests, rows = made.report["requests"], made.report["rows"]
    assert requests["requests"] == requests["used"] + requests["dropped"]
    unused = sum(rows["unused"].values())
    assert rows["rows"] == rows["used"] + unused
    assert made.ledger.height == requests["dropped"] + unused
    assert made.ledger["row_id"].null_count() == 0 and made.ledger["rule"].null_count() == 0


def test_best_of_keeps_right_answers_in_both_languages(make_rows: Make, engine: Cached) -> None:
    rows = items(make_rows, 16, "add", "reverse", "ko_reverse")
    made = best_of(rows, engine, engine, BestOfOptions(samples=4, max_tokens=48, choose="likelihood"), seed=1)
    conserved(made)
    answers = dict(rows.select("sample_id", "answer").iter_rows())
    for parents, completion in made.samples.select("parents", "completion").iter_rows():
        assert typed.check("short_answer", answers[parents[0]], completion[0]["content"]).passed
    used = {task: counts["used"] for task, counts in made.report["yield_by_task"].items()}
    assert used["reverse"] >= 14 and used["ko_reverse"] >= 14
    # One draw in three of a sum is right; of four draws one is far more often.
    assert made.report["pass_at"]["1"] < made.report["pass_at"]["4"]
    generated = engine.generated
    again = best_of(
        rows.reverse(), engine, engine, BestOfOptions(samples=4, max_tokens=48, choose="likelihood"), seed=1
    )
    assert engine.generated == generated
    assert again.samples.sort("sample_id").equals(made.samples.sort("sample_id"))


def test_paths_that_agree_are_right_more_often_than_one_path(make_rows: Make, engine: Cached) -> None:
    rows = items(make_rows, 40, "add", "ko_count", check="number")
    options = ReasoningOptions(
        samples=5, max_tokens=48, template="{{ question }}", pattern=r"(?:The sum is|모두) (\d+)", min_agreement=0.6
    )
    made = reasoning(rows, engine, options, seed=1)
    conserved(made)
    right = made.report["right"]
    assert right["above_threshold"]["share"] > right["one_path"]["share"]
    assert all(check["passed"] for checks in made.samples["checks"].to_list() for check in checks)
    assert made.report["yield_by_task"]["ko_count"]["used"] >= 30


@pytest.mark.parametrize("method", ["chain_of_thought", "least_to_most"])
def test_a_model_that_cannot_reason_gives_reasons_why_nothing_came(
    make_rows: Make, engine: Cached, method: str
) -> None:
    rows = items(make_rows, 4, "add", "ko_count")
    made = reasoning(rows, engine, ReasoningOptions(method=method, samples=2, max_tokens=64), seed=1)
    conserved(made)
    assert made.samples.height == 0 and made.report["rows"]["unused"] == {"no_answer": 8}


def test_pairs_are_right_against_wrong(make_rows: Make, engine: Cached) -> None:
    rows = items(make_rows, 24, "add", check="number")
    made = preferences(rows, engine, PreferencesOptions(samples=6, max_tokens=48), seed=1)
    conserved(made)
    assert made.samples.height >= 8
    answers = dict(rows.select("sample_id", "answer").iter_rows())
    for parents, chosen, rejected in made.samples.select("parents", "chosen", "rejected").iter_rows():
        assert typed.check("number", answers[parents[0]], chosen[0]["content"]).passed
        assert not typed.check("number", answers[parents[0]], rejected[0]["content"]).passed


def test_a_judge_without_an_opinion_makes_no_pair(make_rows: Make, engine: Cached) -> None:
    """The seed model names the same place whatever stands there: asked in both orders, that is a tie."""
    rows = items(make_rows, 8, "add")
    options = PreferencesOptions(by="judge", samples=3, max_tokens=48, ties="keep")
    made = preferences(rows, engine, options, seed=1)
    conserved(made)
    judged = made.report["judge"]
    assert judged["comparisons"] > 0 and judged["void"] == 0  # guided, so that it says nothing but ids
    assert made.samples.height + made.ties.height == made.report["rows"]["used"]
    assert judged["first_named"] in (0.0, 1.0) and judged["inconsistent"] == judged["comparisons"]
    assert made.samples.height == 0 and made.ties.height == made.report["ties"] > 0


def test_labels_of_a_skill_it_has(make_rows: Make, engine: Cached) -> None:
    known = {
        item.prompt.split(": ")[1]: item.answer
        for item in BY_NAME["category"].items("train", 120, 7) if ", " not in item.prompt
    }  # fmt: skip
    kinds = tuple(sorted(set(known.values())))
    frame = make_rows([{"prompt": word, "completion": kind, "answer": kind} for word, kind in known.items()])
    options = LabelOptions(
        kinds,
        templates=("Category of: {{ text }}", "What kind of thing is this: {{ text }}"),
        prefill="This belongs to ",
        min_confidence=0.9,
    )
    made = label(frame, engine, engine, options, seed=1, labelled=frame)
    conserved(made)
    measured = made.report["labelled"]
    assert measured["forced"]["accuracy"] > 0.9 and measured["accepted"]["coverage"] > 0.8
    assert measured["accepted"]["accuracy"] >= measured["forced"]["accuracy"]
    said = {
        prompt[0]["content"]: turns[0]["content"]
        for prompt, turns in made.samples.select("prompt", "completion").iter_rows()
    }
    assert sum(known[word] == kind for word, kind in said.items()) > 0.9 * len(said)
    # Asked in forms that it does not know, its votes are labels all the same, and its doubt keeps it from most.
    strange = label(frame.head(6), engine, engine, LabelOptions(kinds, min_confidence=0.9), seed=1)
    conserved(strange)
    assert strange.report["abstained"] == strange.report["rows"]["rows"] - strange.samples.height


def test_the_form_that_the_model_was_taught_wins(make_rows: Make, engine: Cached) -> None:
    words = items(make_rows, 40, "capitals")
    bare = words.with_columns(
        prompt=pl.Series([[{"role": "user", "content": turns[0]["content"].split(": ")[1]}]
                          for turns in words["prompt"].to_list()], dtype=tables.TURNS)
    )  # fmt: skip
    taught = "Write in capitals: {{ question }}"
    options = ProbeOptions(templates=(taught,), max_tokens=48, min_language=0.0)
    made = probe(bare, engine, options, seed=1)
    conserved(made)
    assert made.report["winner"] == {"name": "templates[0]", "texts": {"en": taught}}
    assert made.report["test"]["gain_shown"] and made.report["test"]["gain"]["mean"] > 0.5
    assert made.samples.height >= 36


def test_dialogues_of_a_model_that_answers_one_question_only(make_rows: Make, engine: Cached) -> None:
    rows = items(make_rows, 6, "reverse", "ko_reverse")
    made = dialogue(rows, engine, DialogueOptions(max_exchanges=3, max_tokens=48, user_max_tokens=48), seed=1)
    conserved(made)
    assert made.report["dialogues"]["begun"] == 12
    for completion in made.samples["completion"].to_list():
        assert [turn["role"] for turn in completion][::2] == ["assistant"] * len(completion[::2])
        assert len({turn["content"] for turn in completion}) == len(completion)
