"""Comparing Python calls by their syntax trees: order of keywords and spelling free, everything else equal."""

import ast
import io
import tokenize
from typing import Any

from .placeholders import hidden, parsed, shown
from .typed_result import unfenced


def same_calls(reference: str, candidate: str) -> tuple[bool, str]:
    """Whether two texts are the same Python expressions, and what differs.

    One code block around the candidate is taken off; prose or comments beside the call are a difference (models hide
    whole essays behind a `#`). Equal means: as many
    expressions in the same order, the same functions, positional arguments in order, keyword arguments and
    dictionary entries in any order, strings in any quoting, numbers of the same type and value. A placeholder in angle
    brackets is equal to itself alone.
    """
    reference, candidate = hidden(reference), hidden(unfenced(candidate))
    wanted, given = _parsed(reference), _parsed(candidate)
    if wanted is None:
        return False, "the reference is not a Python expression"
    if given is None:
        return False, "the candidate is not a Python expression"
    if not any(isinstance(node, ast.Call) for body in wanted for node in ast.walk(body)):
        return False, "the reference has no call"
    if _comments(candidate) and not _comments(reference):
        return False, "the candidate has comments, the reference has none"
    if len(wanted) != len(given):
        return False, f"{len(given)} expressions, expected {len(wanted)}"
    try:
        for mine, theirs in zip(wanted, given, strict=True):
            if _canonical(mine) != _canonical(theirs):
                found, expected = (shown(ast.unparse(call))[:200] for call in (theirs, mine))
                return False, f"found {found}, expected {expected}"
    except RecursionError:  # a thousand signs before a number are read, and nested a thousand deep
        return False, "nested too deeply to be compared"
    return True, "the same calls"


def problem(reference: str) -> str | None:
    """Why no text can be the same call as this; none where one can."""
    body = _parsed(hidden(reference))
    if body is None:
        return "is not a Python expression"
    return None if any(isinstance(node, ast.Call) for top in body for node in ast.walk(top)) else "has no call"


def _parsed(text: str) -> list[ast.expr] | None:
    """The expressions of a text, one a line, or none where it is anything else."""
    try:
        body = parsed(text).body
    except SyntaxError:
        return None
    if not body or not all(isinstance(statement, ast.Expr) for statement in body):
        return None
    return [statement.value for statement in body if isinstance(statement, ast.Expr)]


def _comments(text: str) -> bool:
    """Whether Python text, which parses, has a comment."""
    words = tokenize.generate_tokens(io.StringIO(text.strip()).readline)
    return any(word.type == tokenize.COMMENT for word in words)


def _canonical(node: Any) -> Any:
    """A nested tuple that is equal for trees that mean the same call."""
    if isinstance(node, ast.Call):
        named = sorted((keyword.arg or "**", _canonical(keyword.value)) for keyword in node.keywords)
        return ("Call", _canonical(node.func), tuple(_canonical(value) for value in node.args), tuple(named))
    if isinstance(node, ast.Dict):
        entries = zip((None if key is None else _canonical(key) for key in node.keys), node.values, strict=True)
        return ("Dict", tuple(sorted((repr(key), _canonical(value)) for key, value in entries)))
    if isinstance(node, ast.Constant):
        return ("Constant", type(node.value).__name__, repr(node.value))
    if isinstance(node, ast.AST):
        return (type(node).__name__, *(_canonical(value) for name, value in ast.iter_fields(node) if name != "ctx"))
    if isinstance(node, list):
        return ("list", *(_canonical(value) for value in node))
    return ("value", repr(node))
