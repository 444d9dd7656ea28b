"""Settings of self-distillation."""

from dataclasses import dataclass

from curation.checks.sandbox import MIN_MEMORY_MB
from curation.errors import InputError

from .. import bounds
from ..novelty import NoveltyOptions
from .knowledge import KnowledgeOptions

PROMPTS = ("rewrite", "translation")
_SHARES = (
    "min_language", "min_recall", "min_precision", "min_kept", "min_grounded", "min_support", "max_leaked",
    "max_copied", "max_false_accept", "max_false_reject",
)  # fmt: skip


@dataclass(frozen=True)
class DistillOptions:
    """How hard to try for the model's own words, and what is good enough.

    Attributes:
        prompts: what the rewrites are asked for: `rewrite` (the model's own words) or `translation` (a badly translated
            Korean answer made natural).
        closed_book: try the model's greedy answer without the reference first.
        candidates: rewrites with the reference in view that a row may ask for, one a round.
        enough: verified rewrites after which a row asks for no more, where a scorer is there to choose among them;
            without one the first is taken and no more are asked for.
        temperature, top_p: of the rounds after each template was tried greedily once.
        max_tokens: longest answer.
        knowledge: the knowledge gate, left out unless `samples` is set. A row that is not known keeps its reference,
            and its tier says `new_knowledge`.
        fluency: a Korean text may have no more marks of bad translation than its reference (see `fluency`).
        shortest: characters of a candidate over those of its reference, at least; for open text only, since where
            there is a bare answer, one that gives nothing else is right.
        longest: the same, at most; references shorter than `typed_form.SHORT` count as that long.
        min_language: what the shares of scripts of candidate and reference have in common, at least.
        min_recall: share of an open-text reference's content words that a candidate must have.
        min_precision: share of an open-text candidate's content words that reference or prompt must have.
        min_kept: the same as `min_recall`, for the sentence of the reference that is kept worst.
        min_grounded: the same as `min_precision`, for the sentence of the candidate that is known least.
        signs: compare an open-text candidate with its reference by words, numbers, names and polarity (`open_text`).
            Without them `judge` alone decides on the content, and canaries, planted changes among them, on the judge.
        judge: ask the model whether an open-text candidate says the same as its reference (`judge`).
        round_trip: ask the model for a bare answer again, with only the candidate to read (`round_trip`).
        min_support: how well an open-text candidate and its reference must explain each other by likelihood, about 0
            to 1 (`support`); 0 leaves it out. Needs a scorer.
        max_leaked: share of a rewrite's tokens that only the reference in view explains (`support`), at most; 1 leaves
            it out. Needs a scorer.
        max_copied: similarity of a text to its own reference (Jaccard, of shingles), at most; 1 leaves it out.
        novelty: from where on texts are the same (`near_duplicate`, `long_words`), for answers that repeat another
            row's text (`copies`) or what another row ends with (`apart`).
        code_seconds: CPU time of a candidate that is a program, at most.
        code_memory_mb: memory of it, MiB.
        canaries: known-good and known-bad candidates that the checks are measured with: this many of each for every
            kind of check and language that the rows have, and four times as many bad ones for open text. Made-up rows
            give what the rows are too few for (`ready`).
        max_false_accept: largest upper 95 % bound of the share of bad canaries that pass.
        max_false_reject: largest upper 95 % bound of the share of good canaries that fail.
    """

    prompts: str = "rewrite"
    closed_book: bool = True
    candidates: int = 4
    enough: int = 2
    temperature: float = 0.7
    top_p: float = 0.9
    max_tokens: int = 256
    knowledge: KnowledgeOptions = KnowledgeOptions(samples=0)
    fluency: bool = False
    shortest: float = 0.25
    longest: float = 4.0
    min_language: float = 0.5
    min_recall: float = 0.8
    min_precision: float = 0.7
    min_kept: float = 0.8
    min_grounded: float = 0.7
    signs: bool = True
    judge: bool = False
    round_trip: bool = False
    min_support: float = 0.0
    max_leaked: float = 1.0
    max_copied: float = 1.0
    novelty: NoveltyOptions = NoveltyOptions()
    code_seconds: float = 5.0
    code_memory_mb: int = 256
    canaries: int = 60
    max_false_accept: float = 0.08
    max_false_reject: float = 0.5

    def __post_init__(self) -> None:
        bounds.expect("distill", self, {
            **bounds.one_of(self, prompts=PROMPTS),
            **bounds.count(self, 0, "candidates", "canaries"),
            **bounds.count(self, 1, "enough"),
            **bounds.sampling(self),
            **bounds.share(self, *_SHARES),
            "code_seconds": ("above 0", self.code_seconds > 0),
            **bounds.count(self, MIN_MEMORY_MB, "code_memory_mb"),
        })  # fmt: skip
        if not 0 <= self.shortest <= self.longest:
            raise InputError(
                f"distill option shortest is {self.shortest} and longest {self.longest}, "
                "expected 0 <= shortest <= longest"
            )
        if not self.signs and not (self.judge and self.canaries):
            raise InputError("distill option signs is off, expected judge on, to compare open texts in their place, "
                             "and canaries above 0, to show that it can")  # fmt: skip
        if not self.closed_book and not self.candidates:
            raise InputError("distill options closed_book and candidates are both off, expected at least one of them")
