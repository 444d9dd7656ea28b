"""Settings of preference pairs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ... import bounds
from .. import own
from ..own import Values

BY = ("checks", "reward", "judge")
TIES = ("drop", "keep")
CRITERIA = {"en": "correct, helpful and complete", "ko": "정확하고 도움이 되며 빠진 것이 없는"}


FORMS = {
    "judge": Values(("question", "first", "second"), ("criteria",)),
}


@dataclass(frozen=True)
class PreferencesOptions:
    """How many answers to draw and what tells the better from the worse.

    Attributes:
        by: `checks` (right against wrong by the row's typed check), `reward` (scores of a function), or `judge` (a
            model compares answers two by two).
        samples: answers drawn for each row.
        temperature, top_p: of the draws.
        max_tokens: longest answer.
        min_margin: least difference of the scores of best and worst; a smaller one, or none at all, is a tie. Scores
            are 0 or 1 by checks, shares of comparisons won by a judge (0..1), and whatever the reward function gives.
        ties: `drop`, or `keep` apart from the pairs.
        criteria: what makes an answer better, put to a judge; empty for that of the language.
        min_language: what the shares of scripts of an answer and its reference have in common, at least.
        language: of the prompts: `auto` (by the row), `en` or `ko`.
        templates: prompt forms of one's own (Jinja) by name, for all languages: `judge` (with `question`, `first`,
            `second` and, if wanted, `criteria`).
    """

    by: str = "checks"
    samples: int = 4
    temperature: float = 1.0
    top_p: float = 0.95
    max_tokens: int = 512
    min_margin: float = 0.0
    ties: str = "drop"
    criteria: str = ""
    min_language: float = 0.5
    language: str = "auto"
    templates: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own.check("preferences option templates", self.templates, FORMS)
        bounds.expect("preferences", self, {
            **bounds.one_of(self, by=BY, ties=TIES),
            **bounds.language(self),
            **bounds.count(self, 2, "samples"),
            **bounds.sampling(self),
            "temperature": ("above 0", self.temperature > 0),
            **bounds.count(self, 0, "min_margin"),
            **bounds.share(self, "min_language"),
        })  # fmt: skip
