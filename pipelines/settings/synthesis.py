"""Settings of the jobs in which a model writes data."""

from typing import Literal

from pydantic import Field

from synth.novelty import NoveltyOptions

from .base import Settings
from .engine import EngineSettings


class DistillSettings(Settings):
    """Self-distillation: the model's own words where they are verified, the reference elsewhere."""

    job: Literal["distill"] = "distill"
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[str, ...] = Field(description="files of prompt and completion rows")
    held_out: tuple[str, ...] = Field(
        (), description="task files of the evaluation; rows that repeat one of their prompts are dropped"
    )
    task: str = Field("distilled", description="task name written on the rows")
    candidates: int = Field(4, ge=1, description="rewrites a row, in rounds")
    closed_book: bool = Field(True, description="try the model's own answer, without the reference, first")
    temperature: float = Field(0.7, ge=0, description="temperature of rewrites after the first, greedy, round")
    top_p: float = Field(0.9, gt=0, le=1, description="nucleus of rewrites")
    max_tokens: int = Field(256, ge=1, description="longest answer, tokens")
    known_samples: int = Field(0, ge=0, description="closed-book samples of the knowledge gate, 0 to leave it out")
    likelihood: bool = Field(True, description="choose among verified rewrites by closed-book likelihood")
    canaries: int = Field(60, ge=0, description="known-good and known-bad rows, each, to measure the checks")
    max_false_accept: float = Field(0.08, gt=0, le=1, description="largest upper 95 % bound of false accepts")
    novelty: NoveltyOptions = NoveltyOptions()
    engine: EngineSettings = EngineSettings()
