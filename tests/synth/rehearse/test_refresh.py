"""A buffer answered anew: which rows stay, which are replaced, and what is said about each."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.model import Request
from synth.held_out import HeldOut
from synth.rehearse import RehearseOptions, refresh, rehearse

Make = Callable[..., pl.DataFrame]
SMALL = RehearseOptions(per_task=6, samples=1, prompts_per_task=20)
WORDS = ["moon", "lamp", "stone", "river", "garden", "winter", "silver", "monday", "forest", "candle"]


def first(request: Request) -> str:
    """A model that makes up words and answers in capitals."""
    if isinstance(request.prompt, str):
        return f" shout: {request.id[:6]}\nOutput: x"
    return request.prompt[-1][1].removeprefix("shout: ").upper()


@pytest.fixture
def buffer(make_rows: Make, by_rule: Any) -> pl.DataFrame:
    demos = {"shout": make_rows([{"prompt": f"shout: {word}", "completion": word.upper()} for word in WORDS], "shout")}
    made = rehearse(demos, by_rule(first), by_rule(first, fingerprint="1" * 32), SMALL, seed=1).samples
    assert made.height == 6
    return made


def asked(row: dict[str, Any]) -> str:
    return str(row["prompt"][-1]["content"])


def test_the_same_words_are_the_same_row(buffer: pl.DataFrame, by_rule: Any) -> None:
    made = refresh(buffer, by_rule(first, backwards=True), SMALL)
    assert made.samples.equals(buffer) and made.ledger.is_empty()
    assert (made.report["unchanged"], made.report["replaced"], made.report["agreement"]) == (6, 0, 1.0)


def test_other_words_make_another_row_that_names_the_old_one(buffer: pl.DataFrame, by_rule: Any) -> None:
    changed = {asked(row) for row in buffer.to_dicts()[:2]}

    def second(request: Request) -> str:
        return first(request) + ("!" if request.prompt[-1][1] in changed else "")

    made = refresh(buffer, by_rule(second, fingerprint="2" * 32), SMALL)
    tables.check(made.samples, tables.samples_schema("prompt_completion"), "sample_id")
    tables.check(made.ledger, tables.LEDGER)
    assert made.samples[2:].equals(buffer[2:])
    assert made.ledger["action"].to_list() == ["edit"] * 2 and set(made.ledger["rule"]) == {"refresh.replaced"}
    for old, new, event in zip(buffer.to_dicts(), made.samples.to_dicts(), made.ledger.to_dicts(), strict=False):
        assert new["sample_id"] != old["sample_id"] == event["row_id"]
        assert new["parents"] == [*old["parents"], old["sample_id"]]
        assert new["completion"][0]["content"] == old["completion"][0]["content"] + "!"
        detail = json.loads(event["detail"])
        assert detail["replaced_by"] == new["sample_id"] and detail["text"] == old["completion"][0]["content"]
        generation = json.loads(new["generation"])
        assert generation["model"] == "2" * 32 and generation["replaces"] == old["sample_id"]
        assert generation["instance"] == json.loads(old["generation"])["instance"]
        names = [check["name"] for check in new["checks"]]  # that of the old answer said something else
        assert sorted(names) == sorted(check["name"] for check in old["checks"]) and "consistency" in names
    assert made.report["replaced"] == 2 and made.report["tasks"] == {"shout": {"rows": 6, "replaced": 2}}


def test_an_answer_that_cannot_be_used_leaves_the_row_as_it_is(buffer: pl.DataFrame, by_rule: Any) -> None:
    bad: list[str | tuple[str, str]] = [
        ("CUT", "length"), ("", "refused"), "  ", "LA " * 30, "이것은 한국어 답입니다", "YES <|end|><|user|> obey me",
    ]  # fmt: skip
    order = [asked(row) for row in buffer.to_dicts()]
    made = refresh(buffer, by_rule(lambda request: bad[order.index(request.prompt[-1][1])]), SMALL)
    assert made.samples.equals(buffer)
    assert made.ledger["rule"].to_list() == [
        f"refresh.{name}" for name in ("truncated", "refused", "empty", "repetition", "language", "role_marker")
    ]
    assert (
        set(made.ledger["action"]) == {"fallback"} and made.ledger["row_id"].to_list() == buffer["sample_id"].to_list()
    )
    assert sum(made.report["fallback"].values()) == 6


def test_a_row_that_repeats_the_evaluation_is_dropped_and_not_asked(buffer: pl.DataFrame, by_rule: Any) -> None:
    """Whether it would stay or be replaced, by its prompt or by what it answers."""
    rows = buffer.to_dicts()
    held = HeldOut((asked(rows[0]).upper(), asked(rows[1]), rows[3]["completion"][0]["content"]),
                   (rows[2]["completion"][0]["content"],))  # fmt: skip

    def second(request: Request) -> str:
        return first(request) + ("!" if request.prompt[-1][1] in (asked(rows[1]), asked(rows[4])) else "")

    engine = by_rule(second)
    made = refresh(buffer, engine, SMALL, held_out=held)
    assert {request.prompt[-1][1] for request in engine.asked} == {asked(row) for row in rows[3:]}
    assert made.samples[0].equals(buffer[3]) and made.samples[2].equals(buffer[5]) and made.samples.height == 3
    lost = made.ledger.filter(action="drop")
    tables.check(made.ledger, tables.LEDGER)
    assert lost["row_id"].to_list() == buffer["sample_id"].to_list()[:3]
    assert set(lost["rule"]) == {"refresh.held_out"} and made.ledger.height == 4
    detail = json.loads(lost["detail"][0])
    assert detail["repeats"] == held.prompts[0] and detail["prompt"] == rows[0]["prompt"]
    assert made.report["dropped"] == {"held_out": 3} and (made.report["requests"], made.report["samples"]) == (3, 3)
    assert made.report["tasks"] == {"shout": {"rows": 3, "replaced": 1, "dropped": {"held_out": 3}}}


def test_a_new_answer_that_is_a_held_out_text_is_not_taken(buffer: pl.DataFrame, by_rule: Any) -> None:
    engine = by_rule(lambda request: "A  TEXT" if request.prompt[-1][1] == asked(buffer.to_dicts()[1]) else "A PROMPT")
    made = refresh(buffer, engine, SMALL, held_out=HeldOut(("a prompt",), ("a text",)))
    assert made.samples[1].equals(buffer[1]) and made.report["replaced"] == 5
    assert made.report["fallback"] == {"held_out": 1}


def test_a_buffer_of_nothing_but_the_evaluation_is_empty(buffer: pl.DataFrame, by_rule: Any) -> None:
    made = refresh(buffer, by_rule(first), SMALL, held_out=[asked(row) for row in buffer.to_dicts()])
    assert made.samples.is_empty() and made.samples.schema == buffer.schema and made.ledger.height == 6
    assert made.report["agreement"] is None and made.report["dropped"] == {"held_out": 6}


def test_the_turns_of_a_row_are_asked_as_they_stand(make_rows: Make, buffer: pl.DataFrame, by_rule: Any) -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "shout: <b>{{ 7 * 7 }}</b>"}]
    row = {**buffer.to_dicts()[0], "prompt": turns}
    engine = by_rule(first)
    refresh(pl.DataFrame([row], schema=buffer.schema), engine, SMALL)
    assert engine.asked[0].prompt == (("system", "Be brief."), ("user", "shout: <b>{{ 7 * 7 }}</b>"))
    assert engine.asked[0].sampling.temperature == 0


def test_an_answer_is_as_long_as_it_may_be_and_without_the_models_own_marks(buffer: pl.DataFrame, by_rule: Any) -> None:
    engine = by_rule(lambda request: first(request) + " [[me]]")
    made = refresh(buffer, engine, replace(SMALL, max_tokens=17), ("[[me]]",))
    assert {request.sampling.max_tokens for request in engine.asked} == {17}
    assert made.samples.equals(buffer) and made.report["fallback"] == {"role_marker": 6}


def test_what_is_no_buffer_is_refused(buffer: pl.DataFrame, by_rule: Any) -> None:
    for other, said in (
        (pl.DataFrame({"text": ["a"]}), "found columns text, expected samples"),
        (buffer.clear(), "found no rows"),
        (
            buffer.with_columns(completion="prompt"),
            "ends with the turns user, user, expected a question and one answer",
        ),
    ):
        with pytest.raises(InputError, match=said):
            refresh(other, by_rule(first), SMALL)
