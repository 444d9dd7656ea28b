"""Settings of the synthesize job."""

from typing import Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from synth.novelty import NoveltyOptions
from synth.synthesize.backtranslate import BacktranslateOptions
from synth.synthesize.best_of.options import BestOfOptions
from synth.synthesize.dialogue.options import DialogueOptions
from synth.synthesize.instructions import InstructionsOptions
from synth.synthesize.label.options import LabelOptions
from synth.synthesize.preferences.options import PreferencesOptions
from synth.synthesize.probe.options import ProbeOptions
from synth.synthesize.qa import QaOptions
from synth.synthesize.reasoning.options import ReasoningOptions
from synth.synthesize.templates import TemplatesOptions

from .base import Settings, forbidding_others
from .engine import EngineSettings

Method = Literal[
    "qa", "instructions", "templates", "dialogue", "reasoning", "best_of", "preferences", "backtranslate", "label",
    "probe",
]  # fmt: skip
METHODS: tuple[str, ...] = get_args(Method)
OF_DOCUMENTS = ("qa", "backtranslate")  # methods that read documents
OF_BOTH = ("dialogue", "label")  # methods that read documents or rows; the others read rows
WITH_ANOTHER = ("dialogue", "preferences")  # methods in which a second model may take part
WITH_REWARD = ("best_of", "preferences")  # methods that a reward model may choose for

for _options in (
    BacktranslateOptions,
    BestOfOptions,
    DialogueOptions,
    InstructionsOptions,
    LabelOptions,
    NoveltyOptions,
    PreferencesOptions,
    ProbeOptions,
    QaOptions,
    ReasoningOptions,
    TemplatesOptions,
):
    forbidding_others(_options)


class SynthesizeSettings(Settings):
    """A model writes training data, by one method, from documents or rows."""

    job: Literal["synthesize"] = "synthesize"
    method: Method = Field(description="how; the options of a method stand under its own name")
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[str, ...] = Field(min_length=1, description="files of documents or rows, by method, or step:NAME")
    text_column: str = Field("text", description="key of the text in records of documents")
    task: str = Field("synthesized", description="task name of rows that name none")
    held_out: tuple[str, ...] = Field(
        (), description="task files of the evaluation; samples that repeat one of their prompts or texts are dropped"
    )
    labelled: tuple[str, ...] = Field(
        (), description="files of rows whose answer is the right label, by which `label` is measured"
    )
    other_model: str | None = Field(
        None, description="model that plays the user of a `dialogue`, or judges `preferences`; the same unless given"
    )
    other_engine: EngineSettings = Field(EngineSettings(), description="engine of the other model")
    reward_model: str | None = Field(
        None, description="model with one output that scores answers, for `best_of` and `preferences` by reward"
    )
    qa: QaOptions | None = Field(None, description="options of the method `qa`")
    instructions: InstructionsOptions | None = Field(None, description="options of the method `instructions`")
    templates: TemplatesOptions | None = Field(None, description="options of the method `templates`")
    dialogue: DialogueOptions | None = Field(None, description="options of the method `dialogue`")
    reasoning: ReasoningOptions | None = Field(None, description="options of the method `reasoning`")
    best_of: BestOfOptions | None = Field(None, description="options of the method `best_of`")
    preferences: PreferencesOptions | None = Field(None, description="options of the method `preferences`")
    backtranslate: BacktranslateOptions | None = Field(None, description="options of the method `backtranslate`")
    label: LabelOptions | None = Field(None, description="options of the method `label`, its `labels` at least")
    probe: ProbeOptions | None = Field(None, description="options of the method `probe`")
    novelty: NoveltyOptions = NoveltyOptions()
    engine: EngineSettings = EngineSettings()

    @field_validator("method", mode="before")
    @classmethod
    def _as_typed(cls, method: Any) -> Any:
        """The command line writes `best-of`."""
        return method.replace("-", "_") if isinstance(method, str) else method

    @model_validator(mode="after")
    def _fits_method(self) -> "SynthesizeSettings":
        for name in METHODS:
            if name != self.method and getattr(self, name) is not None:
                raise ValueError(f"{name} is set, expected only the options of the method, {self.method}")
        if self.labelled and self.method != "label":
            raise ValueError(f"labelled is set, expected it with the method label, not {self.method}")
        if self.other_model is not None and self.method not in WITH_ANOTHER:
            raise ValueError(f"other_model is set, expected it with {' or '.join(WITH_ANOTHER)}, not {self.method}")
        if self.reward_model is not None and self.method not in WITH_REWARD:
            raise ValueError(f"reward_model is set, expected it with {' or '.join(WITH_REWARD)}, not {self.method}")
        if self.reward_model is None and self._rewarded():
            raise ValueError("reward_model is not set, expected a model with one output: rewards are to decide")
        if self.method == "label" and self.label is None:
            raise ValueError("label is not set, expected at least the labels, as in label.labels: [good, bad]")
        if self.method == "templates" and self.templates is None:
            raise ValueError("templates is not set, expected templates of your own (plain), or how many to write")
        return self

    def _rewarded(self) -> bool:
        """Whether the options of the method ask for rewards."""
        best, pairs = self.best_of, self.preferences
        chosen = best is not None and (best.choose == "reward" or best.min_reward is not None)
        return chosen or (pairs is not None and pairs.by == "reward")

    @property
    def asks(self) -> bool:
        """Whether the method asks a model anything: ready templates do not."""
        return self.templates is None or self.templates.write + self.templates.write_inverted > 0

    @property
    def options(self) -> Any:
        """The options of the method, its defaults where none are given."""
        given = getattr(self, self.method)
        return given if given is not None else _DEFAULTS[self.method]


_DEFAULTS: dict[str, Any] = {
    "qa": QaOptions(),
    "instructions": InstructionsOptions(),
    "dialogue": DialogueOptions(),
    "reasoning": ReasoningOptions(),
    "best_of": BestOfOptions(),
    "preferences": PreferencesOptions(),
    "backtranslate": BacktranslateOptions(),
    "probe": ProbeOptions(),
}
