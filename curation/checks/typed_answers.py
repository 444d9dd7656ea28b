"""Checks of what an answer says: number, choice, pattern, JSON, Python call, short answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import jsonschema
import re2
from referencing import Registry
from referencing.exceptions import Unresolvable

from ..errors import InputError
from . import typed_calls
from .typed_numbers import numbers
from .typed_phrases import COPULAS, DENIAL_AFTER, DENIAL_BEFORE, NO, PARTICLES, SENTENCE_START, YES
from .typed_result import CheckResult, compiled, folded, is_hangul, is_word, shown, unfenced, verdict

_DENIAL_BEFORE = re2.compile(DENIAL_BEFORE)
_DENIAL_AFTER = re2.compile(DENIAL_AFTER)
_SENTENCE_START = re2.compile(SENTENCE_START)


def number(reference: str, candidate: str, *, tolerance: float = 0.0, korean_units: bool = True) -> CheckResult:
    """The last number of both texts is the same value, within `tolerance` (absolute)."""
    wanted, given = numbers(reference, korean_units), numbers(candidate, korean_units)
    if not wanted:
        return verdict("number", False, f"the reference {shown(reference)} has no number")
    if not given:
        return verdict("number", False, f"no number, expected {_decimal(wanted[-1])}")
    passed = abs(given[-1] - wanted[-1]) <= tolerance
    return verdict("number", passed, f"last number {_decimal(given[-1])}, expected {_decimal(wanted[-1])}")


def choice(reference: str, candidate: str, *, choices: Sequence[str]) -> CheckResult:
    """The candidate names exactly one of the choices, the one that the reference names, and does not deny it.

    Choices are found as whole words; the longest counts where one is part of another (`harmful` in `not harmful`).
    Choices of one letter are found in capitals only, since `a` is also a word.

    Raises:
        InputError: for fewer than two choices.
    """
    if len({folded(option) for option in choices}) < 2:
        raise InputError(f"check 'choice' has choices {list(choices)}, expected two or more that differ")
    exactly = [option for option in choices if folded(option) == folded(reference)]
    wanted, given = exactly[:1] or _named(reference, choices), _named(candidate, choices)
    if len(set(wanted)) != 1:
        return verdict("choice", False, f"the reference names {sorted(set(wanted))}, expected exactly one choice")
    if len(set(given)) != 1:
        return verdict("choice", False, f"names {sorted(set(given))}, expected {wanted[0]!r} alone")
    if given[0] == wanted[0] and any(_denied(text, where) for text, where in _places(candidate, given[0], choices)):
        return verdict("choice", False, f"denies {given[0]!r}")
    return verdict("choice", given[0] == wanted[0], f"names {given[0]!r}, expected {wanted[0]!r}")


def regex(candidate: str, *, pattern: str) -> CheckResult:
    """The whole candidate, without white space at its ends, matches the pattern (RE2 syntax, linear time).

    Raises:
        InputError: for a pattern that RE2 does not accept.
    """
    try:
        wanted = compiled(pattern)
    except ValueError as error:
        raise InputError(f"check 'regex' has pattern {pattern!r}, expected RE2 syntax: {error}") from None
    passed = wanted.fullmatch(candidate.strip()) is not None
    return verdict("regex", passed, f"{shown(candidate)} {'matches' if passed else 'does not match'} {pattern!r}")


def json_value(reference: str, candidate: str, *, schema: Mapping[str, Any] | None = None) -> CheckResult:
    """The candidate is JSON, valid under the schema where one is given, and equal in value to the reference.

    One code block around all of it is taken off. An empty reference leaves the value free, and then a schema is needed.

    Raises:
        InputError: for a schema that is none, or neither reference nor schema.
    """
    if schema is None and not reference.strip():
        raise InputError("check 'json' has neither a reference nor a schema, expected one of them")
    try:
        given = _loads(unfenced(candidate))
    except ValueError as error:
        return verdict("json", False, f"{shown(candidate)} is not JSON: {error}")
    if schema is not None:
        try:
            validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
            validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise InputError(f"check 'json' has a schema that is none: {error.message}") from None
        problem = _problem(validator, schema, given)
        if problem is not None:
            return verdict("json", False, f"at {problem.json_path}: {problem.message}")
    if reference.strip():
        try:
            wanted = _loads(unfenced(reference))
        except ValueError as error:
            return verdict("json", False, f"the reference {shown(reference)} is not JSON: {error}")
        if not _same(given, wanted):
            return verdict("json", False, f"another value than the reference: {shown(candidate)}")
    return verdict("json", True, "JSON as expected")


def json_schema(schema: str, candidate: str) -> CheckResult:
    """The candidate is JSON that obeys a schema, given as JSON text; its value is otherwise free.

    Raises:
        InputError: for a schema that is none.
    """
    try:
        read = json.loads(schema)
    except (ValueError, RecursionError):
        raise InputError(f"check 'json_schema' has {shown(schema)}, expected a schema as JSON text") from None
    if not isinstance(read, dict):
        raise InputError(f"check 'json_schema' has {shown(schema)}, expected an object")
    return replace(json_value("", candidate, schema=read), name="json_schema")


def _problem(validator: Any, schema: Mapping[str, Any], value: Any) -> jsonschema.ValidationError | None:
    """What is most wrong with a value; a schema elsewhere is not fetched, for nothing here may reach the network."""
    try:
        return jsonschema.exceptions.best_match(validator(schema, registry=Registry()).iter_errors(value))
    except Unresolvable as error:
        raise InputError(f"check 'json' has a schema with a reference that is not inside it: {error}") from None
    except RecursionError:  # by the value, or by a schema that is its own definition
        return jsonschema.ValidationError("nested too deeply to be looked through")


def python_call(reference: str, candidate: str) -> CheckResult:
    """The candidate is the same Python call as the reference: see `typed_calls.same_calls`."""
    return verdict("python_call", *typed_calls.same_calls(reference, candidate))


def short_answer(reference: str, candidate: str) -> CheckResult:
    """The reference stands in the candidate as whole words, Korean particles tolerated, and is not denied there.

    To a reference of yes or no, the candidate must begin a sentence with the same and none with the opposite.
    """
    wanted = _bare(reference)
    if not wanted:
        return verdict("short_answer", False, f"the reference {shown(reference)} is empty")
    if yes_or_no(reference):
        return _yes_or_no(wanted, candidate)
    text = folded(candidate)
    places = _whole(text, wanted)
    if not places:
        return verdict("short_answer", False, f"{shown(wanted)} is not in the answer")
    if any(_denied(text, place) for place in places):
        return verdict("short_answer", False, f"denies {shown(wanted)}")
    return verdict("short_answer", True, f"has {shown(wanted)}")


def yes_or_no(reference: str) -> Literal["yes", "no"] | None:
    """What an answer of yes or no says, in English or Korean: a candidate must begin with it. None of other answers."""
    said = _bare(reference)
    return "yes" if said in YES else "no" if said in NO else None


def _yes_or_no(wanted: str, candidate: str) -> CheckResult:
    openings = {_bare(match.group(1)) for match in _SENTENCE_START.finditer(candidate.lower())}
    said = {"yes"} if openings & YES else set()
    said |= {"no"} if openings & NO else set()
    expected = yes_or_no(wanted)
    return verdict("short_answer", said == {expected}, f"says {sorted(said)}, expected {expected}")


def _bare(reference: str) -> str:
    """The reference as it is looked for: folded, without punctuation at its ends, article or copula."""
    text = folded(reference).strip(" .。!?,;:\"'")
    for article in ("the ", "a ", "an "):
        text = text.removeprefix(article) if len(text) > len(article) else text
    if text and is_hangul(text[-1]):
        for copula in COPULAS:
            if text.endswith(copula) and len(text) > len(copula):
                return text.removesuffix(copula)
    return text


def _whole(text: str, wanted: str) -> list[tuple[int, int]]:
    """Spans of a folded text where `wanted` stands as whole words, Korean particles after it tolerated."""
    spans: list[tuple[int, int]] = []
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if _opens(text, start) and _closes(text, end):
            spans.append((start, end))
        start = text.find(wanted, start + 1)
    return spans


def _opens(text: str, start: int) -> bool:
    """Whether a word, or number with its sign and decimals, can begin here."""
    if start == 0 or not is_word(text[start]):
        return True
    before = text[start - 1]
    if text[start].isdigit():
        glued = before in ".,/" and start > 1 and text[start - 2].isdigit()
        signed = before == "-" and not (start > 1 and is_word(text[start - 2]))
        return not (is_word(before) and not is_hangul(before)) and not glued and not signed
    return not is_word(before)


def _closes(text: str, end: int) -> bool:
    """Whether a word ends here: no letter follows, or only a particle does; a number's decimals are part of it."""
    if end == len(text) or not is_word(text[end - 1]):
        return True
    if text[end - 1].isdigit():
        if text[end] in ".,/" and text[end + 1 : end + 2].isdigit():
            return False
        return not (text[end].isdigit() or (text[end].isalpha() and not is_hangul(text[end])))
    if not is_word(text[end]):
        return True
    stop = end
    while stop < len(text) and is_hangul(text[stop]):
        stop += 1
    return text[end:stop] in PARTICLES and not (stop < len(text) and is_word(text[stop]))


def _denied(text: str, span: tuple[int, int]) -> bool:
    """Whether the words right before or after a span say that it is not so."""
    return bool(
        _DENIAL_BEFORE.search(text[max(0, span[0] - 60) : span[0]]) or _DENIAL_AFTER.search(text[span[1] :][:40])
    )


def _form(text: str, option: str) -> tuple[str, str]:
    """Text and option in the form in which one is looked for in the other."""
    if len(option.strip()) == 1 and option.strip().isascii() and option.strip().isalpha():
        return " ".join(text.split()), option.strip().upper()
    return folded(text), folded(option)


def _places(text: str, option: str, choices: Sequence[str]) -> list[tuple[str, tuple[int, int]]]:
    """Where an option stands in a text and is not part of a longer one, with the folded text."""
    form, wanted = _form(text, option)
    longer = [other for other in choices if len(other) > len(option) and wanted in _form(text, other)[1]]
    covered = [span for other in longer for span in _whole(form, _form(text, other)[1])]
    return [
        (folded(form) if len(folded(form)) == len(form) else form, span)
        for span in _whole(form, wanted)
        if not any(begin <= span[0] and span[1] <= end for begin, end in covered)
    ]


def _named(text: str, choices: Sequence[str]) -> list[str]:
    """The choices that a text names, each once."""
    return [option for option in choices if _places(text, option, choices)]


def _decimal(value: Any) -> str:
    return str(value) if value.denominator != 1 else str(value.numerator)[:60]


def _loads(text: str) -> Any:
    """JSON without the repeated keys and the NaN that `json` lets through."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("a key stands twice in one object")
        return dict(pairs)

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(text.strip(), object_pairs_hook=unique, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal; such as are nested too deeply to be looked through are equal to none."""
    try:
        return bool(_typed(one) == _typed(other))
    except RecursionError:
        return False


def _typed(value: Any) -> Any:
    """The value with booleans told from numbers, which Python takes for equal."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    return value
