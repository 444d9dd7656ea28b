"""Other spellings of a Python call that mean the same, and calls that differ in one value: made from its syntax tree.

For measuring how well calls are told apart, on any set of calls.
"""

import ast
from typing import Any

from .placeholders import hidden, parsed, shown


def reordered(text: str) -> list[str]:
    """The same calls with keyword arguments and dictionary entries in the opposite order; empty where none can move.

    A call with `**` keeps its order, since a later entry may take the place of an earlier one.

    Raises:
        SyntaxError: for a text that is no Python.
    """
    tree = parsed(hidden(text))
    moved = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.keywords) > 1 and all(keyword.arg for keyword in node.keywords):
            node.keywords.reverse()
            moved = True
        elif isinstance(node, ast.Dict) and len(node.keys) > 1 and all(key is not None for key in node.keys):
            node.keys.reverse()
            node.values.reverse()
            moved = True
    return [shown(ast.unparse(tree))] if moved else []


def changed(text: str) -> list[str]:
    """Each call that differs from this one in one thing: a constant, a name, a keyword's name, a keyword left out.

    Raises:
        SyntaxError: for a text that is no Python.
    """
    made: list[str] = []
    for place, node in enumerate(ast.walk(parsed(hidden(text)))):
        for how in ("value", "keyword", "left out"):
            if _change(node, how):
                other = parsed(hidden(text))
                _change(list(ast.walk(other))[place], how)
                made.append(shown(ast.unparse(other)))
    return made


def _change(node: ast.AST, how: str) -> bool:
    """Change a node in place; whether this kind of change applies to it."""
    if how == "value" and isinstance(node, ast.Constant):
        node.value = _other(node.value)
        return True
    if how == "value" and isinstance(node, ast.Name):
        node.id += "_other"
        return True
    if how == "value" and isinstance(node, ast.Attribute):
        node.attr += "_other"
        return True
    if how == "keyword" and isinstance(node, ast.keyword) and node.arg:
        node.arg += "_other"
        return True
    if how == "left out" and isinstance(node, ast.Call) and node.keywords:
        node.keywords.pop()
        return True
    return False


def _other(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float | complex):
        return value + 1 if value + 1 != value else -value
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, bytes):
        return value + b"x"
    return "other" if value is None or value is Ellipsis else None
