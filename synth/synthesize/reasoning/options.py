"""Settings of reasoning."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from curation.checks.typed_result import compiled
from curation.errors import InputError

from ... import bounds
from .. import own
from ..own import Values, own_template

METHODS = ("chain_of_thought", "least_to_most")
MOST_PARTS = 20
COMPARE = ("auto", "number", "text")
FORMS = {
    "decompose": Values(("question",), ("most",)),
    "solve": Values(("part", "solved"), ("question", "last")),
}


@dataclass(frozen=True)
class ReasoningOptions:
    """How questions are reasoned about, and how sure the answer must be.

    Attributes:
        method: `chain_of_thought`, or `least_to_most`: the question is taken apart and its parts solved in order.
        samples: reasoning paths a row, whose answers vote.
        temperature, top_p: of the paths; temperature 0 only with one sample.
        max_tokens: longest text of a request.
        min_agreement: share of the paths, those without a readable answer included, that must give the most frequent
            answer, 0..1. Two answers that are equally frequent are a tie and never accepted.
        verify: where a row has an answer, that of the paths must be right by its typed check.
        keep: paths of the accepted answer that become samples, at most, with different texts.
        compare: how answers are told apart where a row has none: `number` (their last numbers), `text`, or `auto` (by
            value where the whole answer is a number, else by text).
        pattern: RE2 pattern with one group that finds the answer in a path, for prompts of one's own; none for a last
            line `Answer: ...` (`답: ...`).
        template: a prompt form of one's own for chain of thought (Jinja, with `question`).
        templates: prompt forms of one's own for least-to-most (Jinja) by name, for all languages: `decompose` (with
            `question`, `most`) and `solve` (`part`, and `solved`, a list whose items have `question` and `answer`; also
            `question`, and `last`, true where the part is the question itself).
        max_parts: sub-questions of least-to-most, at most, the question itself not counted; 1 to 20.
        guided: hold the list of sub-questions to its form while it is written; an engine that cannot do so refuses.
        min_language: what the shares of scripts of a path and its row's reference or question have in common.
        language: of the prompts: `auto` (by the row), `en` or `ko`.
    """

    method: str = "chain_of_thought"
    samples: int = 8
    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 512
    min_agreement: float = 0.5
    verify: bool = True
    keep: int = 1
    compare: str = "auto"
    pattern: str | None = None
    template: str | None = None
    templates: Mapping[str, str] = field(default_factory=dict)
    max_parts: int = 6
    guided: bool = True
    min_language: float = 0.5
    language: str = "auto"

    def __post_init__(self) -> None:
        bounds.expect("reasoning", self, {
            **bounds.one_of(self, method=METHODS, compare=COMPARE),
            **bounds.language(self),
            **bounds.count(self, 1, "samples", "keep", "max_parts"),
            **bounds.sampling(self),
            **bounds.share(self, "min_agreement", "min_language"),
        })  # fmt: skip
        differ = self.samples == 1 or self.temperature > 0
        bounds.expect("reasoning", self, {
            "max_parts": (f"at most {MOST_PARTS}", self.max_parts <= MOST_PARTS),
            "temperature": ("more than 0, or every path is the same", differ),
        })  # fmt: skip
        if self.template is not None:
            if self.method != "chain_of_thought":
                raise InputError("reasoning option template is set, expected method chain_of_thought with it")
            own_template(self.template, ("question",), "reasoning option template")
        own.check("reasoning option templates", self.templates, FORMS)
        if self.templates and self.method != "least_to_most":
            raise InputError("reasoning option templates is set, expected method least_to_most with it")
        if self.pattern is not None:
            _checked_pattern(self.pattern)


def _checked_pattern(pattern: str) -> None:
    try:
        groups = compiled(pattern).groups
    except ValueError as error:
        raise InputError(f"reasoning option pattern is {pattern!r}, expected RE2 syntax: {error}") from None
    if groups != 1:
        raise InputError(f"reasoning option pattern has {groups} groups, expected one, around the answer")
