"""What is sent: a request as JSON, in tokens where the server takes them, as text or a conversation elsewhere."""

import json
from collections.abc import Sequence
from typing import Any

from curation.errors import InputError
from curation.model import Guide, Request

from .. import guides
from ..requests import Passage, Prompt, derive_seed, undrawable, unguided
from . import probe
from .probe import Served

Shown = str | list[int]  # a text, or the tokens of one
COMPLETIONS, CHAT, EMBEDDINGS = "/completions", "/chat/completions", "/embeddings"
_ELSEWHERE = "ask vLLM's own server with the model's folder, or choose the engine vllm or transformers"


def check(served: Served, request: Request, tokens: bool) -> None:
    """Refuse what the server was not seen to do.

    Args:
        served: see Served.
        request: what is asked.
        tokens: whether it is sent as tokens.

    Raises:
        InputError: naming the field and the engines that have it.
    """
    sampling, needed = request.sampling, []
    if not tokens:
        needed.append(probe.COMPLETIONS if isinstance(request.prompt, str) else probe.CHAT)
    if sampling.temperature > 0 and sampling.top_k:
        needed.append(probe.TOP_K)
    if sampling.repetition_penalty != 1.0:
        needed.append(probe.PENALTY)
    if sampling.guide is not None:
        needed.append(_name(sampling.guide))
    if request.prefill and not isinstance(request.prompt, str) and not tokens:
        needed.append(probe.PREFILL)
    missing = [name for name in needed if name not in served.abilities]
    if missing:
        said = " and ".join(missing)
        raise InputError(f"the server of {served.model} ({served.software}) was not seen to do {said}, which is asked: "
                         f"{_ELSEWHERE}")  # fmt: skip


def unrendered(request: Request) -> Prompt:
    """A request that the server renders and tokenises; refused where no engine would send it."""
    sampling, turns = request.sampling, request.prompt
    parts = [turns] if isinstance(turns, str) else [part for turn in turns for part in turn]
    parts.append(request.prefill)
    refusal = undrawable(sampling) or unguided(sampling)
    if not any(parts):
        refusal = "prompt of 0 characters, expected at least 1"
    if not is_unicode("".join(parts)):
        refusal = "the prompt holds a lone surrogate, expected Unicode text"
    seed = derive_seed(sampling.seed, request.id, request.sample) if sampling.temperature > 0 else None
    return Prompt(request, (), sampling.max_tokens, seed, refusal)


def is_unicode(text: str) -> bool:
    """Whether a text holds no half of a UTF-16 pair, which no UTF-8 can spell."""
    return not any("\ud800" <= one <= "\udfff" for one in text)


def generation(served: Served, prompt: Prompt, tokens: bool, thinking: bool = False) -> tuple[str, dict[str, Any]]:
    """The path and body of a request for text.

    Every field that decides how tokens are drawn is there, since servers have defaults of their own.

    Args:
        served: see Served.
        prompt: a request that `check` let through; with its tokens where `tokens`.
        tokens: send these, and ask for those of the answer.
        thinking: let a model that can think aloud do so (conversations that vLLM's server renders).
    """
    request, sampling = prompt.request, prompt.request.sampling
    body: dict[str, Any] = {
        "model": served.model if request.adapter is None else served.adapter(request.adapter),
        served.limit: prompt.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if prompt.seed is not None:
        body["seed"] = prompt.seed if served.is_vllm else prompt.seed & 0x7FFFFFFF  # llama.cpp takes 32 bits
    if served.is_vllm or sampling.top_k:
        body["top_k"] = sampling.top_k
    if served.is_vllm or sampling.repetition_penalty != 1.0:
        body["repetition_penalty"] = sampling.repetition_penalty
    if served.is_vllm:
        body |= {"min_p": 0.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "return_token_ids": True}
    if sampling.guide is not None:
        body |= _guided(served, sampling.guide)
    if tokens:
        return COMPLETIONS, {**body, "prompt": list(prompt.token_ids)}
    if isinstance(request.prompt, str):
        return COMPLETIONS, {**body, "prompt": request.prompt + request.prefill}
    turns = [{"role": role, "content": content} for role, content in request.prompt]
    if request.prefill:
        turns.append({"role": "assistant", "content": request.prefill})
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if served.is_vllm:
        body["chat_template_kwargs"] = {"enable_thinking": thinking}
    return CHAT, {**body, "messages": turns}


def scoring(served: Served, passage: Passage) -> tuple[str, dict[str, Any]]:
    """The path and body of a request for the log-probabilities of tokens."""
    return COMPLETIONS, {
        "model": served.model,
        "prompt": list(passage.token_ids),
        "max_tokens": 1,
        "temperature": 0.0,
        "prompt_logprobs": 0,
        "return_token_ids": True,
    }


def embedding(served: Served, inputs: Sequence[Shown]) -> tuple[str, dict[str, Any]]:
    """The path and body of a request for vectors, by vLLM at the length that pooling gives them."""
    body: dict[str, Any] = {"model": served.model, "input": list(inputs), "encoding_format": "float"}
    return EMBEDDINGS, body | ({"use_activation": False} if served.is_vllm else {})


def _name(guide: Guide) -> str:
    return probe.CHOICE if guide.choice else probe.REGEX if guide.regex is not None else probe.JSON_SCHEMA


def _guided(served: Served, guide: Guide) -> dict[str, Any]:
    if not served.is_vllm:
        return probe.json_format(json.loads(str(guide.json_schema)))
    if (pattern := guides.pattern(guide)) is not None:  # the same as the offline engine's
        return {"structured_outputs": {"regex": pattern}}
    if guides.installed():  # a server heeds disable_any_whitespace only in its own settings
        return {"structured_outputs": {"grammar": guides.grammar(guide)}}
    return {"structured_outputs": {"json": guide.json_schema}}
