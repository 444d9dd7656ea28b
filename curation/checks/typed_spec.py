"""Can anything be verified against this answer? Asked once a row, before a model is asked anything."""

import ast
import json
from collections.abc import Callable, Sequence

import jsonschema

from ..errors import InputError
from . import typed_answers, typed_calls
from .typed_numbers import numbers
from .typed_result import compiled, folded


def problem(kind: str, answer: str, choices: Sequence[str] = ()) -> str | None:
    """Why no candidate could pass the check of this kind with this answer; none where one could.

    An answer that names no choice, has no number or does not parse fails everything that is compared with it; the row
    then keeps its reference, and says why.

    Args:
        kind: a kind of `typed.ANSWER_KINDS`.
        answer: what candidates are compared with; a pattern, schema, or tests for the kinds that take one.
        choices: the options, for `choice`.
    """
    looks: dict[str, Callable[[], str | None]] = {
        "number": lambda: None if numbers(answer) else "has no number",
        "choice": lambda: _choice(answer, choices),
        "regex": lambda: _regex(answer),
        "json": lambda: _json(answer),
        "json_schema": lambda: _schema(answer),
        "python_call": lambda: typed_calls.problem(answer),
        "python_code": lambda: _tests(answer),
        "python_output": lambda: None if answer.strip() else "is empty",
        "short_answer": lambda: None if folded(answer).strip(" .。!?,;:\"'") else "is empty",
    }
    found = looks[kind]()
    return None if found is None else f"the answer {answer[:60]!r} {found}"


def _choice(answer: str, choices: Sequence[str]) -> str | None:
    if not all(folded(option) for option in choices):
        return "stands beside an empty choice"
    if sum(folded(option) == folded(answer) for option in choices) == 1 and len(choices) > 1:
        return None
    try:
        result = typed_answers.choice(answer, answer, choices=choices)
    except InputError as error:
        return str(error)
    return None if result.passed else "names no choice, or several"


def _regex(answer: str) -> str | None:
    try:
        compiled(answer)
    except ValueError as error:
        return f"is no pattern that RE2 reads: {error}"
    return None


def _json(answer: str) -> str | None:
    try:
        result = typed_answers.json_value(answer, answer)
    except InputError as error:
        return str(error)
    return None if result.passed else "is not JSON"


def _schema(answer: str) -> str | None:
    try:
        schema = json.loads(answer)
        jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator).check_schema(schema)
    except (ValueError, RecursionError):
        return "is not JSON"
    except jsonschema.SchemaError as error:
        return f"is no JSON schema: {error.message[:120]}"
    return None if isinstance(schema, dict) else "is no JSON schema: expected an object"


def _tests(answer: str) -> str | None:
    try:
        body = ast.parse(answer).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"is no Python: {str(error)[:120]}"
    return (
        None
        if any(isinstance(node, ast.Assert | ast.Raise) for top in body for node in ast.walk(top))
        else ("asserts nothing")
    )
