"""Settings of rejection sampling."""

from dataclasses import dataclass

from curation.errors import InputError

from ... import bounds
from ..own import own_template

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
        bounds.expect("best_of", self, {
            **bounds.count(self, 1, "samples", "keep"),
            **bounds.sampling(self),
            **bounds.share(self, "max_similarity", "min_language"),
            **bounds.one_of(self, choose=CHOOSE),
            **bounds.language(self),
        })  # fmt: skip
        differ = self.samples == 1 or self.temperature > 0
        bounds.expect("best_of", self, {
            "keep": (f"at most samples, which is {self.samples}", self.keep <= self.samples),
            "temperature": ("more than 0, or every sample is the same", differ),
        })  # fmt: skip
        if self.explain and self.template is not None:
            raise InputError("best_of options explain and template are both set, expected one of them")
        if self.template is not None:
            own_template(self.template, ("question",), "best_of option template")
