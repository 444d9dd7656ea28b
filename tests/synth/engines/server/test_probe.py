"""What a server is taken to be able to: only what it was seen to do, since many take any field and ignore it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from curation.model import Request, Sampling
from synth.engines.server import probe
from synth.engines.server.probe import Served

CHAT, MODELS = "/v1/chat/completions", "/v1/models"
CARD: dict[str, Any] = {"id": "served", "owned_by": "someone"}


class Model:
    """A server's model that knows some fields and ignores the others, as real ones do."""

    def __init__(self, said: Callable[..., dict[str, Any]], knows: set[str]) -> None:
        self._said, self._knows, self._calls = said, knows, 0

    def __call__(self, asked: Any) -> Any:
        body = {
            name: value
            for name, value in asked.body.items()
            if name in self._knows or name in ("messages", "temperature")
        }
        if "response_format" in body:
            marks = body["response_format"]["json_schema"]["schema"]["properties"]["mark"]["enum"]
            return self._said(json.dumps({"mark": marks[0]}))
        self._calls += 1
        drawn = body.get("temperature", 1.0) > 0 and body.get("top_k") != 1
        state = [body.get("seed", self._calls) if drawn else 0, body.get("repetition_penalty", 1.0)]
        return self._said(hashlib.sha256(json.dumps([body["messages"], state]).encode()).hexdigest()[:12])


EVERYTHING = {"seed", "top_k", "repetition_penalty", "response_format"}
ABILITIES = {"seed": probe.SEED, "top_k": probe.TOP_K, "repetition_penalty": probe.PENALTY,
             "response_format": probe.JSON_SCHEMA}  # fmt: skip


@pytest.mark.parametrize("unknown", [None, *sorted(EVERYTHING)])
def test_a_field_that_is_ignored_is_no_ability(
    scripted: Any, open_scripted: Callable[..., Any], said: Any, unknown: str | None
) -> None:
    knows = EVERYTHING - {unknown}
    scripted.rules[CHAT] = Model(said, knows)
    assert open_scripted().served.abilities == {probe.CHAT} | {ABILITIES[name] for name in knows}


def test_a_server_that_says_always_the_same_shows_nothing(
    scripted: Any, open_scripted: Callable[..., Any], said: Any
) -> None:
    scripted.rules[CHAT] = lambda asked: said("the sea is blue")
    assert open_scripted().served.abilities == {probe.CHAT, probe.SEED}


def test_a_server_that_is_never_the_same_shows_nothing(
    scripted: Any, open_scripted: Callable[..., Any], said: Any
) -> None:
    """What differs with a field may differ without it."""
    number = iter(range(99))
    scripted.rules[CHAT] = lambda asked: said(f"number {next(number)}")
    assert open_scripted().served.abilities == {probe.CHAT}


def test_fields_that_are_refused_are_no_abilities(
    scripted: Any, open_scripted: Callable[..., Any], said: Any, reply: Any
) -> None:
    model = Model(said, {"seed"})

    def strict(asked: Any) -> Any:
        unknown = set(asked.body) - {"model", "messages", "temperature", "seed", "max_completion_tokens", "top_p"}
        return reply(400, {"error": {"message": f"unknown {unknown}"}}) if unknown else model(asked)

    scripted.rules[CHAT] = strict
    engine = open_scripted()
    assert engine.served.abilities == {probe.CHAT, probe.SEED}
    assert engine.served.limit == "max_completion_tokens"
    assert next(engine.generate([Request("r", (("user", "ask"),), Sampling(8))])).error is None
    with pytest.raises(InputError, match="was not seen to do completions"):
        next(engine.generate([Request("r", "raw", Sampling(8))]))
    scripted.rules["/v1/completions"] = lambda asked: {"choices": [{"text": "x", "finish_reason": "stop"}]}
    assert next(open_scripted().generate([Request("r", "raw", Sampling(8))])).text == "x"


@pytest.mark.parametrize(
    ("cards", "named", "said"),
    [
        ([], None, "/models: no model is listed, expected an OpenAI-compatible API: correct engine.url"),
        ([5, {"id": 5}, {}], None, "/models: no model is listed"),
        ([CARD, {**CARD, "id": "b"}], None, " has 2 models, expected engine.model_name to name one: found served, b"),
        ([CARD], "b", "engine.model_name: .* has no model b, found served"),
    ],
)
def test_the_model_must_be_clear(
    scripted: Any, open_scripted: Callable[..., Any], cards: Any, named: str | None, said: str
) -> None:
    scripted.rules[MODELS] = lambda asked: {"data": cards}
    with pytest.raises(InputError, match=said):
        open_scripted(model_name=named)


def test_what_is_no_api_is_said(scripted: Any, open_scripted: Callable[..., Any], reply: Any) -> None:
    for rule in (reply(404), {"data": None}, {"data": {"id": "served"}}, reply(400)):
        scripted.rules[MODELS] = lambda asked, rule=rule: rule
        with pytest.raises(InputError, match="/models: no model is listed"):
            open_scripted()
    scripted.rules[MODELS] = lambda asked: reply(401, {"error": "who?"})
    with pytest.raises(InputError, match=r"HTTP 401 \(who\?\), expected a key: name its variable"):
        open_scripted()


def test_a_server_is_waited_for_when_it_is_still_starting(
    scripted: Any, open_scripted: Callable[..., Any], reply: Any
) -> None:
    waiting = iter([reply(503), reply(503)])
    scripted.rules[MODELS] = lambda asked: next(waiting, {"data": [CARD]})
    assert open_scripted().served.model == "served"


def test_one_that_only_calls_itself_vllm_is_not_believed(
    scripted: Any, open_scripted: Callable[..., Any], said: Any
) -> None:
    scripted.rules[MODELS] = lambda asked: {"data": [{**CARD, "owned_by": "vllm"}]}
    assert not open_scripted().served.is_vllm
    scripted.rules["/version"] = lambda asked: {"version": "0.5.0"}
    old = {"choices": [{"text": "x", "finish_reason": "stop"}]}  # without the tokens of the prompt
    scripted.rules["/v1/completions"] = lambda asked: old
    served = open_scripted().served
    assert served.is_vllm and not {probe.TOKENS, probe.REGEX, probe.CHOICE} & served.abilities
    made = {"finish_reason": "stop", "prompt_token_ids": [1]}
    scripted.rules["/v1/completions"] = lambda asked: {
        "choices": [{**made, "text": asked.body.get("structured_outputs", {}).get("regex", "x")}]
    }
    assert {probe.TOKENS, probe.REGEX, probe.CHOICE, probe.JSON_SCHEMA} <= open_scripted().served.abilities


BARE = Served("m", "unknown", {}, None)


def test_the_address_counts_only_where_nothing_better_names_the_model(tmp_path: Path) -> None:
    def fingerprints(served: Served) -> int:
        return len({served.identity(host) for host in ("http://a", "http://b")})

    assert fingerprints(BARE) == 2
    assert fingerprints(replace(BARE, facts={"root": "/models/m"})) == 2
    assert fingerprints(replace(BARE, facts={"root": str(tmp_path)})) == 2
    assert fingerprints(replace(BARE, facts={"root": "Qwen/Qwen3-0.6B"})) == 1
    assert fingerprints(replace(BARE, facts={"meta": {"n_params": 7, "size": 9}})) == 1
    facts = [{}, {"root": "a/b"}, {"root": "a/c"}, {"meta": {"size": 9}}, {"root": "/x"}]
    different = [replace(BARE, model="n"), *(replace(BARE, facts=one) for one in facts)]
    assert len({one.identity("http://a") for one in different}) == len(different)


def test_adapters_are_those_of_the_model(scripted: Any, open_scripted: Callable[..., Any], tmp_path: Path) -> None:
    cards = [CARD, {"id": "a", "parent": "served", "root": str(tmp_path)}, {"id": "b", "parent": "other", "root": "/b"}]
    scripted.rules[MODELS] = lambda asked: {"data": cards}
    served = open_scripted(model_name="served").served
    assert served.adapters == {"a": str(tmp_path)}
    assert (
        served.adapter("a") == served.adapter(str(tmp_path)) == served.adapter(f"{tmp_path}/../{tmp_path.name}") == "a"
    )
    with pytest.raises(InputError, match="^b: the server has no such adapter, found a, expected it among them"):
        served.adapter("b")
