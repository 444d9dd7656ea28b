"""A recipe: named steps, each one job with its settings, validated before anything runs."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from curation.errors import InputError

from .mistakes import explain, nearest

STEP = "step:"  # a setting "step:NAME" is the output of an earlier step
MODEL = "$model"  # a setting that stands for the recipe's model


class Settings(BaseModel):
    """Base of every settings block: an unknown key is an error, values do not change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExactSettings(Settings):
    """Exact duplicates: equal after NFC, lower-casing and white-space folding."""

    keep: tuple[str, ...] = Field(
        ("-length", "doc_id"), description="keep order: columns, a leading minus for largest first"
    )


class MinHashSettings(Settings):
    """Near duplicates by MinHash LSH, verified by exact Jaccard."""

    threshold: float = Field(0.7, gt=0, le=1, description="Jaccard similarity from which a document is a duplicate")
    bands: int = Field(20, ge=1, description="LSH bands")
    rows: int = Field(6, ge=1, description="MinHash values a band")
    keep: tuple[str, ...] = Field(("-length", "doc_id"), description="keep order")
    seed: int = Field(1, description="seed of the permutations")


DEFAULT_RULES: dict[str, dict[str, Any]] = {"length": {}, "gopher": {}, "korean": {}}


class CurateSettings(Settings):
    """Raw files in, documents out."""

    job: Literal["curate"] = "curate"
    inputs: tuple[str, ...] = Field(description="files, folders or globs")
    text_column: str | None = Field(None, description="column that holds the text, `text` unless named")
    source: str | None = Field(None, description="data-set name, the file's name unless given")
    max_damaged: float = Field(0.001, ge=0, le=1, description="share of damaged records a file may have")
    strict: bool = Field(False, description="stop at the first damaged record")
    partition_mb: int = Field(64, ge=1, description="uncompressed text a partition, MB")
    rules: dict[str, dict[str, Any]] = Field(DEFAULT_RULES, description="rule sets and their thresholds")
    personal_data: tuple[str, ...] = Field(("email", "phone"), description="kinds to replace, none for []")
    exact: ExactSettings | None = Field(ExactSettings(), description="exact dedup, null to leave it out")
    minhash: MinHashSettings | None = Field(MinHashSettings(), description="near dedup, null to leave it out")
    keep_dropped: bool = Field(True, description="keep the text of dropped documents in dropped/")
    executor: Literal["local", "ray"] = Field("local", description="where tasks run: here, or on a Ray cluster")
    ray_address: str | None = Field(None, description="a running Ray cluster; one is started here unless set")
    workers: int | None = Field(
        None, ge=1, description="processes on this machine; one a core unless set, and for a small corpus one"
    )

    @field_validator("rules")
    @classmethod
    def _rules_are_known(cls, rules: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        from curation.rules import sets  # brings polars, which a recipe without a rule of its own does not need

        try:
            sets.rules_from(rules)
        except InputError as error:
            raise ValueError(str(error)) from error
        return rules


class EngineSettings(Settings):
    """Which engine answers, and its size."""

    kind: Literal["auto", "vllm", "transformers"] = Field("auto", description="auto: vLLM when it is installed")
    max_model_len: int | None = Field(
        None, description="longest prompt plus answer, tokens; the model's own unless set"
    )
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs a model is spread over (vLLM)")
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1, description="share of GPU memory (vLLM)")
    chunk: int = Field(256, ge=1, description="requests generated and committed together")


class DistillSettings(Settings):
    """Self-distillation: the model's own words where they are verified, the reference elsewhere."""

    job: Literal["distill"] = "distill"
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[str, ...] = Field(description="files of prompt and completion rows")
    task: str = Field("distilled", description="task name written on the rows")
    candidates: int = Field(4, ge=1, description="rewrites a row, in rounds")
    closed_book: bool = Field(True, description="try the model's own answer, without the reference, first")
    temperature: float = Field(0.7, ge=0, description="temperature of rewrites after the first, greedy, round")
    top_p: float = Field(0.9, gt=0, le=1, description="nucleus of rewrites")
    max_tokens: int = Field(256, ge=1, description="longest answer, tokens")
    known_samples: int = Field(0, ge=0, description="closed-book samples of the knowledge gate, 0 to leave it out")
    likelihood: bool = Field(True, description="choose among verified rewrites by closed-book likelihood")
    canaries: int = Field(60, ge=0, description="known-good and known-bad rows, each, to measure the checks")
    max_false_accept: float = Field(0.08, gt=0, le=1, description="largest upper 95 % bound of false accepts")
    engine: EngineSettings = EngineSettings()


class RehearseSettings(Settings):
    """Self-synthesised rehearsal: the model makes up new instances of what it could do before."""

    job: Literal["rehearse"] = "rehearse"
    model: str = Field(description="model that makes up instances: folder, name or step:NAME")
    refine_with: str | None = Field(None, description="model that answers them, the same unless given")
    demos: tuple[str, ...] = Field(description="files of prompt and completion rows with a task column")
    held_out: tuple[str, ...] = Field(
        (), description="task files of the evaluation; instances that repeat one of their prompts are dropped"
    )
    per_task: int = Field(200, ge=1, description="rows wanted for each task")
    demos_per_task: int = Field(20, ge=2, description="demonstrations used of each task")
    prompts_per_task: int | None = Field(
        None, ge=1, description="few-shot prompts a task, all ordered pairs unless set"
    )
    samples: int = Field(3, ge=1, description="samples a prompt")
    temperature: float = Field(0.9, ge=0, description="temperature of instances")
    top_p: float = Field(0.6, gt=0, le=1, description="nucleus of instances")
    repetition_penalty: float = Field(1.2, gt=0, description="repetition penalty of instances")
    max_tokens: int = Field(256, ge=1, description="longest instance, tokens")
    clusters: int = Field(20, ge=1, description="clusters the selection draws from")
    engine: EngineSettings = EngineSettings()


class Mixture(Settings):
    """One source of training rows and its weight, in tokens."""

    path: str = Field(description="file, folder or step:NAME")
    weight: float = Field(1.0, gt=0, description="share of training tokens, relative to the other sources")


class LoraSettings(Settings):
    """Low-rank adapters."""

    rank: int = Field(16, ge=1, description="rank of each adapter")
    alpha: float = Field(32.0, gt=0, description="scale: alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout before the adapter")


class TrainSettings(Settings):
    """Samples in, a checkpoint out."""

    job: Literal["train"] = "train"
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[Mixture, ...] = Field(min_length=1, description="mixture of training rows")
    method: Literal["sft", "cpt"] = Field("sft", description="sft: prompt and completion rows; cpt: text")
    tuning: Literal["lora", "full"] = Field("lora", description="which weights move")
    lora: LoraSettings = LoraSettings()
    learning_rate: float = Field(2e-4, gt=0, description="peak learning rate")
    batch_size: int = Field(16, ge=1, description="rows a step")
    micro_batch_size: int | None = Field(None, ge=1, description="rows through the model at once, all unless set")
    checkpoint_steps: int = Field(200, ge=1, description="steps between two checkpoints to go on from")
    steps: int | None = Field(None, ge=1, description="optimiser steps, instead of epochs")
    epochs: float = Field(1.0, gt=0, description="passes over the data, where steps is not set")
    max_tokens: int | None = Field(None, ge=1, description="longest training row, tokens; the model's own unless set")
    over_long: Literal["refuse", "drop", "split"] = Field("drop", description="what is done with a longer row")
    threads: int | None = Field(None, ge=1, description="CPU threads of the training; one is fastest for tiny models")


class EvaluateSettings(Settings):
    """Models in, scores of every item out."""

    job: Literal["evaluate"] = "evaluate"
    models: dict[str, str] = Field(min_length=1, description="name: folder, name or step:NAME; the first is the base")
    tasks: tuple[str, ...] = Field(min_length=1, description="task files (JSONL)")
    new_tasks: tuple[str, ...] = Field((), description="tasks that training was to teach; the others are old")
    max_tokens: int = Field(64, ge=1, description="longest answer, tokens")
    margin: float | None = Field(None, gt=0, description="loss that counts as none, fixed before looking")
    resamples: int = Field(2000, ge=100, description="bootstrap resamples of an interval")
    engine: EngineSettings = EngineSettings()


Step = Annotated[
    CurateSettings | DistillSettings | RehearseSettings | TrainSettings | EvaluateSettings, Field(discriminator="job")
]
JOBS: dict[str, type[Settings]] = {
    "curate": CurateSettings,
    "distill": DistillSettings,
    "rehearse": RehearseSettings,
    "train": TrainSettings,
    "evaluate": EvaluateSettings,
}


class Recipe(Settings):
    """Steps in order. A step may use the output of one before it as `step:NAME`, and the recipe's model as `$model`."""

    name: str = "recipe"
    model: str | None = Field(None, description="folder or name of the model that `$model` stands for in the steps")
    seed: int = Field(17, description="seed of everything drawn")
    steps: dict[str, Step] = Field(min_length=1)


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
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(tree, dict):
        raise InputError(f"{path}: found {type(tree).__name__}, expected a mapping with the key 'steps'")
    for text in overrides:
        override(tree, text)
    if model is not None:
        tree["model"] = model
    return resolve(validate(tree, str(path)), path.resolve().parent)


def validate(tree: dict[str, Any], where: str) -> Recipe:
    """Make a recipe of a plain tree.

    Raises:
        InputError: with the first problem: where, what was found, what was expected.
    """
    try:
        recipe = Recipe.model_validate(tree)
    except ValidationError as error:
        raise InputError(f"{where}: {explain(error, Recipe, JOBS)}") from error
    seen: set[str] = set()
    for name, step in recipe.steps.items():
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise InputError(f"{where}: step name {name!r}, expected letters, digits, '-' and '_'")
        for used in references(step):
            if used not in seen:
                raise InputError(
                    f"{where}: steps.{name} uses {STEP}{used}, expected a step before it{nearest(used, sorted(seen))}"
                )
        seen.add(name)
    return recipe


def references(step: Settings) -> list[str]:
    """Names of the steps whose output a step uses, in the order of its settings."""
    return list(dict.fromkeys(text[len(STEP) :] for text in _strings(step.model_dump()) if text.startswith(STEP)))


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

    path_keys = {"inputs", "data", "demos", "held_out", "tasks", "model", "refine_with", "models", "path"}

    def walk(value: Any, is_path: bool) -> Any:
        if isinstance(value, dict):
            return {key: walk(item, key in path_keys or (is_path and key not in Mixture.model_fields))
                    for key, item in value.items()}  # fmt: skip
        if isinstance(value, list | tuple):
            return [walk(item, is_path) for item in value]
        return fill(value) if is_path and isinstance(value, str) else value

    return Recipe.model_validate(walk(recipe.model_dump(mode="json"), False))


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
    """Set one value of a recipe tree from `key.key=value`, the value in YAML.

    Raises:
        InputError: when the text has no `=` or a key on the way is not a group of settings.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"--set {text!r}: expected step.key=value")
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
    tree[last] = yaml.safe_load(value)


def _default(step: dict[str, Any], key: str) -> dict[str, Any]:
    """The value that a group of settings of a step has where the recipe does not give it; empty for a block."""
    job = JOBS.get(str(step.get("job")))
    field = job.model_fields.get(key) if job else None
    value = field.get_default(call_default_factory=True) if field else None
    return copy.deepcopy(value) if isinstance(value, dict) else {}
