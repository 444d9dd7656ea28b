"""Settings of rejection sampling."""

from dataclasses import dataclass

from curation.errors import InputError

from ..attempt import LANGUAGES
from ..problem import own_template

CHOOSE = ("first", "likelihood", "reward", "shortest")


@dataclass(frozen=True)
class BestOfOptions:
    """How many answers to draw, which to keep.

    Attributes:
        samples: answers drawn for each row.
        temperature, top_p: of the draws.
        max_tokens: longest answer.
        choose: which of the verified answers come first: `first` (in the order of the draws), `likelihood` (highest
            mean log-probability a token, with a scorer), `reward` (highest reward, with a function), `shortest`.
        keep: answers kept a row, at most, each with another reasoning.
        max_similarity: ROUGE-L (F) from which two answers without calculations are one reasoning, 0..1.
        min_reward: least reward of an answer; none for no limit.
        unchecked: use rows without an answer too, judged by form alone; without it they are not asked.
        explain: ask for the reasoning before the answer, by a prompt in the language of the row.
        template: a prompt form of one's own instead (Jinja, with `question`); the sample has the row's own prompt.
        min_language: what the shares of scripts of an answer and its reference have in common, at least.
        language: of the prompts: `auto` (by the row), `en` or `ko`.
    """

    samples: int = 8
    temperature: float = 0.8
    top_p: float = 0.95
    max_tokens: int = 512
    choose: str = "first"
    keep: int = 1
    max_similarity: float = 0.8
    min_reward: float | None = None
    unchecked: bool = False
    explain: bool = False
    template: str | None = None
    min_language: float = 0.5
    language: str = "auto"

    def __post_init__(self) -> None:
        for name in ("samples", "max_tokens", "keep"):
            if getattr(self, name) < 1:
                raise InputError(f"best_of option {name} is {getattr(self, name)}, expected at least 1")
        if self.keep > self.samples:
            raise InputError(f"best_of option keep is {self.keep}, expected at most samples, which is {self.samples}")
        if not self.temperature >= 0:  # `not`, so that what is no number is refused as well
            raise InputError(f"best_of option temperature is {self.temperature}, expected 0 or more")
        if self.samples > 1 and self.temperature == 0:
            raise InputError("best_of option temperature is 0, so that every sample is the same; expected more than 0")
        if not 0 < self.top_p <= 1:
            raise InputError(f"best_of option top_p is {self.top_p}, expected above 0 and at most 1")
        for name in ("max_similarity", "min_language"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"best_of option {name} is {getattr(self, name)}, expected from 0 to 1")
        if self.choose not in CHOOSE:
            raise InputError(f"best_of option choose is {self.choose!r}, expected one of {', '.join(CHOOSE)}")
        if self.language not in LANGUAGES:
            raise InputError(f"best_of option language is {self.language!r}, expected one of {', '.join(LANGUAGES)}")
        if self.explain and self.template is not None:
            raise InputError("best_of options explain and template are both set, expected one of them")
        if self.template is not None:
            own_template(self.template, ("question",), "best_of option template")
