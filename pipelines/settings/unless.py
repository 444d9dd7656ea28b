"""When a step is left out, and what stands in its place."""

from pydantic import Field, model_validator

from .base import Settings


class Unless(Settings):
    """A rule by which a step is not needed; it is asked when the step's turn comes."""

    step: str = Field(description="the evaluate or distill step before it that decides")
    forgotten_under: float | None = Field(
        None, description="not needed if the evaluation shows less forgetting than this, in the unit of its scores"
    )
    model: str | None = Field(None, description="model of the evaluation that is meant, its last unless named")
    without_tier: tuple[str, ...] = Field((), description="not needed if no row of the distillation has one of these")
    use: str | None = Field(
        None, description="what later steps are given in its place: step:NAME, or a model; unset where none needs it"
    )

    @model_validator(mode="after")
    def _one_rule(self) -> "Unless":
        if (self.forgotten_under is None) == (not self.without_tier):
            raise ValueError("unless: expected one of forgotten_under and without_tier")
        return self
