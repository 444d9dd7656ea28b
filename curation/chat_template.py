"""Chat templates: programs that come with a model and turn a conversation into text, run with a bound on their time.

They run in Jinja's sandbox with what transformers gives them, and so write what transformers writes. The sandbox keeps
them from files and from Python; it bounds one range, not what nested loops or macros that call themselves take, so
both look at the clock here. One expression that fills the memory can still be written.
"""

import datetime
import json
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes, parser
from jinja2.ext import Extension, loopcontrols
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

# A template that asks for today's date gets this one: the same conversation is the same prompt on every day.
TEMPLATE_DATE = datetime.datetime(2024, 7, 26)
SECONDS = 10.0  # for one conversation; a template of a published model takes less than a thousandth of that
_TAG = "KEEPWISE ANSWER GOES ON HERE "  # its last space shows whether a template trims what stands in a turn
_deadline: ContextVar[float] = ContextVar("_deadline")


def render(
    source: str, messages: Sequence[Mapping[str, Any]], generation_prompt: bool, values: Mapping[str, Any]
) -> str:
    """A conversation as its template writes it.

    Args:
        source: of the template.
        messages: `{"role", "content"}`, in order.
        generation_prompt: end with the opening of the assistant's turn.
        values: what else the template sees: special tokens by name, switches.

    Raises:
        jinja2.TemplateError: when the template is wrong, refuses the conversation, or takes more than `SECONDS`.
    """
    _deadline.set(time.monotonic() + SECONDS)
    told = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": generation_prompt}
    try:
        return _compiled(source).render(told, **values)
    except jinja2.TemplateError:
        raise
    except Exception as error:  # whatever a program can fail with
        raise jinja2.TemplateError(f"{type(error).__name__}: {error}") from error


def render_open(source: str, messages: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> str:
    """The same of a conversation whose last turn is the start of an answer, which is left open.

    Raises:
        jinja2.TemplateError: as `render` does; also when what the template writes does not hold that start.
    """
    *before, last = messages
    text = render(source, [*before, {**last, "content": last["content"] + _TAG}], False, values)
    place = text.rfind(_TAG.rstrip())
    if place < 0:
        raise jinja2.TemplateError("it leaves out the start of the answer")
    return text[:place] if text.startswith(_TAG, place) else text[:place].rstrip()


@lru_cache(maxsize=32)
def _compiled(source: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters |= {"tojson": _tojson, "_in_time": _in_time}
    environment.globals |= {"raise_exception": _raise, "strftime_now": TEMPLATE_DATE.strftime}
    tree = environment.parse(source)
    for loop in tree.find_all(nodes.For):
        loop.body.insert(0, nodes.ExprStmt(_look(loop.lineno), lineno=loop.lineno))
        if loop.test is not None:  # a loop that takes nothing goes through everything all the same
            loop.test = nodes.And(_look(loop.lineno), loop.test, lineno=loop.lineno)
    bodies = [macro.body for macro in tree.find_all(nodes.Macro)] + [
        call.body for call in tree.find_all(nodes.CallBlock)
    ]
    for body in bodies:
        body.insert(0, nodes.ExprStmt(_look(1), lineno=1))
    tree.set_environment(environment)
    return environment.from_string(tree)


def _look(line: int) -> nodes.Expr:
    """An expression that looks at the clock, and is true."""
    return nodes.Filter(nodes.Const(0, lineno=line), "_in_time", [], [], None, None, lineno=line)


@jinja2.pass_context  # which keeps Jinja from working it out once for all
def _in_time(context: Context, value: int) -> bool:
    if time.monotonic() > _deadline.get():
        raise jinja2.TemplateError(f"it took more than {SECONDS:g} seconds for one conversation")
    return True


class _Generation(Extension):
    """`{% generation %}`, which marks the answers in templates that are trained with, and changes no text."""

    tags = {"generation"}  # noqa: RUF012, Jinja's own way

    def parse(self, parser: parser.Parser) -> nodes.Node:
        """What stands between, with names of its own, as in a block."""
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: int | None = None,
    separators: tuple[str, str] | None = None, sort_keys: bool = False,
) -> str:  # fmt: skip
    """JSON as it is; Jinja's own filter writes it for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
