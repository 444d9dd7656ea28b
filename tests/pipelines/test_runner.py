"""A recipe carried out: in order, once, and nothing left of steps that it no longer has."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from curation.errors import InputError
from pipelines.recipe import Recipe, validate
from pipelines.runner import Finished, run_recipe, single

STORY = (
    "The harbour of the town was built by the people that have lived there for a long time, and it is said to be "
    "with them that the boats come home in the evening when the wind has turned and the tide begins to fall again. "
)


@pytest.fixture
def corpora(tmp_path: Path) -> list[Path]:
    """Two corpora of six documents each, one of them a duplicate and one short."""
    files = []
    for name in ("sea", "land"):
        texts = [f"{name} {n} {n * 7919}. {STORY.replace('boats', f'{name}{n}')}" for n in (0, 1, 2, 3, 3)]
        texts.append("A short story.")
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return files


def recipe(corpora: list[Path], **changes: Any) -> Recipe:
    plain = {"job": "curate", "rules": {"length": {}}, "minhash": None}
    steps = {file.stem: {**plain, "inputs": [str(file)], **changes.get(file.stem, {})} for file in corpora}
    return validate({"name": "two", "seed": 5, "steps": steps}, "test")


def carried_out(recipe: Recipe, out: Path, fresh: bool = False) -> tuple[Finished, list[str]]:
    lines: list[str] = []
    return run_recipe(recipe, out, lines.append, fresh), lines


def written(out: Path) -> dict[str, bytes]:
    """The files that must be the same in every run of a recipe."""
    folders = ("documents", "scores", "ledger", "dropped")
    return {
        str(file.relative_to(out)): file.read_bytes()
        for folder in folders
        for file in (out / folder).rglob("*.parquet")
    }


def test_steps_are_done_in_order_and_leave_what_they_say(corpora: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "run"
    finished, lines = carried_out(recipe(corpora), out)
    assert [line.split(":")[0] for line in lines] == ["[1/2] sea (curate)", "[2/2] land (curate)"]
    assert list(finished.outputs) == ["sea", "land"] and finished.done > 0 and finished.kept == 0
    for name, output in finished.outputs.items():
        assert output.path.is_dir() and name in str(output.path) and output.digest
    assert Recipe.model_validate(yaml.safe_load((out / "recipe.yaml").read_text())) == recipe(corpora)
    facts = json.loads((out / "work" / "facts.json").read_text())
    assert facts == {name: json.loads(json.dumps(dict(o.facts))) for name, o in finished.outputs.items()}
    assert finished.report.is_file() and finished.report.parent == out
    events = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    kinds = [
        (event["event"], event.get("step")) for event in events if event["event"] in ("started", "step", "finished")
    ]
    assert kinds == [("started", None), ("step", "sea"), ("step", "land"), ("finished", None)]


def test_a_second_run_does_nothing_and_says_so(corpora: list[Path], tmp_path: Path) -> None:
    first, _ = carried_out(recipe(corpora), tmp_path / "run")
    before = written(tmp_path / "run")
    second, lines = carried_out(recipe(corpora), tmp_path / "run")
    assert second.done == 0 and 0 < second.kept <= first.done  # what led to a finished task is not asked for again
    assert [line.endswith("already done") for line in lines] == [True, True, False]
    assert lines[-1] == "Nothing to do: this run is finished already."
    assert written(tmp_path / "run") == before and second.outputs == first.outputs
    third, lines = carried_out(recipe(corpora), tmp_path / "run", fresh=True)
    assert len(lines) == 2 and third.done == first.done and written(tmp_path / "run") == before


def test_a_changed_step_leaves_the_other_alone(corpora: list[Path], tmp_path: Path) -> None:
    first, _ = carried_out(recipe(corpora), tmp_path / "run")
    changed = recipe(corpora, land={"rules": {"length": {"low": 100}}})
    second, lines = carried_out(changed, tmp_path / "run")
    assert [line.endswith("already done") for line in lines] == [True, False]
    assert 0 < second.done < first.done
    assert second.outputs["sea"] == first.outputs["sea"]
    assert second.outputs["land"].digest != first.outputs["land"].digest
    carried_out(changed, tmp_path / "anew")
    assert written(tmp_path / "run") == written(tmp_path / "anew")


def test_nothing_is_left_of_a_step_that_is_gone(corpora: list[Path], tmp_path: Path) -> None:
    carried_out(recipe(corpora), tmp_path / "run")
    finished, _ = carried_out(recipe(corpora[:1]), tmp_path / "run")
    assert finished.done == 0 and list(finished.outputs) == ["sea"]
    assert written(tmp_path / "run") and not any("land" in path for path in written(tmp_path / "run"))
    again, _ = carried_out(recipe(corpora), tmp_path / "run")
    assert again.done > 0 and any("land" in path for path in written(tmp_path / "run"))


def test_what_was_done_before_bad_input_is_kept(corpora: list[Path], tmp_path: Path) -> None:
    content = corpora[1].read_text()
    corpora[1].write_text("")
    with pytest.raises(InputError, match=r"land\.jsonl"):
        carried_out(recipe(corpora), tmp_path / "run")
    corpora[1].write_text(content)
    _, lines = carried_out(recipe(corpora), tmp_path / "run")
    assert [line.endswith("already done") for line in lines] == [True, False]


def test_a_folder_with_other_things_in_it_is_left_alone(corpora: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds other files"):
        carried_out(recipe(corpora), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["land.jsonl", "sea.jsonl"]


def test_a_single_job_is_a_recipe_of_one_step(corpora: list[Path]) -> None:
    tree = single("curate", {"inputs": [str(corpora[0])], "rules": {"length": {}}, "minhash": None}, 5)
    made = validate(tree, "test")
    assert (made.name, made.seed, list(made.steps)) == ("curate", 5, ["curate"])
    assert made.steps["curate"] == recipe(corpora).steps["sea"]
