"""Settings of reasoning."""

from dataclasses import dataclass

import re2

from curation.errors import InputError

from ..attempt import LANGUAGES
from ..problem import own_template

METHODS = ("chain_of_thought", "least_to_most")
MOST_PARTS = 20
COMPARE = ("auto", "number", "text")


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
    max_parts: int = 6
    guided: bool = True
    min_language: float = 0.5
    language: str = "auto"

    def __post_init__(self) -> None:
        for name, values in (("method", METHODS), ("compare", COMPARE), ("language", LANGUAGES)):
            if getattr(self, name) not in values:
                raise InputError(
                    f"reasoning option {name} is {getattr(self, name)!r}, expected one of {', '.join(values)}"
                )
        for name in ("samples", "max_tokens", "keep", "max_parts"):
            if getattr(self, name) < 1:
                raise InputError(f"reasoning option {name} is {getattr(self, name)}, expected at least 1")
        if self.max_parts > MOST_PARTS:
            raise InputError(f"reasoning option max_parts is {self.max_parts}, expected at most {MOST_PARTS}")
        if not self.temperature >= 0:  # `not`, so that what is no number is refused as well
            raise InputError(f"reasoning option temperature is {self.temperature}, expected 0 or more")
        if self.samples > 1 and self.temperature == 0:
            raise InputError("reasoning option temperature is 0, so that every path is the same; expected more than 0")
        if not 0 < self.top_p <= 1:
            raise InputError(f"reasoning option top_p is {self.top_p}, expected above 0 and at most 1")
        for name in ("min_agreement", "min_language"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"reasoning option {name} is {getattr(self, name)}, expected from 0 to 1")
        if self.template is not None:
            if self.method != "chain_of_thought":
                raise InputError("reasoning option template is set, expected method chain_of_thought with it")
            own_template(self.template, ("question",), "reasoning option template")
        if self.pattern is not None:
            _checked_pattern(self.pattern)


def _checked_pattern(pattern: str) -> None:
    try:
        groups = re2.compile(pattern).groups
    except re2.error as error:
        raise InputError(f"reasoning option pattern is {pattern!r}, expected RE2 syntax: {error}") from None
    if groups != 1:
        raise InputError(f"reasoning option pattern has {groups} groups, expected one, around the answer")
