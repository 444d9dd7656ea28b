"""Templates of a task: Jinja text with exactly one value, and nothing else that Jinja could do."""

from dataclasses import dataclass

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from curation import tables
from curation.errors import InputError

from ...prompts import Template

PLAIN, INVERTED = "prompt", "completion"  # the value that a template of each kind shows


@dataclass(frozen=True)
class Form:
    """A template that was read.

    Attributes:
        template: its source.
        value: the value it shows: `prompt`, or of an inverted one `completion`.
    """

    template: Template
    value: str

    @property
    def inverted(self) -> bool:
        """Whether it shows the answer and asks for the question."""
        return self.value == INVERTED


def read(text: str, value: str, name: str) -> Form:
    """A template from its source.

    Args:
        text: plain text around `{{ prompt }}` or `{{ completion }}`; anything else of Jinja is refused: a template
            that a model wrote must not be able to do anything.
        value: the one value that it must show.
        name: what errors call it.

    Raises:
        InputError: for what is no such template.
    """
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    try:
        parsed = environment.parse(text)
    except (jinja2.TemplateSyntaxError, RecursionError) as error:
        raise InputError(
            f"{name} is no Jinja template ({str(error)[:120]}), expected text with {{{{ {value} }}}}"
        ) from None
    shown: list[str] = []
    for node in parsed.body:
        parts = node.nodes if isinstance(node, nodes.Output) else [node]
        for part in parts:
            if isinstance(part, nodes.TemplateData):
                continue
            if not isinstance(part, nodes.Name):
                kind = type(part).__name__
                raise InputError(f"{name} has a {kind}, expected nothing but text and {{{{ {value} }}}}")
            shown.append(part.name)
    if set(shown) != {value}:
        found = ", ".join(sorted(set(shown))) or "none"
        raise InputError(f"{name} shows the values {found}, expected {value} and no other")
    if not any(isinstance(part, nodes.TemplateData) and part.data.strip() for node in parsed.body
               for part in getattr(node, "nodes", ())):  # fmt: skip
        raise InputError(f"{name} is nothing but {{{{ {value} }}}}, expected text around it")
    return Form(Template(f"template-{tables.content_id(text)[:8]}", text), value)
