"""Settings of the merge job."""

from typing import Literal

from pydantic import Field, model_validator

from curation.errors import InputError
from train.options.merging import MergeOptions

from .base import Settings


class MergeSettings(Settings):
    """Several models in, one whose weights are made of theirs out."""

    job: Literal["merge"] = "merge"
    models: tuple[str, ...] = Field(min_length=1, description="model folders, names or step:NAME, in order")
    base: str | None = Field(None, description="model that differences are from, for task, ties and dare")
    method: Literal["lerp", "slerp", "slerp_geometric", "task", "ties", "dare"] = Field(
        "slerp", description="how: a line or an arc between models, or differences added to a base"
    )
    t: float | tuple[float, ...] = Field(
        0.5, description="place between the first model (0) and the second (1), or several values along the depth"
    )
    weights: tuple[float, ...] = Field((), description="of the differences, one a model; 1 each unless set")
    density: float = Field(0.5, description="share of each difference that ties and dare keep")
    rescale: Literal["share", "magnitude"] = Field(
        "share", description="dare: divide what stays by density, or restore the sum of magnitudes (MergeKit's)"
    )
    scale: float = Field(1.0, description="what the merged difference is multiplied by")
    normalise: bool = Field(False, description="a mean of the differences instead of their sum")

    @model_validator(mode="after")
    def _fits_together(self) -> "MergeSettings":
        """Before anything runs: which models they are decides nothing here, how many does."""
        try:
            self.options(0).check_models(len(self.models), self.base is not None)
        except InputError as error:
            raise ValueError(str(error)) from error
        return self

    def options(self, seed: int) -> MergeOptions:
        """As merging takes them.

        Raises:
            InputError: for settings that do not go together.
        """
        return MergeOptions(
            method=self.method,
            t=self.t,
            weights=self.weights,
            density=self.density,
            rescale=self.rescale,
            scale=self.scale,
            normalise=self.normalise,
            seed=seed,
        )
