"""The report of a run: numbers for programs (report.json), one offline page (report.html), lines for a terminal."""

from pathlib import Path

from curation import storage

from ..recipe import Recipe
from .collect import collect, to_json
from .page import render
from .terminal import lines


def write_report(folder: Path, recipe: Recipe) -> Path:
    """Write `report.json` and `report.html` of a run; the path of the page.

    What a run did not do is not in its report: every part of it may be absent.
    """
    report = collect(folder, recipe)
    storage.write_text(to_json(report), folder / "report.json")
    page = folder / "report.html"
    storage.write_text(render(report), page)
    return page


def summary(folder: Path) -> list[str]:
    """What a terminal shows at the end of a run, from its `report.json`; no lines when there is none."""
    return lines(folder)
