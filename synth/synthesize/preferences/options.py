"""Settings of preference pairs."""

from dataclasses import dataclass

from curation.errors import InputError

from ..attempt import LANGUAGES

BY = ("checks", "reward", "judge")
TIES = ("drop", "keep")
CRITERIA = {"en": "correct, helpful and complete", "ko": "정확하고 도움이 되며 빠진 것이 없는"}


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

    def __post_init__(self) -> None:
        for name, values in (("by", BY), ("ties", TIES), ("language", LANGUAGES)):
            if getattr(self, name) not in values:
                raise InputError(
                    f"preferences option {name} is {getattr(self, name)!r}, expected one of {', '.join(values)}"
                )
        if self.samples < 2:
            raise InputError(f"preferences option samples is {self.samples}, expected at least 2")
        if self.max_tokens < 1:
            raise InputError(f"preferences option max_tokens is {self.max_tokens}, expected at least 1")
        if not self.temperature > 0:  # `not`, so that what is no number is refused as well
            raise InputError(f"preferences option temperature is {self.temperature}, expected above 0")
        if not 0 < self.top_p <= 1:
            raise InputError(f"preferences option top_p is {self.top_p}, expected above 0 and at most 1")
        if not self.min_margin >= 0:
            raise InputError(f"preferences option min_margin is {self.min_margin}, expected 0 or more")
        if not 0 <= self.min_language <= 1:
            raise InputError(f"preferences option min_language is {self.min_language}, expected from 0 to 1")
