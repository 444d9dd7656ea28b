"""Steps that read a model's weights: refused before anything runs where what they name will have none.

Prompts, prefixes and LoReFT leave what stands beside a base. It can be asked through transformers, and that is all: a
merge of it would fail after hours of training.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from curation.errors import InputError
from train.options.compatibility import NO_WEIGHTS, STATEMENT, not_whole

from .settings import (
    DistillSettings,
    EngineSettings,
    EvaluateSettings,
    ExpandSettings,
    MergeSettings,
    RehearseSettings,
    Settings,
    SynthesizeSettings,
    TrainSettings,
    Unless,
)
from .step_names import STEP

_SERVED = ("auto", "transformers")  # engines that put what stands beside a base onto it


def check(steps: Mapping[str, Settings], unless: Mapping[str, Unless], where: str) -> None:
    """Refuse a recipe in which a step would read weights that are nowhere.

    Args:
        steps: in order, each using only steps before it.
        unless: when steps are left out, and what then stands for them.
        where: what the recipe is called.

    Raises:
        InputError: with the step, its key, what it names, and why that has no weights.
    """
    left: dict[str, str | None] = {}  # the tuning of a step that leaves what it learned beside a base
    for name, step in steps.items():
        rule = unless.get(name)
        use = "" if rule is None or rule.use is None else rule.use
        if use and not use.startswith(STEP):
            _check(use, steps, left, f"{where}: unless.{name}.use")
        for key, text in _read(step):
            _check(text, steps, left, f"{where}: steps.{name}.{key}")
        for key, text, engine in _asked(step):
            tuning = left.get(text.removeprefix(STEP)) if text.startswith(STEP) else None
            if tuning is not None and engine.kind not in _SERVED:
                raise InputError(
                    f"{where}: steps.{name}.{key}: found {text}, and what tuning {tuning} learns beside its "
                    f"base is not served by the engine {engine.kind}, expected the engine transformers"
                )
        tuned = step.tuning if isinstance(step, TrainSettings) and step.tuning in NO_WEIGHTS else None
        left[name] = tuned or (left.get(use.removeprefix(STEP)) if use.startswith(STEP) else None)


def _check(text: str, steps: Mapping[str, Settings], left: Mapping[str, str | None], where: str) -> None:
    if not text.startswith(STEP):
        if (found := without_weights(Path(text).expanduser())) is not None:
            raise InputError(f"{where}: {text}: {found}")
        return
    name = text[len(STEP) :]
    if (tuning := left[name]) is not None:
        raise InputError(f"{where}: found {text}, which leaves what tuning {tuning} learns beside its base, expected a "
                         f"step that leaves a whole model: {NO_WEIGHTS[tuning]}")  # fmt: skip
    if not isinstance(steps[name], TrainSettings | MergeSettings | ExpandSettings):
        job = getattr(steps[name], "job", "")
        raise InputError(f"{where}: found {text}, a {job} step, which leaves no model, expected one that does")


def without_weights(folder: Path) -> str | None:
    """Why a folder of what was learned beside a base is no whole model; none for any other folder.

    One whose statement cannot be read is refused by whoever reads it.
    """
    if (folder / "config.json").exists() or not (folder / STATEMENT).is_file():
        return None
    try:
        said = json.loads((folder / STATEMENT).read_text(encoding="utf-8"))
        return not_whole(str(said["tuning"]), str(said["name"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(step: Settings) -> Iterator[tuple[str, str]]:
    """Keys of a step whose models' weights it reads, and what they name."""
    match step:
        case TrainSettings():
            yield "model", step.model
            yield from (("reinforcement.reward_models", str(path)) for path in step.reinforcement.reward_models)
            if step.ppo.critic is not None:
                yield "ppo.critic", str(step.ppo.critic)
        case MergeSettings():
            yield from (("models", text) for text in step.models)
            if step.base is not None:
                yield "base", step.base
        case ExpandSettings():
            yield "model", step.model
        case SynthesizeSettings() if step.reward_model is not None:
            yield "reward_model", step.reward_model


def _asked(step: Settings) -> Iterator[tuple[str, str, EngineSettings]]:
    """Keys of a step whose models only answer, what they name, and the engine that asks them."""
    match step:
        case EvaluateSettings():
            yield from (("models", text, step.engine) for text in step.models.values())
        case DistillSettings():
            yield "model", step.model, step.engine
        case RehearseSettings():
            yield "model", step.model, step.engine
            if step.refine_with is not None:
                yield "refine_with", step.refine_with, step.engine
        case SynthesizeSettings():
            yield "model", step.model, step.engine
            if step.other_model is not None:
                yield "other_model", step.other_model, step.other_engine
