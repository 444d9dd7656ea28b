"""Settings of labelling."""

from dataclasses import dataclass
from itertools import permutations

from curation.errors import InputError

from ... import bounds
from ..own import own_template

BUILT_IN = 3  # prompt forms `label_N` of each language
ANSWERS = ("label", "letter")
VALUES = ("text", "labels", "question", "letters")  # what a prompt form may use
_LETTERS = 26


@dataclass(frozen=True)
class LabelOptions:
    """Which labels there are, how they are asked for, and how sure one must be.

    Attributes:
        labels: two or more; the answer is one of them and nothing else.
        question: what is asked about a text, such as `What is the mood of the text?`; empty for which label fits.
        prompts: built-in prompt forms that each text is asked in, 1 to 3; their agreement is part of the decision.
        templates: prompt forms of one's own instead (Jinja, with `text` and optionally `labels` and `question`).
        answer: `label`: the model says the label; `letter`: the labels are listed as A, B, C and it says the letter,
            for labels of which one begins with another, or that are long.
        prefill: start of the model's answer, before the label. A space at its end goes before the label instead, where
            tokenizers have it.
        calibrate: divide by the probabilities that each label has for texts without content (contextual
            calibration, Zhao et al., arXiv 2102.09690); needs a scorer.
        min_confidence: least probability of a label, or without a scorer least share of the prompt forms; below it
            the text is left without a label.
        min_agreement: least share of the prompt forms in which the model says the label.
        max_tokens: longest answer; a label that is longer is never read.
        language: of the prompts: `auto` (by the text), `en` or `ko`.
    """

    labels: tuple[str, ...]
    question: str = ""
    prompts: int = 3
    templates: tuple[str, ...] = ()
    answer: str = "label"
    prefill: str = ""
    calibrate: bool = False
    min_confidence: float = 0.5
    min_agreement: float = 0.5
    max_tokens: int = 32
    language: str = "auto"

    def __post_init__(self) -> None:
        if len(self.labels) < 2 or len(set(self.labels)) < len(self.labels):
            raise InputError(f"label option labels is {list(self.labels)}, expected two or more that differ")
        odd = next((label for label in self.labels if not label or label != label.strip()), None)
        if odd is not None:
            raise InputError(f"label option labels holds {odd!r}, expected text without white space around it")
        bounds.expect("label", self, {
            **bounds.one_of(self, answer=ANSWERS),
            **bounds.language(self),
            "prompts": (f"1 to {BUILT_IN}", 1 <= self.prompts <= BUILT_IN),
            **bounds.count(self, 1, "max_tokens"),
            **bounds.share(self, "min_confidence", "min_agreement"),
        })  # fmt: skip
        pair = next(((a, b) for a, b in permutations(self.labels, 2) if b.startswith(a)), None)
        if self.answer == "label" and pair is not None:
            raise InputError(
                f"label option labels: {pair[0]!r} begins {pair[1]!r}, so that an answer may be the start of either; "
                "expected other labels, or answer set to 'letter'"
            )
        if self.answer == "letter" and len(self.labels) > _LETTERS:
            raise InputError(f"label option labels has {len(self.labels)}, expected at most {_LETTERS} letters")
        for number, text in enumerate(self.templates):
            own_template(text, VALUES, f"label option templates[{number}]")

    @property
    def begun(self) -> str:
        """The prefill without the space at its end."""
        return self.prefill.removesuffix(" ")

    @property
    def said(self) -> tuple[str, ...]:
        """The answers that the model may give after `begun`, in the order of the labels."""
        space = " " if self.prefill.endswith(" ") else ""
        return tuple(space + mark for mark in self.ids)

    @property
    def ids(self) -> tuple[str, ...]:
        """What stands for the labels, in their order: themselves, or letters."""
        return self.labels if self.answer == "label" else tuple(chr(ord("A") + n) for n in range(len(self.labels)))
