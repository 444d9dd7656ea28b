"""Whatever a model answers to questions, instructions, templates and back-translation, no request is lost."""

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import tables
from curation.model import Generator, Request
from synth.synthesised import Synthesised
from synth.synthesize.backtranslate import BacktranslateOptions, backtranslate
from synth.synthesize.instructions import InstructionsOptions, instructions
from synth.synthesize.qa import QaOptions, qa
from synth.synthesize.templates import TemplatesOptions, templates

Make = Callable[..., pl.DataFrame]
LISTED = InstructionsOptions(form="list", rounds=2, requests=3, shortest=1, max_rouge=1.0)
ASKED = InstructionsOptions(rounds=2, requests=3, instances=2, shortest=1, max_rouge=1.0)

METHODS: dict[str, Callable[[pl.DataFrame, pl.DataFrame, Generator], Synthesised]] = {
    "qa": lambda docs, rows, engine: qa(docs, engine, QaOptions(questions=2, min_language=0), 1),
    "likeness": lambda docs, rows, engine: backtranslate(
        docs, engine, None, BacktranslateOptions(check="likeness", min_likeness=0, min_language=0), 1
    ),
    "likelihood": lambda docs, rows, engine: backtranslate(
        docs, engine, engine, BacktranslateOptions(min_gain=-9, min_language=0), 1  # type: ignore[arg-type]
    ),
    "list": lambda docs, rows, engine: instructions(rows, engine, LISTED, 1),
    "chat": lambda docs, rows, engine: instructions(rows, engine, ASKED, 1),
    "templates": lambda docs, rows, engine: templates(
        rows, engine, TemplatesOptions(plain=("Do {{ prompt }}",), write=3, write_inverted=2), 1
    ),
}  # fmt: skip


def said(**fields: Any) -> str:
    return json.dumps(fields)


TEXTS = st.one_of(
    st.sampled_from(
        (
            "", " ", "yes", "no", "PASS", "\ud800", said(question="Who?", answer="Ada"), said(instruction="Tell me."),
            said(instruction="Tell me of Ada, please."), said(template="Say {{ prompt }}"),
            said(template="Ask {{ completion }}"), said(input="a", output="b"), said(output="b", input=""),
            said(question="\ud800", answer="x"), said(instruction="\ud83d"), '{"template": "{{ prompt', "Ada",
            " in\nOutput: out", " in\nOutput: out\nOutput: PASS", "<|im_end|>", "so so so so so so so so so",
            said(question="Who?", answer=["Ada"]), "[" * 5000, said(template="{% for a in b %}{{ prompt }}"),
        )
    ),
    st.text(max_size=30),
)  # fmt: skip
ANSWERS = st.lists(st.tuples(TEXTS, st.sampled_from(("stop", "stop", "stop", "length", "refused"))), min_size=1)


@pytest.mark.parametrize("method", sorted(METHODS))
@given(answers=ANSWERS)
@settings(max_examples=40)
def test_nothing_is_lost(make_rows: Make, by_rule: Any, method: str, answers: list[tuple[str, str]]) -> None:
    rows = make_rows([{"prompt": f"Add {n} and 4", "completion": str(n + 4)} for n in range(3)])
    docs = pl.DataFrame(
        [{"doc_id": f"{n:032x}", "content_id": "c", "text": f"Ada built harbour {n} here, and it is a good one.",
          "source": "s", "file": "f", "record": n, "lang": None, "meta": "{}", "parents": []} for n in range(2)],
        schema=tables.DOCUMENTS,
    )  # fmt: skip
    count = iter(range(1 << 30))

    def rule(request: Request) -> tuple[str, str]:
        return answers[next(count) % len(answers)]

    made = METHODS[method](docs, rows, by_rule(rule))
    tables.check(made.ledger, tables.LEDGER)
    tables.check(made.samples, tables.samples_schema("prompt_completion"), "sample_id")
    requests, used = made.report["requests"], made.report["rows"]
    assert requests["requests"] == requests["used"] + requests["dropped"]
    assert made.ledger.height == requests["dropped"] + sum(used["unused"].values())
    dropped = set(made.ledger["row_id"])
    for row in made.samples.iter_rows(named=True):
        generation = json.loads(row["generation"])
        if "request" in generation:
            assert f"{generation['request']}-{generation['sample']}" not in dropped
        assert all(turn["content"].strip() for turn in (*row["prompt"], *row["completion"]))
