"""Settings of the expand job."""

from typing import Literal

from pydantic import Field

from train.options.tunings import Expansion

from .base import Settings, forbidding_others

forbidding_others(Expansion)


class ExpandSettings(Settings):
    """A model and texts in, the model with new tokens for them out."""

    job: Literal["expand"] = "expand"
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[str, ...] = Field(min_length=1, description="files or folders of `text`, or step:NAME")
    expansion: Expansion = Field(default_factory=Expansion, description="how many tokens, and what they must save")
