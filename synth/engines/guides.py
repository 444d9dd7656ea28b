"""Answers held to a form: a guide as a grammar of xgrammar, the library with which vLLM does the same.

Both engines get the same pattern or schema, compiled with the same settings. What xgrammar would read otherwise than
RE2 or JSON Schema mean it is written out, or refused: it would give answers that do not obey the guide.
"""

import importlib.util
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from curation.model import Guide

if TYPE_CHECKING:
    import torch

# Rules that xgrammar 0.2.8 makes of a schema, and what they should be: strings with a bound on their length take
# control characters, which JSON forbids, and values that a schema leaves open get a space behind their commas.
_MENDED = (
    (r"_characters ::= (([^\"\\\r\n]))", r"_characters ::= (([^\0-\x1f\"\\\r\n]))"),
    ('basic_array_items ::= ((", " basic_any))', 'basic_array_items ::= (("," basic_any))'),
    ('_properties ::= ((", " basic_string ":" basic_any))', '_properties ::= (("," basic_string ":" basic_any))'),
)
DEEPEST = 32  # levels of a schema
MISSING = "guided answers need the package xgrammar, which comes with vLLM: install it, or use the engine vllm"

_IN_CLASS = {"s": r" \t\n\f\r"}
_OUTSIDE = {"s": r"[ \t\n\f\r]", "S": r"[^ \t\n\f\r]"}
_NAMED = frozenset("dDwWnrtfv")
_OF_TYPE = {
    "properties": "object", "required": "object", "additionalProperties": "object", "items": "array",
    "prefixItems": "array", "minItems": "array", "maxItems": "array", "minLength": "string", "maxLength": "string",
    "minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number",
}  # fmt: skip
_ALONE = ("$ref", "anyOf", "enum", "const")  # xgrammar looks at nothing that stands beside them
_DEFINED = {"$defs", "definitions"}
_ANNOTATIONS = {"title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated"}
_KEYWORDS = {"type", *_OF_TYPE, *_ALONE, *_DEFINED, *_ANNOTATIONS}


def installed() -> bool:
    """Whether xgrammar can be imported here."""
    return importlib.util.find_spec("xgrammar") is not None


@lru_cache(maxsize=1024)  # a run asks with few guides, and with each of them often
def pattern(guide: Guide) -> str | None:
    """The regular expression of a choice or regex guide as xgrammar reads it, none for a schema.

    Raises:
        ValueError: when it cannot be written for xgrammar, saying why.
    """
    if guide.choice:
        return "|".join("".join(map(_literal, one)) for one in guide.choice)
    return None if guide.regex is None else "".join(_translated(guide.regex))


@lru_cache(maxsize=1024)
def grammar(guide: Guide) -> str | None:
    """The schema of a guide as a grammar of xgrammar's own notation, none for a choice or regex.

    The JSON has no spaces between its parts.

    Raises:
        ValueError: when xgrammar cannot read the schema.
    """
    import xgrammar

    if guide.json_schema is None:
        return None
    try:
        text = str(xgrammar.Grammar.from_json_schema(guide.json_schema, any_whitespace=False, separators=(",", ":")))
    except Exception as error:  # the library raises several kinds, of which none is narrower
        raise ValueError(f"xgrammar cannot read it ({_said(error)})") from error
    for wrong, right in _MENDED:
        text = text.replace(wrong, right)
    return text


@lru_cache(maxsize=1024)
def fault(guide: Guide) -> str | None:
    """Why no engine here can hold an answer to a guide, none where one can.

    Where xgrammar is missing only the form is looked at.
    """
    try:
        pattern(guide)
        if guide.json_schema is not None:
            _check_schema(json.loads(guide.json_schema), 0)
        if installed():
            _try(guide)
    except ValueError as error:
        kind = next(iter(guide.record()))
        return f"guide {kind}: {error}"
    return None


class Guides:
    """Grammars for one tokenizer and model."""

    def __init__(self, tokenizer: Any, vocabulary: int, ends: frozenset[int]) -> None:
        """Prepare the vocabulary.

        Args:
            tokenizer: of transformers.
            vocabulary: width of the model's logits.
            ends: tokens that end an answer.

        Raises:
            ImportError: where there is no xgrammar.
        """
        import xgrammar

        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary)
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1)
        self._ends = sorted(ends)

    def begin(self, guide: Guide) -> "Held":
        """The state of one answer at its beginning; the guide has no fault."""
        import xgrammar

        compiled = _compiled(self._compiler, guide)
        return Held(xgrammar.GrammarMatcher(compiled, override_stop_tokens=self._ends))


class Held:
    """One answer that is being held to its guide."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    def mask(self, logits: "torch.Tensor") -> "torch.Tensor":
        """Logits, float32 of shape (vocabulary,) on the CPU, with -inf for the tokens that may not come next."""
        import xgrammar

        mask = xgrammar.allocate_token_bitmask(1, len(logits))
        self._matcher.fill_next_token_bitmask(mask)
        held = logits[None].clone()
        xgrammar.apply_token_bitmask_inplace(held, mask)
        return held[0]

    def add(self, token: int) -> None:
        """Go on with a token that was not masked."""
        if not self._matcher.accept_token(token):
            raise AssertionError(f"token {token} was drawn against its guide")


def _compiled(compiler: Any, guide: Guide) -> Any:
    regex = pattern(guide)
    return compiler.compile_grammar(grammar(guide)) if regex is None else compiler.compile_regex(regex)


def _try(guide: Guide) -> None:
    """Raise ValueError for what xgrammar cannot read, and for a guide that no answer can begin to obey."""
    import xgrammar

    letters = [bytes([code]) for code in range(256)]
    alphabet = xgrammar.TokenizerInfo([*letters, b"<end>"], stop_token_ids=[len(letters)])
    try:
        compiled = _compiled(xgrammar.GrammarCompiler(alphabet, max_threads=1), guide)
    except RuntimeError as error:
        raise ValueError(f"xgrammar cannot read it ({_said(error)})") from error
    mask = xgrammar.allocate_token_bitmask(1, len(letters) + 1)
    if xgrammar.GrammarMatcher(compiled).fill_next_token_bitmask(mask) and not mask.any():
        raise ValueError("no answer obeys it")


def _said(error: Exception) -> str:
    """What the library says, without the time and place that it puts before it."""
    return str(error).strip().splitlines()[-1].rpartition(": ")[2][:200]


def _literal(letter: str) -> str:
    """A character that stands for itself."""
    return "\\" + letter if letter in r"\^$.*+?()[]{}|/-" else letter


def _translated(regex: str) -> Iterator[str]:
    """A pattern of RE2 in pieces that mean the same to xgrammar, which matches the whole answer always.

    Of itself xgrammar takes `.` for any character, `\\s` for more white space than RE2 does, an anchor in the middle
    for nothing, and several escapes for the letter behind the backslash.
    """
    inside = False
    last = len(regex) - 1
    letters = iter(enumerate(regex))
    for place, letter in letters:
        if letter == "\\":
            _, named = next(letters)
            digits = [next(letters)[1] for _ in range(2)] if named == "x" else []
            yield _literal(chr(_number(digits))) if digits else _escaped(named, inside)
        elif inside:
            if letter == "[" and regex[place + 1 : place + 2] == ":":
                raise ValueError(f"{regex!r:.200} has a class such as [:alpha:], expected its characters")
            inside = letter != "]"
            yield "\\[" if letter == "[" else letter
        elif letter == "[":
            inside = True
            if regex[place + 1 : place + 2] == "]" or regex[place + 1 : place + 3] == "^]":
                raise ValueError(f"{regex!r:.200} has ] first in a class, expected \\]")
            yield letter
        elif letter in "^$":
            if place != (0 if letter == "^" else last):
                raise ValueError(f"{regex!r:.200} has {letter} in its midst, expected it at an end or not at all")
        elif letter == "(" and regex[place + 1 : place + 2] == "?" and regex[place + 2 : place + 3] != ":":
            raise ValueError(f"{regex!r:.200} has a flag or a name in a group, expected (...) or (?:...)")
        else:
            yield r"[^\n]" if letter == "." else letter


def _number(digits: list[str]) -> int:
    """Of two hexadecimal digits, which xgrammar would read on for as long as there are some."""
    if digits[0] == "{":
        raise ValueError(r"it has \x{...}, which xgrammar has not: write the character out")
    return int("".join(digits), 16)


def _escaped(named: str, inside: bool) -> str:
    """What a backslash and a character stand for."""
    known = _IN_CLASS if inside else _OUTSIDE
    if named in known:
        return known[named]
    if named in _NAMED:
        return "\\" + named
    if named.isalnum() or named == "_":
        raise ValueError(f"it has \\{named}, which xgrammar has not: write the characters out")
    return _literal(named)


def _check_schema(schema: Any, depth: int) -> None:
    """Raise ValueError for what xgrammar does not hold an answer to."""
    if depth > DEEPEST:
        raise ValueError(f"schemas nested deeper than {DEEPEST} levels")
    if not isinstance(schema, dict):
        return  # true or false, which stand for anything and nothing
    if unknown := sorted(set(schema) - _KEYWORDS):
        raise ValueError(f"{unknown[0]!r} cannot be held to while writing: leave it out and check the answer for it")
    for name in schema:
        beside = sorted(set(schema) - {name} - _ANNOTATIONS - _DEFINED)
        if name in _ALONE and beside and not (beside == ["type"] and _typed(schema)):
            raise ValueError(f"{beside[0]!r} stands beside {name!r}, expected it alone")
        wanted = _OF_TYPE.get(name)
        if wanted is not None and schema.get("type") not in ({"number", "integer"} if wanted == "number" else {wanted}):
            raise ValueError(f"{name!r} without the type {wanted}, expected it beside")
    if unnamed := sorted(set(schema.get("required", [])) - set(schema.get("properties", {}))):
        raise ValueError(f"{unnamed[0]!r:.100} is required but not among the properties, expected it there")
    if not str(schema.get("$ref", "#/")).startswith("#/"):
        raise ValueError(f"$ref {schema['$ref']!r:.100}, expected one that begins with #/")
    for inner in _inner(schema):
        _check_schema(inner, depth + 1)


def _typed(schema: dict[str, Any]) -> bool:
    """Whether all values of an enumeration are of the type beside it, which then says nothing more."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return bool(values) and all(Draft202012Validator({"type": schema["type"]}).is_valid(value) for value in values)


def _inner(schema: dict[str, Any]) -> Sequence[Any]:
    found = [schema[name] for name in ("items", "additionalProperties") if name in schema]
    for name in ("anyOf", "prefixItems"):
        found += schema.get(name, [])
    for name in ("properties", "$defs", "definitions"):
        found += schema.get(name, {}).values()
    return found
