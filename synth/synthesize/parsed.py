"""Answers asked for as a JSON object, read strictly: what is not exactly that is rejected with the reason."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from curation import tables
from curation.checks.typed_result import shown, unfenced
from curation.model import Guide

from ..drop import Drop
from .attempt import Attempt


def guide(names: Sequence[str]) -> Guide:
    """What holds an engine to an object of these keys, in this order, each a text."""
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }
    return Guide(json_schema=json.dumps(schema, separators=(",", ":")))


def whole(attempt: Attempt, part: str = "") -> Drop | None:
    """Why an attempt has no whole answer, after the name of a part of the method.

    `refused`, `not_unicode` (see `attempted`), `truncated` or `empty`.
    """
    response = attempt.response
    if attempt.drop is not None:
        return replace(attempt.drop, rule=f"{part}{attempt.drop.rule}")
    if response.finish_reason == "refused":
        return Drop(f"{part}refused", detail={"error": response.error or "refused without a reason"})
    if response.finish_reason != "stop":
        found = f"ended by {response.finish_reason!r}"
        return Drop(f"{part}truncated", float(len(response.token_ids)), detail={"found": found})
    return None if attempt.text else Drop(f"{part}empty")


def fields(attempt: Attempt, names: Sequence[str], may_be_empty: Sequence[str] = ()) -> dict[str, str] | Drop:
    """The texts of the object that an attempt wrote, without white space around them.

    One code block around the whole answer is taken off; text before or after the object is not.

    Returns:
        Texts by key, or the first of these that applies: `refused`, `truncated`, `empty`, `not_json` (with a repeated
        key, too), `wrong_keys` (other keys than these, or values that are no texts), `not_unicode` (half of a UTF-16
        pair, which JSON can spell and no file can hold), `empty_field`.
    """
    fault = whole(attempt)
    if fault is not None:
        return fault
    try:
        found = json.loads(unfenced(attempt.text), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Drop("not_json", detail={"found": str(error)[:200]})
    if not isinstance(found, dict) or set(found) != set(names) or not all(isinstance(v, str) for v in found.values()):
        return Drop("wrong_keys", detail={"found": f"expected texts for {', '.join(names)}"})
    read = {name: found[name].strip() for name in names}
    if any("\ud800" <= letter <= "\udfff" for text in read.values() for letter in text):
        return Drop("not_unicode", detail={"found": "half of a UTF-16 pair"})
    lacking = [name for name in names if not read[name] and name not in may_be_empty]
    if lacking:
        return Drop("empty_field", detail={"found": f"{lacking[0]!r} is empty"})
    return read


def named(*parts: Any) -> str:
    """The id of a request: a hash of what it asks, 32 hex characters."""
    return tables.fingerprint(list(parts))


def said(text: str) -> dict[str, str]:
    """The detail of a drop for what a text says."""
    return {"text": text, "found": shown(text)}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
