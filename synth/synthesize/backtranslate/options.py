"""Settings of back-translation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ... import bounds
from .. import own
from ..own import Values

FORMS = {
    "ask": Values(("document",)),
    "neutral": Values(()),
}


@dataclass(frozen=True)
class BacktranslateOptions:
    """How instructions for documents are made up, and how far the document must be the answer to them.

    Attributes:
        instructions: instructions asked for of each passage; of those that pass, the best is kept.
        passage_tokens: longest passage, which is the answer to its instruction; a longer document is cut.
        check: the round trip: `likelihood` (how much likelier, in nats a token, the document is after the instruction
            than after one that only asks for a text), `likeness` (ROUGE-L of what the model answers with the
            document).
        min_gain: nats a token, for `likelihood`.
        min_likeness: from 0 to 1, for `likeness`.
        max_copied: share of a document's words that stand in its instruction in the same order, at most; more gives
            the answer away.
        longest: characters of an instruction over those of its document, at most.
        temperature, top_p: of the instructions; answers are greedy.
        max_tokens: longest instruction.
        answer_tokens: longest answer of the round trip, for `likeness`.
        guided: hold the engine to the form of the answer.
        min_language: what the shares of scripts of an instruction and its document have in common, at least.
        language: of the prompts: `auto` (by the document), `en` or `ko`.
        templates: prompt forms of one's own (Jinja) by name, for all languages: `ask` (with `document`) and
            `neutral` (nothing).
    """

    instructions: int = 2
    passage_tokens: int = 512
    check: Literal["likelihood", "likeness"] = "likelihood"
    min_gain: float = 0.05
    min_likeness: float = 0.2
    max_copied: float = 0.5
    longest: float = 1.0
    temperature: float = 0.7
    top_p: float = 0.9
    max_tokens: int = 160
    answer_tokens: int = 512
    guided: bool = True
    min_language: float = 0.5
    language: str = "auto"
    templates: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own.check("backtranslate option templates", self.templates, FORMS)
        counts = bounds.count(self, 1, "instructions", "passage_tokens", "answer_tokens")
        rest = {
            "check": ("likelihood or likeness", self.check in ("likelihood", "likeness")),
            "min_gain": ("a number", self.min_gain == self.min_gain),
            "longest": ("above 0", self.longest > 0),
            **bounds.share(self, "min_likeness", "max_copied", "min_language"),
            **bounds.language(self),
        }
        bounds.expect("backtranslate", self, {**counts, **bounds.sampling(self), **rest})
