"""Settings of self-synthesised rehearsal."""

from dataclasses import dataclass
from typing import Literal

from curation.errors import InputError


@dataclass(frozen=True)
class RehearseOptions:
    """How many instances are made up, which of them are good enough, and which are taken.

    Attributes:
        per_task: rows wanted of each task.
        demos_per_task: demonstrations used of each task, at most.
        prompts_per_task: few-shot prompts a task; all ordered pairs of its demonstrations unless set.
        samples: instances drawn from each prompt.
        temperature, top_p, repetition_penalty: of the instances (SSR, section 4.1); refinement is greedy.
        max_tokens: longest instance, and longest refined output.
        refine: how the latest model is asked for the output of an instance: `chat` through its template, `list` as
            the continuation of a few-shot list, for models without a template.
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
        dimensions: of the vectors that are clustered.
        few_labels: a task whose outputs are at most this many different ones is balanced over them.
    """

    per_task: int = 200
    demos_per_task: int = 20
    prompts_per_task: int | None = None
    samples: int = 3
    temperature: float = 0.9
    top_p: float = 0.6
    repetition_penalty: float = 1.2
    max_tokens: int = 256
    refine: Literal["chat", "list"] = "chat"
    long_words: int = 12
    near_duplicate: float = 0.7
    max_rouge: float = 0.7
    max_length_ratio: float = 3.0
    hangul_margin: float = 0.2
    min_consistency: float = 0.0
    clusters: int = 20
    dimensions: int = 64
    few_labels: int = 10

    def __post_init__(self) -> None:
        whole = ("per_task", "samples", "max_tokens", "clusters", "dimensions")
        shares = ("max_rouge", "hangul_margin", "min_consistency")
        expected = {
            **{name: ("at least 1", getattr(self, name) >= 1) for name in whole},
            **{name: ("from 0 to 1", 0 <= getattr(self, name) <= 1) for name in shares},
            "demos_per_task": ("at least 2", self.demos_per_task >= 2),
            "prompts_per_task": ("at least 1", self.prompts_per_task is None or self.prompts_per_task >= 1),
            "temperature": ("0 or more", self.temperature >= 0),
            "top_p": ("above 0 and at most 1", 0 < self.top_p <= 1),
            "repetition_penalty": ("above 0", self.repetition_penalty > 0),
            "refine": ("chat or list", self.refine in ("chat", "list")),
            "long_words": ("0 or more", self.long_words >= 0),
            "near_duplicate": ("above 0 and at most 1", 0 < self.near_duplicate <= 1),
            "max_length_ratio": ("at least 1", self.max_length_ratio >= 1),
            "few_labels": ("0 or more", self.few_labels >= 0),
        }
        for name, (wanted, holds) in expected.items():
            if not holds:
                raise InputError(f"rehearse option {name} is {getattr(self, name)}, expected {wanted}")
