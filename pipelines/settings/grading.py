"""Settings of scores that a language model gives to documents: how well it predicts them, how it grades them."""

from pydantic import Field, field_validator, model_validator

from curation.errors import InputError

from .base import Settings
from .engine import EngineSettings


class PerplexitySettings(Settings):
    """How well a model predicts each document, in bits for each byte of UTF-8: column `perplexity.bits` of the scores.

    Low are texts that repeat themselves or that the model knows by heart, high are broken and unusual ones.
    """

    model: str = Field(description="model folder or name")
    low: float | None = Field(None, description="least bits a byte that passes; without bounds it is only measured")
    high: float | None = Field(None, description="most bits a byte that passes")
    window: int = Field(
        1000, ge=1, description="part of a text scored at once: tokens where a tokenizer is given, else characters"
    )
    context: int = Field(200, ge=0, description="part before a window that the model sees with it, in the same unit")
    tokenizer: str | None = Field(
        None, description="tokenizer.json, or the folder of the model: windows are counted in its tokens"
    )
    engine: EngineSettings = EngineSettings()

    @model_validator(mode="after")
    def _bounds_leave_room(self) -> "PerplexitySettings":
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"found low {self.low} above high {self.high}, expected it below")
        return self


class GradeSettings(Settings):
    """The grade that a model expects to give each document, from 0 to 5: column `grade.score` of the scores."""

    model: str = Field(description="model folder or name")
    low: float | None = Field(None, ge=0, le=5, description="least grade that passes; without it it is only measured")
    prompt: str | None = Field(
        None,
        description="question whose answer is a digit from 0 to 5, with {text}; how useful for teaching unless set",
    )
    characters: int = Field(2000, ge=1, description="of the beginning of a document that are shown")
    chat: bool = Field(True, description="ask by the model's chat template; else the question is raw text")
    engine: EngineSettings = EngineSettings()

    @field_validator("prompt")
    @classmethod
    def _shows_the_text(cls, prompt: str | None) -> str | None:
        from curation.quality.grades import GradeOptions  # brings polars, which a recipe without it does not need

        if prompt is not None:
            try:
                GradeOptions(prompt)
            except InputError as error:
                raise ValueError(str(error)) from error
        return prompt
