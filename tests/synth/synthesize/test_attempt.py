"""Requests and what became of them: joined by id, recorded whole, in the ledger where they are in no sample."""

import json
from typing import Any

from curation import tables
from curation.checks.typed_result import graded
from curation.model import Guide, Request, Sampling
from synth.drop import Drop
from synth.prompts import load
from synth.synthesize.attempt import Ask, Source, attempted, draws, events, idle, language_of, source_of

SOURCE = Source("a" * 32, "sums", "rows.jsonl", 3)


def ask(name: str = "a/x", **other: Any) -> Ask:
    return Ask(
        SOURCE, Request(name, (("user", "1 + 1?"),), Sampling(8, 0.7, seed=5, **other)), load("best_of_explain.en")
    )


def test_attempts_come_in_the_order_of_the_asks_whatever_the_engine_does(by_rule: Any) -> None:
    asks = [*draws(ask("a/x"), 3), ask("a/y")]
    made = attempted(asks, by_rule(lambda request: f" {request.id} {request.sample}\n", backwards=True))
    assert [one.text for one in made] == ["a/x 0", "a/x 1", "a/x 2", "a/y 0"]
    assert [one.key for one in made] == ["a/x-0", "a/x-1", "a/x-2", "a/y-0"]


def test_what_the_engine_refuses_is_dropped_with_its_words(by_rule: Any) -> None:
    (made,) = attempted([ask()], by_rule(lambda request: ("", "refused")))
    assert made.drop is not None and made.drop.rule == "refused"
    assert made.drop.detail["error"].startswith("prompt of 9 tokens")


def test_what_cannot_be_spelt_is_dropped(by_rule: Any) -> None:
    (made,) = attempted([ask()], by_rule(lambda request: "half \ud800"))
    assert made.drop == Drop("not_unicode") and made.text == "half \\ud800"
    assert json.loads(events([made], "best_of")["detail"][0])["text"] == "half \\ud800"


def test_a_request_is_used_or_dropped_and_the_first_reason_stays(by_rule: Any) -> None:
    first, second, third = attempted(draws(ask(), 3), by_rule(lambda request: "2"))
    first.settle(None)
    second.settle(Drop("one"))
    second.settle(Drop("two"))
    third.drop = Drop("three")
    third.settle(None)
    assert first.used and first.drop is None
    assert not second.used and second.drop == Drop("one")
    assert not third.used and third.drop == Drop("three")


def test_everything_that_made_a_text_is_recorded(by_rule: Any) -> None:
    (made,) = attempted([ask(guide=Guide(choice=("2", "3")))], by_rule(lambda request: "2", fingerprint="b" * 32))
    record = json.loads(made.generation("best_of", place=0))
    assert record["model"] == "b" * 32 and record["engine"] == "by rule 1" and record["method"] == "best_of"
    assert record["template"] == "best_of_explain.en" and record["template_hash"] == load("best_of_explain.en").hash
    assert record["sampling"]["guide"] == {"choice": ["2", "3"]} and record["sampling"]["temperature"] == 0.7
    assert record["request"] == "a/x" and record["finish_reason"] == "stop" and record["place"] == 0


def test_ledger_rows_name_file_record_rule_value_and_text(by_rule: Any) -> None:
    (made,) = attempted([ask()], by_rule(lambda request: "three"))
    made.settle(Drop.failed(graded("number", 0.0, 1.0, "no number")))
    made_rows = events([made], "best_of")
    tables.check(made_rows, tables.LEDGER)
    row = made_rows.row(0, named=True)
    assert row["row_id"] == "a/x-0" and row["file"] == "rows.jsonl" and row["record"] == 3
    assert row["rule"] == "best_of.number" and row["action"] == "drop" and (row["value"], row["threshold"]) == (0, 1)
    assert json.loads(row["detail"]) == {"found": "no number", "source": "a" * 32, "text": "three"}
    (source,) = idle([(SOURCE, Drop("none_verified"))], "best_of").iter_rows(named=True)
    assert source["row_id"] == "a" * 32 and source["rule"] == "best_of.none_verified"


def test_sources_of_rows_and_documents() -> None:
    assert source_of({"sample_id": "s", "task": "t", "file": "f", "record": 1}) == Source("s", "t", "f", 1)
    document = {"doc_id": "d", "source": "news", "file": "f", "record": 2, "text": "..."}
    assert source_of(document) == Source("d", "news", "f", 2)


def test_language_of_the_prompts() -> None:
    assert language_of("하늘은 왜 파란가요?", "auto") == "ko"
    assert language_of("Why is the sky blue?", "auto") == "en"
    assert language_of("Why is the sky blue?", "ko") == "ko"
    assert language_of("하늘은 왜 파란가요?", "en") == "en"
    assert language_of("12 + 3", "auto") == "en"
