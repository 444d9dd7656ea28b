"""Settings of the synthesize job."""

from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from synth.novelty import NoveltyOptions
from synth.synthesize.qa import QaOptions

from .base import Settings, forbidding_others
from .engine import EngineSettings

Method = Literal["qa"]
METHODS: tuple[str, ...] = get_args(Method)
OF_DOCUMENTS = ("qa", "backtranslate")  # methods that read documents; the others read rows

for _options in (NoveltyOptions, QaOptions):
    forbidding_others(_options)


class SynthesizeSettings(Settings):
    """A model writes training data, by one method, from documents or rows."""

    job: Literal["synthesize"] = "synthesize"
    method: Method = Field(description="how; the options of a method stand under its own name")
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[str, ...] = Field(min_length=1, description="files of documents or rows, by method, or step:NAME")
    text_column: str = Field("text", description="key of the text, for methods that read documents")
    task: str = Field("synthesized", description="task name of rows that name none")
    held_out: tuple[str, ...] = Field(
        (), description="task files of the evaluation; samples that repeat one of their prompts are dropped"
    )
    qa: QaOptions | None = Field(None, description="options of the method")
    novelty: NoveltyOptions = NoveltyOptions()
    engine: EngineSettings = EngineSettings()

    @model_validator(mode="after")
    def _one_method(self) -> "SynthesizeSettings":
        for name in METHODS:
            if name != self.method and getattr(self, name) is not None:
                raise ValueError(f"{name} is set, expected only the options of the method, {self.method}")
        return self

    @property
    def options(self) -> Any:
        """The options of the method, its defaults where none are given."""
        return getattr(self, self.method) or DEFAULTS[self.method]


DEFAULTS: dict[str, Any] = {"qa": QaOptions()}
