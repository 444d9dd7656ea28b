"""What settings of every job share."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of every settings block: an unknown key is an error, values do not change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def forbidding_others(options: type) -> None:
    """Let pydantic refuse keys that the options of a stage (a dataclass of `curation`, used as it is) do not have."""
    options.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
