"""Settings of templates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from curation.errors import InputError

from ... import bounds
from .. import own
from ..own import Values
from .template import INVERTED, PLAIN, read

MOST, MOST_INVERTED = 10, 3  # templates of a task in FLAN (Wei et al. 2021, section 2.1)
FORMS = {"write": Values(("examples",)), "invert": Values(("examples",))}


@dataclass(frozen=True)
class TemplatesOptions:
    """Which templates the rows of a task are put into, and how often.

    Attributes:
        plain: templates around `{{ prompt }}`, for every task; the row's completion is the answer.
        inverted: templates around `{{ completion }}`, which ask for the row's prompt.
        write: templates that the model is asked for of each task, beside these, each a request of its own; more than
            are needed may be asked for, since some are refused or written twice.
        write_inverted: the same, of inverted ones. Those that can be used, up to three, have their places among the
            ten before plain ones fill the rest.
        per_row: templates that each row is put into.
        examples: rows of a task that the model is shown.
        temperature, top_p: of the templates that the model writes.
        max_tokens: longest of them.
        guided: hold the engine to the form of the answer.
        forms: prompt forms of one's own (Jinja) by name, for all languages: `write` and `invert`, each with `examples`,
            a list whose items have `prompt` and `completion`.
        language: of the prompts that ask for templates: `auto` (by the rows), `en` or `ko`.
    """

    plain: tuple[str, ...] = ()
    inverted: tuple[str, ...] = ()
    write: int = 0
    write_inverted: int = 0
    per_row: int = 1
    examples: int = 3
    temperature: float = 0.9
    top_p: float = 0.95
    max_tokens: int = 200
    guided: bool = True
    forms: Mapping[str, str] = field(default_factory=dict)
    language: str = "auto"

    def __post_init__(self) -> None:
        own.check("templates option forms", self.forms, FORMS)
        counts = {
            **bounds.count(self, 0, "write", "write_inverted"),
            **bounds.count(self, 1, "per_row", "examples"),
        }
        bounds.expect("templates", self, {**counts, **bounds.sampling(self), **bounds.language(self)})
        for name, kind in (("plain", PLAIN), ("inverted", INVERTED)):
            for number, text in enumerate(getattr(self, name)):
                read(text, kind, f"templates option {name}[{number}]")
        ready = len(self.plain) + len(self.inverted)
        if not ready + self.write + self.write_inverted:
            raise InputError("templates option plain has 0 templates, expected at least one there, or write above 0")
        if ready > MOST or len(self.inverted) > MOST_INVERTED:
            raise InputError(
                f"templates options plain and inverted have {len(self.plain)} and {len(self.inverted)} templates, "
                f"expected at most {MOST} of which {MOST_INVERTED} are inverted"
            )
