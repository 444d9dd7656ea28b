"""The report as a run writes it: two files and some lines, whatever has been done so far."""

import json
from pathlib import Path

from pipelines.recipe import Recipe
from pipelines.report import summary, write_report


def test_a_run_that_has_just_begun_has_a_report(tmp_path: Path, recipe: Recipe) -> None:
    page = write_report(tmp_path, recipe)
    assert page == tmp_path / "report.html"
    assert page.read_text(encoding="utf-8").count("This step has not been done yet.") == len(recipe.steps)
    assert summary(tmp_path) == []


def test_writing_it_again_changes_nothing_but_what_changed(run_folder: Path, recipe: Recipe) -> None:
    first = write_report(run_folder, recipe).read_bytes()
    path = run_folder / "work" / "facts.json"
    assert write_report(run_folder, recipe).read_bytes() == first
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["plain"]["final_loss"] = 0.1234
    path.write_text(json.dumps(facts), encoding="utf-8")
    assert b"0.1234" in write_report(run_folder, recipe).read_bytes()
    assert any("final loss 0.1234" in line for line in summary(run_folder))
