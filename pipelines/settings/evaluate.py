"""Settings of the evaluate job."""

from typing import Literal

from pydantic import Field, model_validator

from .base import Settings
from .engine import EngineSettings


class EvaluateSettings(Settings):
    """Models in, scores of every item out."""

    job: Literal["evaluate"] = "evaluate"
    models: dict[str, str] = Field(min_length=1, description="name: folder, name or step:NAME; the first is the base")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files, or `refusals`, the lists that come along")
    shots: int = Field(0, ge=0, description="demonstrations shown before every item")
    demos: tuple[str, ...] = Field(
        (),
        description="files of demonstrations in the form of task files, beside rows of the task files with split train",
    )
    new_tasks: tuple[str, ...] = Field((), description="tasks that training was to teach; the others are old")
    stages: dict[str, tuple[str, ...]] = Field(
        {}, description="model: tasks it was trained on; models that are stages of one sequence, in order"
    )
    sham: str | None = Field(None, description="model that took the same steps on replay only, a control")
    max_tokens: int = Field(64, ge=1, description="longest answer, tokens")
    margin: float | None = Field(
        None, gt=0, description="loss that counts as none, in the unit of the scores; fixed before any score exists"
    )
    resamples: int = Field(2000, ge=100, description="bootstrap resamples of an interval")
    repeat: int = Field(
        256,
        ge=0,
        description="items measured twice under the base where models are compared, of each way of scoring; 0: none",
    )
    clusters: int = Field(0, ge=0, description="clusters of each task whose items have none; 0: none are made")
    drift: int = Field(0, ge=0, description="old prompts on which the KL divergence to the base is measured; 0: not")
    engine: EngineSettings = EngineSettings()

    @model_validator(mode="after")
    def _names(self) -> "EvaluateSettings":
        base, *others = self.models
        for key, named in (("stages", list(self.stages)), ("sham", [self.sham] if self.sham is not None else [])):
            for name in named:
                if name not in others:
                    raise ValueError(f"{key}: found {name!r}, expected a model after the base {base!r}"
                                     f" ({', '.join(others) or 'there is none'})")  # fmt: skip
        twice = [task for tasks in self.stages.values() for task in tasks]
        if repeated := [task for task in twice if twice.count(task) > 1]:
            raise ValueError(
                f"stages: found task {repeated[0]!r} twice, expected it at the stage that trained it first"
            )
        if self.drift and self.engine.kind == "server":
            raise ValueError("drift: found it with a server, expected models whose weights are here")
        return self
