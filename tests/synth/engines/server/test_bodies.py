"""What is sent, and what is refused since the server was not seen to do it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from curation.errors import InputError
from curation.model import Guide, Request, Sampling, ScoreRequest
from synth.engines import guides
from synth.engines.requests import Passage, Prompt
from synth.engines.server import bodies, probe
from synth.engines.server.probe import Served

ALL = frozenset({probe.COMPLETIONS, probe.CHAT, probe.TOKENS, probe.SEED, probe.TOP_K, probe.PENALTY, probe.CHOICE,
                 probe.REGEX, probe.JSON_SCHEMA, probe.PREFILL})  # fmt: skip
VLLM = Served("m", "vllm 0.32.0", {}, 512, {"a": "/adapters/a"}, ALL)
OTHER = Served("m", "unknown", {}, None, {}, frozenset({probe.CHAT}))
TALK = Request("r", (("user", "the cat"),), Sampling(8))
SCHEMA = '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}'
DRAWN = replace(TALK, sampling=Sampling(8, 0.7, 0.9, 40, 1.1, ("\n", "END"), 5))


def prompt(request: Request, tokens: tuple[int, ...] = ()) -> Prompt:
    return replace(bodies.unrendered(request), token_ids=tokens)


def test_to_vllm_every_field_is_said_since_it_has_defaults_of_its_own() -> None:
    path, body = bodies.generation(VLLM, prompt(DRAWN, (1, 5, 6)), True)
    assert path == "/completions"
    assert body.pop("seed") == prompt(DRAWN).seed
    assert body == {
        "model": "m", "prompt": [1, 5, 6], "max_tokens": 8, "temperature": 0.7, "top_p": 0.9, "top_k": 40,
        "repetition_penalty": 1.1, "stop": ["\n", "END"], "min_p": 0.0, "presence_penalty": 0.0,
        "frequency_penalty": 0.0, "return_token_ids": True,
    }  # fmt: skip
    greedy = bodies.generation(VLLM, prompt(TALK, (1,)), True)[1]
    assert "seed" not in greedy and (greedy["top_k"], greedy["repetition_penalty"]) == (0, 1.0)


def test_to_others_only_what_all_know_and_what_is_asked_goes() -> None:
    path, body = bodies.generation(OTHER, prompt(TALK), False)
    assert path == "/chat/completions"
    assert body == {"model": "m", "messages": [{"role": "user", "content": "the cat"}], "max_tokens": 8,
                    "temperature": 0.0, "top_p": 1.0}  # fmt: skip
    drawn = bodies.generation(OTHER, prompt(DRAWN), False)[1]
    assert (drawn["top_k"], drawn["repetition_penalty"]) == (40, 1.1)
    assert 0 <= drawn["seed"] < 1 << 31
    assert bodies.generation(replace(OTHER, limit="max_completion_tokens"), prompt(TALK), False)[1][
        "max_completion_tokens"] == 8  # fmt: skip


def test_raw_text_and_prefills() -> None:
    raw = replace(TALK, prompt="Input:", prefill=" 12")
    assert bodies.generation(OTHER, prompt(raw), False)[1]["prompt"] == "Input: 12"
    path, body = bodies.generation(VLLM, prompt(replace(TALK, prefill="It")), False, thinking=True)
    assert path == "/chat/completions" and body["messages"][-1] == {"role": "assistant", "content": "It"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["chat_template_kwargs"] == {"enable_thinking": True}


def test_an_adapter_is_asked_by_its_served_name() -> None:
    for named in ("a", "/adapters/a", "/adapters/../adapters/a"):
        assert bodies.generation(VLLM, prompt(replace(TALK, adapter=named), (1,)), True)[1]["model"] == "a"


def test_guides(monkeypatch: pytest.MonkeyPatch) -> None:
    def fields(served: Served, guide: Guide) -> dict[str, Any]:
        return bodies.generation(served, prompt(replace(TALK, sampling=Sampling(8, guide=guide))), False)[1]

    compact = fields(VLLM, Guide(json_schema=SCHEMA))["structured_outputs"]["grammar"]
    assert "root ::=" in compact and "n" in compact
    assert fields(VLLM, Guide(regex="[0-9]+"))["structured_outputs"] == {"regex": "[0-9]+"}
    assert fields(VLLM, Guide(choice=("a.b", "c")))["structured_outputs"]["regex"].count("|") == 1
    monkeypatch.setattr(guides, "installed", lambda: False)  # then the server writes the grammar, with spaces
    assert fields(VLLM, Guide(json_schema=SCHEMA))["structured_outputs"] == {"json": SCHEMA}
    given = fields(OTHER, Guide(json_schema=SCHEMA))["response_format"]["json_schema"]
    assert (given["schema"], given["strict"]) == (json.loads(SCHEMA), True)


@pytest.mark.parametrize(
    ("request_", "missing"),
    [(replace(TALK, prompt="raw"), "completions"), (DRAWN, "top_k and repetition_penalty"),
     (replace(TALK, prefill="It"), "prefill"),
     (replace(TALK, sampling=Sampling(8, guide=Guide(choice=("a",)))), "choice"),
     (replace(TALK, sampling=Sampling(8, guide=Guide(regex="a"))), "regex"),
     (replace(TALK, sampling=Sampling(8, guide=Guide(json_schema=SCHEMA))), "json_schema")],
)  # fmt: skip
def test_what_was_not_seen_is_refused_with_the_engines_that_have_it(request_: Request, missing: str) -> None:
    said = (
        f"^the server of m .unknown. was not seen to do {missing}, which is asked: .* the engine vllm or transformers$"
    )
    with pytest.raises(InputError, match=said):
        bodies.check(OTHER, request_, False)
    bodies.check(VLLM, request_, False)
    bodies.check(VLLM, request_, True)


def test_greedy_answers_need_no_top_k() -> None:
    bodies.check(OTHER, replace(TALK, sampling=Sampling(8, top_k=40)), False)
    bodies.check(OTHER, replace(TALK, sampling=Sampling(8, 0.7, 0.9)), False)


def test_what_no_engine_sends_is_refused() -> None:
    for request, said in [
        (replace(TALK, prompt=""), "prompt of 0 characters, expected at least 1"),
        (replace(TALK, prompt=(("user", "\ud800"),)), "the prompt holds a lone surrogate, expected Unicode text"),
        (replace(TALK, sampling=Sampling(0)), "max_tokens is 0, expected at least 1"),
        (replace(TALK, sampling=Sampling(8, float("nan"))), "temperature is nan, expected 0 or more"),
    ]:
        assert bodies.unrendered(request).refusal == said


def test_scores_and_vectors() -> None:
    assert bodies.scoring(VLLM, Passage(ScoreRequest("s", "a", "b"), (1, 5, 6), 1)) == ("/completions", {
        "model": "m", "prompt": [1, 5, 6], "max_tokens": 1, "temperature": 0.0, "prompt_logprobs": 0,
        "return_token_ids": True,
    })  # fmt: skip
    sent = {"model": "m", "input": ["a"], "encoding_format": "float"}
    assert bodies.embedding(OTHER, ["a"]) == ("/embeddings", sent)
    assert bodies.embedding(VLLM, [[1, 2]]) == (
        "/embeddings",
        {**sent, "input": [[1, 2]], "use_activation": False},
    )
