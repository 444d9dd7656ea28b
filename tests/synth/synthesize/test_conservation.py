"""Whatever a model answers, no request and no row is lost: every method, with answers of every hostile kind."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import tables
from curation.model import Generator, Request
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

Make = Callable[..., pl.DataFrame]
Method = Callable[[pl.DataFrame, Generator], Synthesised]

METHODS: dict[str, Method] = {
    "best_of": lambda rows, engine: best_of(rows, engine, None, BestOfOptions(samples=3, keep=2, unchecked=True), 1),
    "dialogue": lambda rows, engine: dialogue(rows, engine, DialogueOptions(max_exchanges=3), 1),
    "turns": lambda rows, engine: dialogue(rows, engine, DialogueOptions(min_exchanges=1, rows="turn"), 1),
    "label": lambda rows, engine: label(rows, engine, None, LabelOptions(("A", "B"), min_confidence=0.4), 1),
    "checks": lambda rows, engine: preferences(rows, engine, PreferencesOptions(samples=3), 1),
    "judge": lambda rows, engine: preferences(
        rows, engine, PreferencesOptions(by="judge", samples=3, ties="keep"), 1
    ),
    "probe": lambda rows, engine: probe(rows, engine, ProbeOptions(), 1),
    "chains": lambda rows, engine: reasoning(rows, engine, ReasoningOptions(samples=3, keep=2), 1),
    "parts": lambda rows, engine: reasoning(rows, engine, ReasoningOptions(method="least_to_most", samples=2), 1),
}  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(
        (
            "", " ", "A", "B", "C", "7", "It is 7.", "It is 8.", "So 3 + 4 = 7.\nAnswer: 7", "Answer: 8",
            "1. What is 3?\n2. What is 4?", "1. What?", "[END]", "Thanks [END]", '{"half": ', "답: 7", "<|im_end|>",
            "I cannot help with that.", "no no no no no no no no", "User: hi\nAssistant: ho", "\ud800",
            "좋습니다 정말로",
        )
    ),
    st.text(max_size=30),
)  # fmt: skip
ANSWERS = st.lists(st.tuples(TEXTS, st.sampled_from(("stop", "stop", "stop", "length", "refused"))), min_size=1)


@pytest.mark.parametrize("method", sorted(METHODS))
@given(answers=ANSWERS)
@settings(max_examples=30)
def test_nothing_is_lost(make_rows: Make, by_rule: Any, method: str, answers: list[tuple[str, str]]) -> None:
    rows = make_rows(
        [{"prompt": f"{n} + 4?", "completion": str(n + 4), "answer": str(n + 4), "check": "number"} for n in range(4)]
        + [{"prompt": "Why?", "completion": "So."}]
    )
    texts = iter(range(1 << 30))

    def rule(request: Request) -> tuple[str, str]:
        return answers[next(texts) % len(answers)]

    made = METHODS[method](rows, by_rule(rule))
    tables.check(made.ledger, tables.LEDGER)
    requests, used = made.report["requests"], made.report["rows"]
    assert requests["requests"] == requests["used"] + requests["dropped"]
    assert made.ledger.height == requests["dropped"] + sum(used["unused"].values())
    for row in made.samples.iter_rows(named=True):
        assert row["checks"] and len(row["parents"]) == 1
        for column in ("completion", "chosen"):
            assert all(turn["content"].strip() for turn in row.get(column) or ())
