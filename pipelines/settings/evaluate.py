"""Settings of the evaluate job."""

from typing import Literal

from pydantic import Field

from .base import Settings
from .engine import EngineSettings


class EvaluateSettings(Settings):
    """Models in, scores of every item out."""

    job: Literal["evaluate"] = "evaluate"
    models: dict[str, str] = Field(min_length=1, description="name: folder, name or step:NAME; the first is the base")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files (JSONL)")
    new_tasks: tuple[str, ...] = Field((), description="tasks that training was to teach; the others are old")
    max_tokens: int = Field(64, ge=1, description="longest answer, tokens")
    margin: float | None = Field(None, gt=0, description="loss that counts as none, fixed before looking")
    resamples: int = Field(2000, ge=100, description="bootstrap resamples of an interval")
    engine: EngineSettings = EngineSettings()
