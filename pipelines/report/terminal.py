"""What a terminal shows at the end of a run."""

import json
from pathlib import Path


def lines(folder: Path) -> list[str]:
    """One line a step; none when the run has no report."""
    path = folder / "report.json"
    if not path.is_file():
        return []
    report = json.loads(path.read_text(encoding="utf-8"))
    return [f"{step['name']}: {json.dumps(step['facts'], ensure_ascii=False)[:300]}" for step in report["steps"]]
