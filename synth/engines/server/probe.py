"""What a server has and can: asked once, when it is opened, so that nothing that a run needs is ignored silently."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curation import tables
from curation.errors import InputError

from .client import Client
from .failures import Absent, Refusal

Ability = str
COMPLETIONS, CHAT, TOKENS, SEED = "completions", "chat", "tokens", "seed"
TOP_K, PENALTY = "top_k", "repetition_penalty"
CHOICE, REGEX, JSON_SCHEMA, PREFILL = "choice", "regex", "json_schema", "prefill"
_OF_VLLM = frozenset({TOP_K, PENALTY, SEED, PREFILL})
_GUIDES = frozenset({CHOICE, REGEX, JSON_SCHEMA})
_ASKED = "Tell me about the sea and the sky."
_MARK = "qx-71"  # nothing that a model would say by itself
_PROBE_SCHEMA = {
    "type": "object",
    "properties": {"mark": {"type": "string", "enum": [_MARK]}},
    "required": ["mark"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Served:
    """A model as its server tells of it.

    Attributes:
        model: the name it is asked by.
        software: name and version of the server, as far as it says.
        facts: what the server tells of the model that stays the same: where it was read, its size.
        length: longest prompt plus answer in tokens, none where it does not say.
        adapters: where each LoRA adapter was read, by the name it is asked by.
        abilities: what it was seen to do.
        limit: the field that bounds an answer's tokens.
    """

    model: str
    software: str
    facts: dict[str, Any]
    length: int | None
    adapters: dict[str, str | None] = field(default_factory=dict)
    abilities: frozenset[Ability] = frozenset()
    limit: str = "max_tokens"

    @property
    def is_vllm(self) -> bool:
        """Whether it is vLLM's own server, which takes and returns tokens."""
        return self.software.startswith("vllm ")

    @property
    def content(self) -> dict[str, Any]:
        """What names the model's content anywhere: a hub name or its sizes; an alias or a path does not."""
        root = self.facts.get("root")
        hub = isinstance(root, str) and root.count("/") == 1 and not root.startswith((".", "/", "~"))
        named = hub and not Path(str(root)).exists()
        return {key: value for key, value in self.facts.items() if key == "meta" or (key == "root" and named)}

    def identity(self, host: str) -> str:
        """Fingerprint of the model, 32 hex characters.

        The same model behind another address keeps it, unless all that is known of the model is a name that each server
        may give to another one: then the address is part of it.
        """
        return tables.fingerprint(["server", self.model, self.content or [self.facts, host]])

    def adapter(self, named: str) -> str:
        """The name by which an adapter is asked for, from that name or from the folder that it was read from.

        Raises:
            InputError: when the server has no such adapter.
        """
        if named in self.adapters:
            return named
        for name, root in self.adapters.items():
            if root is not None and Path(root).resolve() == Path(named).resolve():
                return name
        has = ", ".join(list(self.adapters)[:10]) or "none"
        raise InputError(f"{named}: the server has no such adapter, found {has}, expected it among them: start vLLM's "
                         "server with --enable-lora --lora-modules NAME=FOLDER")  # fmt: skip


async def discover(client: Client, model_name: str | None) -> Served:
    """Ask a server which model it has, and try what it can.

    Raises:
        InputError: as `look`.
    """
    served = await look(client, model_name)
    return await (_try_vllm if served.is_vllm else _try_other)(client, served)


async def look(client: Client, model_name: str | None) -> Served:
    """Ask a server which model it has.

    Raises:
        InputError: when it cannot be reached, has no such model, or several and none is named.
    """
    base = client.options.base
    listed = await client.look(f"{base}/models")
    found = (listed or {}).get("data")
    cards = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    cards = [one for one in cards if isinstance(one.get("id"), str)]
    if not cards:
        raise InputError(f"{base}/models: no model is listed, expected an OpenAI-compatible API: correct engine.url")
    card = _chosen(cards, model_name, client.options.host)
    software = await _software(client, card)
    length = next((card[key] for key in ("max_model_len", "context_length") if _is_size(card.get(key))), None)
    facts = {key: card[key] for key in ("root", "meta") if card.get(key) is not None}
    parents = {card["id"], card.get("root")}
    adapters = {one["id"]: _text(one.get("root")) for one in cards if one.get("parent") in parents - {None}}
    return Served(card["id"], software, facts, length, adapters)


def _chosen(cards: list[dict[str, Any]], named: str | None, host: str) -> dict[str, Any]:
    names = ", ".join(one["id"][:80] for one in cards[:10])
    if named is not None:
        for card in cards:
            if card["id"] == named:
                return card
        raise InputError(f"engine.model_name: {host} has no model {named}, found {names}")
    models = [one for one in cards if one.get("parent") is None]
    if len(models) != 1:
        raise InputError(f"{host} has {len(models)} models, expected engine.model_name to name one: found {names}")
    return models[0]


async def _software(client: Client, card: dict[str, Any]) -> str:
    owner = card.get("owned_by")
    if owner == "vllm":
        root = client.options.base.removesuffix("/v1")
        version = _text((await client.look(f"{root}/version") or {}).get("version"))
        return f"vllm {version}"[:60] if version else "unknown"
    return str(owner)[:40] if owner in ("llamacpp", "sglang") else "unknown"


async def _try_vllm(client: Client, served: Served) -> Served:
    """vLLM does all that is asked here, unless it serves embeddings only or is old: guides had other names before."""
    body = {"model": served.model, "prompt": [1], "max_tokens": 1, "temperature": 0.0, "return_token_ids": True}
    reply = await attempt(client, "/completions", body)
    if reply is None:
        return served
    given = (_choice(reply) or {}).get("prompt_token_ids")
    abilities = _OF_VLLM | {COMPLETIONS} | ({TOKENS} if given == [1] else set())
    guided = {**body, "max_tokens": 32, "structured_outputs": {"regex": _MARK}}
    if (_choice(await attempt(client, "/completions", guided) or {}) or {}).get("text") == _MARK:
        abilities |= _GUIDES
    said = await _say(client, served, {})
    return _with(served, abilities | ({CHAT} if said is not None else set()))


async def _try_other(client: Client, served: Served) -> Served:
    """Judge an unknown server by what it answers: many take any field and ignore those they do not know."""
    greedy = await _say(client, served, {"temperature": 0.0})
    if greedy is None:  # newer models of OpenAI's take only the newer name
        renamed = Served(served.model, served.software, served.facts, served.length, served.adapters,
                         limit="max_completion_tokens")  # fmt: skip
        greedy = await _say(client, renamed, {})
        served = renamed if greedy is not None else served
    abilities = set() if greedy is None else {CHAT}
    asked = {"model": served.model, "prompt": _ASKED, "max_tokens": 1, "temperature": 0.0}
    if (_choice(await attempt(client, "/completions", asked) or {}) or {}).get("text") is not None:
        abilities.add(COMPLETIONS)
    if CHAT not in abilities:
        return _with(served, abilities)
    drawn = [await _say(client, served, {"temperature": 1.5, "seed": seed}) for seed in (1, 2, 1)]
    if drawn[0] is not None and drawn[0] == drawn[2]:
        abilities.add(SEED)
    likeliest = [await _say(client, served, {"temperature": 1.5, "seed": seed, "top_k": 1}) for seed in (1, 2)]
    if None not in (*drawn, *likeliest) and drawn[0] != drawn[1] and likeliest[0] == likeliest[1]:
        abilities.add(TOP_K)
    punished = await _say(client, served, {"temperature": 0.0, "repetition_penalty": 50.0})
    again = await _say(client, served, {"temperature": 0.0})
    if punished is not None and again == greedy and punished != greedy:
        abilities.add(PENALTY)
    if _obeys(await _say(client, served, {"temperature": 0.0, **json_format(_PROBE_SCHEMA)}, 64)):
        abilities.add(JSON_SCHEMA)
    return _with(served, abilities)


def json_format(schema: dict[str, Any]) -> dict[str, Any]:
    """The field by which servers other than vLLM are held to a JSON schema."""
    named = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


async def attempt(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """The reply to a request that a server may be unable to answer, none where it is."""
    try:
        return await client.ask(path, body, lambda reply: reply)
    except (Refusal, Absent):
        return None


async def _say(client: Client, served: Served, fields: dict[str, Any], tokens: int = 12) -> str | None:
    """What the model answers in a conversation, none where the server has none or refuses the fields."""
    turns = [{"role": "user", "content": _ASKED}]
    body = {"model": served.model, "messages": turns, served.limit: tokens, **fields}
    reply = await attempt(client, "/chat/completions", body)
    message = (_choice(reply or {}) or {}).get("message")
    return _text(message.get("content")) if isinstance(message, dict) else None


def _choice(reply: dict[str, Any]) -> dict[str, Any] | None:
    choices = reply.get("choices")
    if isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], dict):
        return choices[0]
    return None


def _obeys(text: str | None) -> bool:
    try:
        return json.loads(text or "") == {"mark": _MARK}
    except (ValueError, RecursionError):
        return False


def _with(served: Served, abilities: set[Ability] | frozenset[Ability]) -> Served:
    return Served(served.model, served.software, served.facts, served.length, served.adapters, frozenset(abilities),
                  served.limit)  # fmt: skip


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
