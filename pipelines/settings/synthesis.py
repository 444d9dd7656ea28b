"""Settings of the jobs in which a model writes data."""

from typing import Literal

from pydantic import Field

from synth.distill.knowledge import KnowledgeOptions
from synth.novelty import NoveltyOptions

from .base import Settings, forbidding_others
from .engine import EngineSettings

forbidding_others(KnowledgeOptions)


class DistillSettings(Settings):
    """Self-distillation: the model's own words where they are verified, the reference elsewhere."""

    job: Literal["distill"] = "distill"
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[str, ...] = Field(description="files of prompt and completion rows")
    held_out: tuple[str, ...] = Field(
        (), description="task files of the evaluation; rows that repeat one of their prompts or texts are dropped"
    )
    task: str = Field("distilled", description="task name written on the rows")
    candidates: int = Field(4, ge=1, description="rewrites a row, in rounds")
    closed_book: bool = Field(True, description="try the model's own answer, without the reference, first")
    temperature: float = Field(0.7, ge=0, description="temperature of rewrites after the first, greedy, round")
    top_p: float = Field(0.9, gt=0, le=1, description="nucleus of rewrites")
    max_tokens: int = Field(256, ge=1, description="longest answer, tokens")
    prompts: Literal["rewrite", "translation"] = Field(
        "rewrite", description="what rewrites are asked for: own words, or natural Korean for a bad translation"
    )
    knowledge: KnowledgeOptions = Field(
        KnowledgeOptions(samples=0), description="knowledge gate, off unless samples is set"
    )
    fluency: bool = Field(False, description="Korean texts may have no more marks of bad translation than before")
    shortest: float = Field(0.25, ge=0, description="characters over those of an open-text reference, at least")
    longest: float = Field(4.0, ge=0, description="the same, at most")
    min_language: float = Field(0.5, ge=0, le=1, description="what the scripts of both texts have in common, at least")
    min_recall: float = Field(0.8, description="share of an open text's content words that its rewriting must have")
    min_precision: float = Field(0.7, description="share of a rewriting's content words that come from the row")
    min_kept: float = Field(0.8, description="min_recall for the sentence of the reference that is kept worst")
    min_grounded: float = Field(0.7, description="min_precision for the sentence of the rewriting that is known least")
    signs: bool = Field(
        True, description="compare open texts by words, numbers, names and negations; false: judge alone"
    )
    judge: bool = Field(False, description="ask the model whether an open text says the same; wants guided output")
    round_trip: bool = Field(False, description="ask for a bare answer again with only the rewriting to read")
    min_support: float = Field(0.0, description="how well both open texts explain each other by likelihood; 0: off")
    max_leaked: float = Field(1.0, description="share of tokens that only the reference in view explains; 1: off")
    max_copied: float = Field(1.0, description="likeness of an answer to its own reference, at most; 1: off")
    code_seconds: float = Field(5.0, description="CPU time of an answer that is a program")
    code_memory_mb: int = Field(256, description="memory of it, MiB")
    enough: int = Field(2, ge=1, description="verified rewrites after which a row asks for no more")
    likelihood: bool = Field(True, description="choose among verified rewrites by closed-book likelihood")
    canaries: int = Field(
        60, ge=0, description="known-good and known-bad answers, each, of every kind of check, to measure the checks"
    )
    max_false_accept: float = Field(0.08, gt=0, le=1, description="largest upper 95 % bound of false accepts")
    max_false_reject: float = Field(0.5, gt=0, le=1, description="largest upper 95 % bound of false rejects")
    novelty: NoveltyOptions = NoveltyOptions()
    engine: EngineSettings = EngineSettings()
