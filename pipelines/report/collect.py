"""All that a report says, as plain values gathered from a run folder."""

import json
from pathlib import Path
from typing import Any

from ..recipe import Recipe

FORMAT = 1  # of report.json


def collect(folder: Path, recipe: Recipe) -> dict[str, Any]:
    """Gather the numbers of a run: recipe, and for every step its job and facts."""
    facts = _read_json(folder / "work" / "facts.json")
    steps = [
        {"name": name, "job": settings.job, "facts": facts.get(name, {})} for name, settings in recipe.steps.items()
    ]
    return {"format": FORMAT, "name": recipe.name, "seed": recipe.seed, "steps": steps}


def to_json(report: dict[str, Any]) -> str:
    """The text of report.json: keys in a fixed order, one value a line."""
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
