"""Settings of self-synthesised rehearsal."""

from dataclasses import dataclass
from typing import Literal, get_args

from curation.errors import InputError

from .. import bounds

Selection = Literal["nearest", "k_center", "random"]
SELECTIONS: tuple[str, ...] = get_args(Selection)
ROWS = 200  # of each task (SSR, section 4.1: 10 % of its training rows), where no budget is given


@dataclass(frozen=True)
class RehearseOptions:
    """How many instances are made up, which of them are good enough, and which are taken.

    Attributes:
        per_task: rows wanted of each task; 200 where no budget is given either.
        budget_tokens: tokens that the whole buffer may have, instead of a number of rows; the tasks share them, and
            no part is exceeded by a token.
        selection: which rows are taken: those `nearest` to the centres of clusters (SSR, section 3.3); `k_center`,
            that leave none far from a chosen one; or `random`.
        demos_per_task: demonstrations used of each task, at most.
        prompts_per_task: few-shot prompts a task; all ordered pairs of its demonstrations unless set.
        samples: instances drawn from each prompt.
        temperature, top_p, repetition_penalty: of the instances (SSR, section 4.1); refinement is greedy.
        max_tokens: longest instance, and longest refined output.
        refine: how the latest model is asked for the output of an instance: `chat` through its template, `list` as
            the continuation of a few-shot list, for models without a template.
        language: of the few-shot lists, whose labels a model goes on with: `auto` (of each task by what its
            demonstrations ask), `en` (`Input:`, `Output:`) or `ko` (`입력:`, `출력:`).
        long_words: words (between white space) from which an input is compared by likeness. Any two inputs such as
            `Translate into Korean: dog` share most of what likeness is measured by, and are two instances all the
            same: shorter inputs repeat another only when they are equal.
        near_duplicate: Jaccard similarity of shingles from which a long input repeats another.
        max_rouge: ROUGE-L above which a long input repeats another (Self-Instruct, section 2.2).
        max_length_ratio: an input may be this many times longer than the longest demonstration, or shorter than the
            shortest.
        hangul_margin: how far the share of Hangul of a text may lie outside its task's demonstrations.
        min_consistency: ROUGE-L of the refined against the made-up output, at least; 0 only records it.
        clusters: clusters of inputs that the selection draws from in proportion.
        outliers: an instance further from the centres of clusters that hold demonstrations than the median of all
            instances, by more than this many standard deviations, is dropped; 0 drops none. See `outliers`.
        dimensions: of the vectors that are clustered.
        few_labels: a task whose outputs are at most this many different ones is balanced over them.
    """

    per_task: int | None = None
    budget_tokens: int | None = None
    selection: Selection = "nearest"
    demos_per_task: int = 20
    prompts_per_task: int | None = None
    samples: int = 3
    temperature: float = 0.9
    top_p: float = 0.6
    repetition_penalty: float = 1.2
    max_tokens: int = 256
    refine: Literal["chat", "list"] = "chat"
    language: str = "auto"
    long_words: int = 12
    near_duplicate: float = 0.7
    max_rouge: float = 0.7
    max_length_ratio: float = 3.0
    hangul_margin: float = 0.2
    min_consistency: float = 0.0
    clusters: int = 20
    outliers: float = 0.0
    dimensions: int = 64
    few_labels: int = 10

    def __post_init__(self) -> None:
        if self.per_task is not None and self.budget_tokens is not None:
            both = f"per_task is {self.per_task} and budget_tokens {self.budget_tokens}"
            raise InputError(f"rehearse option {both}, expected one of them")
        bounds.expect("rehearse", self, {
            **bounds.count(self, 1, "samples", "max_tokens", "clusters", "dimensions", "max_length_ratio"),
            **bounds.count_if_given(self, 1, "per_task", "budget_tokens", "prompts_per_task"),
            **bounds.count(self, 0, "long_words", "few_labels", "outliers"),
            **bounds.count(self, 2, "demos_per_task"),
            **bounds.share(self, "max_rouge", "hangul_margin", "min_consistency"),
            **bounds.share_above_zero(self, "near_duplicate"),
            **bounds.one_of(self, selection=SELECTIONS, refine=("chat", "list")),
            **bounds.sampling(self),
            **bounds.language(self),
            "repetition_penalty": ("above 0", self.repetition_penalty > 0),
        })  # fmt: skip

    @property
    def rows(self) -> int | None:
        """Rows wanted of each task, none where tokens are shared out."""
        return None if self.budget_tokens is not None else self.per_task or ROWS


@dataclass(frozen=True)
class ReplayOptions:
    """How a model is sampled, and which samples are good enough.

    Attributes:
        kind: `text`, documents from the start token or short prefixes, for continued pretraining; or `chat`, for a
            chat model: it writes the user's turn after the opening of its template (Magpie, arXiv 2406.08464), then
            answers it, greedily.
        draws: samples drawn, over all prefixes together.
        rows: of them wanted at most; all that pass unless set.
        budget_tokens: tokens that they may have together; no limit unless set.
        prefixes: what documents begin with, used in turn; the empty one is the start token alone.
        temperature, top_p: of documents and of users' turns. At 1 and 1 a model writes what it was trained on in the
            proportions it learned; below, what is frequent becomes more so.
        max_tokens: longest document or user's turn, and longest answer.
        unfinished: what is done with a document that ran into `max_tokens`: `trim` it to its last whole sentence, or
            `drop` it. A user's turn or an answer that did is always dropped.
        min_characters: shortest document; of a user's turn a tenth of it is enough.
        languages: codes (ISO 639) of those that are kept; all unless given.
        near_duplicate: Jaccard similarity of shingles from which a long text repeats another.
        long_words: words from which a text is compared by likeness; shorter ones repeat another only when equal.
        clusters: clusters of texts (of a chat, of users' turns), for outliers and for `rows` or `budget_tokens`: each
            cluster has a part of these by its size, by largest remainder, so that what is kept has the proportions of
            what was drawn. 0 makes none: what is kept is then drawn from all.
        outliers: a text further from the centre of its cluster than the median of all, by more than this many standard
            deviations, is dropped; 0 drops none.
        dimensions: of the vectors that are clustered.
    """

    kind: Literal["text", "chat"] = "text"
    draws: int = 1000
    rows: int | None = None
    budget_tokens: int | None = None
    prefixes: tuple[str, ...] = ("",)
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 512
    unfinished: Literal["trim", "drop"] = "trim"
    min_characters: int = 100
    languages: tuple[str, ...] = ()
    near_duplicate: float = 0.7
    long_words: int = 12
    clusters: int = 0
    outliers: float = 0.0
    dimensions: int = 64

    def __post_init__(self) -> None:
        if self.outliers and not self.clusters:
            raise InputError("replay option clusters is 0, expected at least 1 where outliers are set")
        if self.clusters and self.rows is not None and self.budget_tokens is not None:
            both = f"rows is {self.rows} and budget_tokens {self.budget_tokens}"
            raise InputError(f"replay option {both}, expected one of them for clusters to share")
        bounds.expect("replay", self, {
            **bounds.one_of(self, kind=("text", "chat"), unfinished=("trim", "drop")),
            **bounds.count(self, 1, "draws", "dimensions"),
            **bounds.count_if_given(self, 1, "rows", "budget_tokens"),
            **bounds.count(self, 0, "min_characters", "long_words", "clusters", "outliers"),
            **bounds.share_above_zero(self, "near_duplicate"),
            "prefixes": ("at least one, the empty one for the start token", len(self.prefixes) > 0),
            **bounds.sampling(self),
            "temperature": ("above 0: equal prompts would give equal texts", self.temperature > 0),
        })  # fmt: skip
