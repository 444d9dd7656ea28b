"""A recipe: named steps, each one job with its settings, validated before anything runs."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from curation.errors import InputError

from . import whole_models
from .mistakes import explain, nearest
from .settings import (
    CurateSettings,
    DistillSettings,
    EvaluateSettings,
    ExpandSettings,
    MergeSettings,
    Mixture,
    RehearseSettings,
    Settings,
    SynthesizeSettings,
    TrainSettings,
    Unless,
)
from .step_names import STEP, check, composed, with_names

MODEL = "$model"  # a setting that stands for the recipe's model


Step = Annotated[
    CurateSettings
    | DistillSettings
    | RehearseSettings
    | SynthesizeSettings
    | TrainSettings
    | ExpandSettings
    | MergeSettings
    | EvaluateSettings,
    Field(discriminator="job"),
]
JOBS: dict[str, type[Settings]] = {
    "curate": CurateSettings,
    "distill": DistillSettings,
    "rehearse": RehearseSettings,
    "synthesize": SynthesizeSettings,
    "train": TrainSettings,
    "expand": ExpandSettings,
    "merge": MergeSettings,
    "evaluate": EvaluateSettings,
}


class Recipe(Settings):
    """Steps in order. A step may use the output of one before it as `step:NAME`, and the recipe's model as `$model`."""

    name: str = "recipe"
    model: str | None = Field(None, description="folder or name of the model that `$model` stands for in the steps")
    seed: int = Field(17, description="seed of everything drawn")
    steps: dict[str, Step] = Field(min_length=1)
    unless: dict[str, Unless] = Field({}, description="steps that may not be needed, by name, and when")


def load(path: Path, overrides: tuple[str, ...] = (), model: str | None = None) -> Recipe:
    """Read and validate a recipe file; relative paths in it are relative to its folder.

    Args:
        path: YAML file.
        overrides: `step.key=value` settings that replace the file's, values in YAML.
        model: replaces the file's `model`.

    Raises:
        InputError: for a missing file, bad YAML, an unknown key (with the nearest known one) or a bad value.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such recipe file")
    tree = read_mapping(path, "a mapping with the key 'steps'")
    if model is not None:
        tree["model"] = model
    return ready(tree, str(path), path.resolve().parent, overrides)


def ready(tree: dict[str, Any], where: str, folder: Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """Make a recipe of a plain tree, with settings of it replaced; relative paths are relative to `folder`.

    Raises:
        InputError: as `load`.
    """
    tree = with_names(tree, where)
    for text in overrides:
        override(tree, text)
    recipe = resolve(validate(tree, where), folder)
    whole_models.check(recipe.steps, recipe.unless, where)
    return recipe


def read_mapping(path: Path, expected: str) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Raises:
        InputError: for a file that is no YAML, or holds something else than the `expected` mapping.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(tree, dict):
        raise InputError(f"{path}: found {type(tree).__name__}, expected {expected}")
    return tree


def validate(tree: dict[str, Any], where: str) -> Recipe:
    """Make a recipe of a plain tree.

    Raises:
        InputError: with the first problem: where, what was found, what was expected.
    """
    tree = with_names(tree, where)
    try:
        recipe = Recipe.model_validate(tree)
    except ValidationError as error:
        raise InputError(f"{where}: {explain(error, Recipe, JOBS)}") from error
    except InputError as error:  # of the options of a stage of curation, which know their own bounds
        raise InputError(f"{where}: {error}") from error
    seen: set[str] = set()
    for name, step in recipe.steps.items():
        check(name, where)
        rule = recipe.unless.get(name)
        for used in [*references(step), *([] if rule is None else [rule.step, *references(rule)])]:
            if used not in seen:
                raise InputError(
                    f"{where}: steps.{name} uses {STEP}{used}, expected a step before it{nearest(used, sorted(seen))}"
                )
        seen.add(name)
    unknown = sorted(set(recipe.unless) - seen)
    if unknown:
        raise InputError(f"{where}: unless.{unknown[0]} is no step{nearest(unknown[0], sorted(seen))}")
    return recipe


def references(step: Settings) -> list[str]:
    """Names of the steps whose output a step uses, in the order of its settings."""
    texts = _strings(step.model_dump(mode="json"))
    return list(dict.fromkeys(text[len(STEP) :] for text in texts if text.startswith(STEP)))


def resolve(recipe: Recipe, folder: Path) -> Recipe:
    """Make relative paths absolute against `folder`, where they name something that exists there."""

    def absolute(text: str) -> str:
        if text.startswith(STEP) or Path(text).is_absolute() or "://" in text:
            return text
        beside = folder / text
        return str(beside) if beside.exists() or any(sign in text for sign in "*?[") else text

    def fill(text: str) -> str:
        if text != MODEL:
            return absolute(text)
        if recipe.model is None:
            raise InputError(
                f"recipe {recipe.name}: a step uses {MODEL}, expected the key 'model' or --model to name it"
            )
        return absolute(recipe.model)

    path_keys = {
        "inputs",
        "data",
        "files",
        "tokenizer",
        "overrides",
        "labelled",
        "file",
        "folder",
        "demos",
        "refresh",
        "held_out",
        "tasks",
        "model",
        "refine_with",
        "other_model",
        "reward_model",
        "models",
        "path",
        "documents",
        "use",
        "base",
    }

    def walk(value: Any, is_path: bool) -> Any:
        if isinstance(value, dict):
            return {key: walk(item, key in path_keys or (is_path and key not in Mixture.model_fields))
                    for key, item in value.items()}  # fmt: skip
        if isinstance(value, list | tuple):
            return [walk(item, is_path) for item in value]
        if isinstance(value, Path):  # in the options of a stage paths are known by their type
            return fill(str(value))
        return fill(value) if is_path and isinstance(value, str) else value

    return Recipe.model_validate(walk(recipe.model_dump(), False))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def override(tree: dict[str, Any], text: str) -> None:
    """Set one value of a recipe tree from `key.key=value`, the value in YAML; `*.key=value` sets it in every step.

    Raises:
        InputError: when the text has no `=`, a key on the way is not a group of settings, or no step has the key.
    """
    key, equals, value = text.partition("=")
    key = composed(key)
    if not equals:
        raise InputError(f"--set {text!r}: expected step.key=value")
    if key.startswith("*."):  # every step whose job has the key
        first = key.split(".")[1]
        having = [
            name
            for name, step in (tree.get("steps") or {}).items()
            if isinstance(step, dict) and (job := JOBS.get(str(step.get("job")))) and first in job.model_fields
        ]
        if not having:
            raise InputError(f"--set {text!r}: no step has the key {first!r}")
        for name in having:
            override(tree, f"steps.{name}.{key[2:]}={value}")
        return
    *parents, last = key.split(".")
    if parents and parents[0] not in ("steps", *tree.keys()):
        parents = ["steps", *parents]
    for depth, parent in enumerate(parents):
        if parent not in tree:
            # A rule's threshold is set beside the other rules in force, not instead of them.
            tree[parent] = _default(tree, parent) if depth == 2 else {}
        tree = tree[parent]
        if not isinstance(tree, dict):
            raise InputError(f"--set {text!r}: {parent!r} is not a group of settings")
    try:
        tree[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise InputError(f"--set {text!r}: the value is no YAML ({' '.join(str(error).split())})") from error


def _default(step: dict[str, Any], key: str) -> dict[str, Any]:
    """The value that a group of settings of a step has where the recipe does not give it; empty for a block."""
    job = JOBS.get(str(step.get("job")))
    field = job.model_fields.get(key) if job else None
    value = field.get_default(call_default_factory=True) if field else None
    return copy.deepcopy(value) if isinstance(value, dict) else {}
