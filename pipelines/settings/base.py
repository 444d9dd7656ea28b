"""What settings of every job share."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of every settings block: unknown keys and numbers that are not finite are errors; values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def forbidding_others(options: type) -> None:
    """Let pydantic refuse keys and numbers that the options of a stage (a dataclass, used as it is) do not have."""
    options.__pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)  # type: ignore[attr-defined]
