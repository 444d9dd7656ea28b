"""Settings of the rehearse job."""

from dataclasses import fields
from typing import Literal

from pydantic import Field, model_validator

from curation.selection import AdaptiveOptions
from synth.rehearse.options import ReplayOptions, Selection

from .base import Settings, forbidding_others
from .engine import EngineSettings

forbidding_others(ReplayOptions)


class RealSettings(Settings):
    """Real rows of the old tasks, where there are some."""

    files: tuple[str, ...] = Field((), description="old rows: what a baseline keeps, and what the report compares with")
    held_out: tuple[str, ...] = Field((), description="other real rows, that the report measures the buffer against")


class AdaptiveSettings(Settings):
    """The budget goes to what an evaluation shows was forgotten most."""

    file: str = Field(description="evaluation table: Parquet file, folder of them, or step:NAME")
    before: str | None = Field(None, description="model that still knew, the first of the table unless named")
    after: str | None = Field(None, description="model that forgot, the last of the table unless named")
    margin: float = Field(0.02, ge=0, le=1, description="loss, a share of 1, that is no forgetting yet")
    floor: float = Field(0.25, ge=0, le=1, description="share of the budget that is spent equally in any case")

    def options(self) -> AdaptiveOptions:
        """As the allocation takes them."""
        return AdaptiveOptions(self.before, self.after, self.margin, self.floor)


_ALWAYS = ("job", "model", "refine_with", "held_out", "engine")
_SET_BY = {"refresh": "refresh", "baseline": "baseline", "rehearse": "demos"}  # nothing of these: replay
_READ = {
    "refresh": ("refresh", "max_tokens", "min_consistency", "near_duplicate", "long_words", "replay"),
    "rehearse": ("demos", "real", "per_task", "budget_tokens", "adaptive", "selection", "demos_per_task",
                 "prompts_per_task", "samples", "temperature", "top_p", "repetition_penalty", "max_tokens", "refine",
                 "language", "clusters", "outliers", "long_words", "near_duplicate", "max_rouge", "max_length_ratio",
                 "min_consistency"),
    "baseline": ("baseline", "real", "per_task", "budget_tokens", "adaptive", "clusters", "near_duplicate",
                 "long_words"),
    "replay": ("per_task", "budget_tokens", "replay"),
}  # fmt: skip
_OF_ANSWERS = ("max_tokens", "min_consistency", "near_duplicate", "long_words")  # of a refresh; of texts `replay`'s are
_OF_DRAWS = ("kind", "draws", "rows", "budget_tokens", "prefixes", "clusters", "outliers", "dimensions")  # in none


class RehearseSettings(Settings):
    """What a model could do before, from demonstrations, from the model alone, refreshed, or as a baseline."""

    job: Literal["rehearse"] = "rehearse"
    model: str = Field(description="model that makes up instances: folder, name or step:NAME")
    refine_with: str | None = Field(None, description="model that answers them, the same unless given")
    demos: tuple[str, ...] = Field(
        (), description="files of prompt and completion rows with a task column; none: samples of the model alone"
    )
    refresh: str | None = Field(
        None, description="a buffer, file, folder or step:NAME, whose answers the newer model makes again"
    )
    baseline: Literal["random", "kmeans", "k_center"] | None = Field(
        None, description="keep rows of real.files in place of made-up ones"
    )
    held_out: tuple[str, ...] = Field(
        (), description="task files of the evaluation; rows that repeat one of their prompts or texts are dropped"
    )
    per_task: int | None = Field(None, ge=1, description="rows wanted for each task, 200 unless tokens are budgeted")
    budget_tokens: int | None = Field(None, ge=1, description="tokens of the whole buffer, instead of rows")
    adaptive: AdaptiveSettings | None = Field(None, description="spend the budget by what was forgotten")
    selection: Selection = Field("nearest", description="nearest to centres of clusters, k_center or random")
    demos_per_task: int = Field(20, ge=2, description="demonstrations used of each task")
    prompts_per_task: int | None = Field(
        None, ge=1, description="few-shot prompts a task, all ordered pairs unless set"
    )
    samples: int = Field(3, ge=1, description="samples a prompt")
    temperature: float = Field(0.9, ge=0, description="temperature of instances")
    top_p: float = Field(0.6, gt=0, le=1, description="nucleus of instances")
    repetition_penalty: float = Field(1.2, gt=0, description="repetition penalty of instances")
    max_tokens: int = Field(256, ge=1, description="longest instance and longest answer, tokens")
    refine: Literal["chat", "list"] = Field("chat", description="list: for models without a chat template")
    language: Literal["auto", "en", "ko"] = Field(
        "auto", description="of the few-shot lists: by each task's demonstrations, English or Korean"
    )
    clusters: int = Field(20, ge=1, description="clusters the selection draws from")
    outliers: float = Field(
        0.0, ge=0, description="standard deviations from which an instance is too far from all clusters; 0: none is"
    )
    long_words: int = Field(12, ge=0, description="words from which an input is compared by likeness; 0: all are")
    near_duplicate: float = Field(0.7, gt=0, le=1, description="Jaccard similarity from which a long input is a repeat")
    max_rouge: float = Field(0.7, ge=0, le=1, description="ROUGE-L above which a long input is a repeat")
    max_length_ratio: float = Field(
        3.0, ge=1, description="an input over the longest demonstration, or the shortest over it, at most"
    )
    min_consistency: float = Field(
        0.0, ge=0, le=1, description="ROUGE-L of the refined with the made-up or older answer, at least"
    )
    real: RealSettings = RealSettings()
    replay: ReplayOptions = Field(ReplayOptions(), description="samples of the model alone, where there are no demos")
    engine: EngineSettings = EngineSettings()

    @property
    def mode(self) -> Literal["refresh", "baseline", "rehearse", "replay"]:
        """Which of the four things is done."""
        if self.refresh is not None:
            return "refresh"
        return "baseline" if self.baseline is not None else "rehearse" if self.demos else "replay"

    def unread(self, texts: bool) -> str | None:
        """What is set and a refresh would not read, of a buffer of texts or of one of prompts and answers."""
        usual = ReplayOptions()
        of_replay = _OF_DRAWS if texts else [field.name for field in fields(ReplayOptions)]
        found = [f"replay.{name}" for name in of_replay if getattr(self.replay, name) != getattr(usual, name)]
        if texts:
            found += [name for name in _OF_ANSWERS if getattr(self, name) != type(self).model_fields[name].default]
        return found[0] if found else None

    @model_validator(mode="after")
    def _one_thing(self) -> "RehearseSettings":
        for name, field in RehearseSettings.model_fields.items():
            # A recipe that was written out names every setting: what matters is which are not as they come.
            if name in _ALWAYS or name in _READ[self.mode] or getattr(self, name) == field.get_default():
                continue
            modes = [mode for mode, read in _READ.items() if name in read]
            if "replay" in modes or name in _SET_BY.values():
                raise ValueError(f"{name}: found it, expected it only without {_SET_BY[self.mode]}")
            raise ValueError(f"{name}: found it, expected it only with {' or '.join(_SET_BY[mode] for mode in modes)}")
        if self.mode == "baseline" and not self.real.files:
            raise ValueError("baseline: found no real.files, expected files of old rows to keep")
        if self.per_task is not None and self.budget_tokens is not None:
            raise ValueError("budget_tokens: found beside per_task, expected one of the two")
        return self
