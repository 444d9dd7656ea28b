"""The demo's recipe: valid, fair to its three arms, and examined on every skill."""

from pathlib import Path

import pytest

from pipelines.demo.main import recipe_tree
from pipelines.demo.skills import NEW_SKILLS, SKILLS
from pipelines.demo.tasks import write_tasks
from pipelines.recipe import Recipe, validate
from pipelines.settings import CurateSettings, DistillSettings, EvaluateSettings, RehearseSettings, TrainSettings


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "small"])
def recipe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    corpus = [folder / "corpus" / f"{name}.jsonl" for name in ("docstrings", "packages", "licences")]
    tasks = write_tasks(folder / "tasks", 17, small=True)
    return validate(recipe_tree(corpus, tasks, request.param), "demo"), folder


def arms(recipe: Recipe) -> dict[str, TrainSettings]:
    return {name: step for name, step in recipe.steps.items() if isinstance(step, TrainSettings)}


def test_the_steps_go_the_whole_road(recipe: tuple[Recipe, Path]) -> None:
    kinds = [type(step) for step in recipe[0].steps.values()]
    assert kinds == [CurateSettings, DistillSettings, RehearseSettings, *[TrainSettings] * 3, EvaluateSettings]


def test_only_the_data_of_the_arms_differ(recipe: tuple[Recipe, Path]) -> None:
    plain, rehearsed, kept = arms(recipe[0]).values()
    assert plain.model_copy(update={"data": ()}) == rehearsed.model_copy(update={"data": ()})
    assert plain.model_copy(update={"data": ()}) == kept.model_copy(update={"data": ()})
    assert [source.path for source in plain.data] == [rehearsed.data[0].path]
    assert [source.path for source in rehearsed.data[1:]] == [source.path for source in kept.data[1:]]
    assert rehearsed.data[1].path == "step:rehearsal" and kept.data[0].path == "step:distilled"
    for arm in (rehearsed, kept):
        assert sum(source.weight for source in arm.data) == pytest.approx(1)
        assert [source.weight for source in arm.data] == [source.weight for source in kept.data]


def test_every_skill_is_examined_with_every_model(recipe: tuple[Recipe, Path]) -> None:
    settings = recipe[0].steps["examined"]
    assert isinstance(settings, EvaluateSettings)
    trained = {f"step:{name}" for name in arms(recipe[0])}
    assert trained < set(settings.models.values()) and len(settings.models) == 4
    examined = {Path(path).stem.removeprefix("test-") for path in settings.tasks}
    assert examined == {skill.name for skill in (*SKILLS, *NEW_SKILLS)}
    assert set(settings.new_tasks) == {skill.name for skill in NEW_SKILLS}


def test_all_steps_start_from_the_same_model_and_the_files_that_were_written(recipe: tuple[Recipe, Path]) -> None:
    made, folder = recipe
    distilled, rehearsal = made.steps["distilled"], made.steps["rehearsal"]
    examined = made.steps["examined"]
    assert isinstance(distilled, DistillSettings) and isinstance(rehearsal, RehearseSettings)
    assert isinstance(examined, EvaluateSettings)
    models = {distilled.model, rehearsal.model, *(arm.model for arm in arms(made).values())}
    assert len(models) == 1 and models < set(examined.models.values())
    named = [*distilled.data, *rehearsal.demos, *examined.tasks]
    assert all(not Path(path).is_absolute() and (folder / path).is_file() for path in named)


def test_no_item_of_the_evaluation_is_rehearsed(recipe: tuple[Recipe, Path]) -> None:
    rehearsal, examined = recipe[0].steps["rehearsal"], recipe[0].steps["examined"]
    assert isinstance(rehearsal, RehearseSettings) and isinstance(examined, EvaluateSettings)
    assert rehearsal.held_out == examined.tasks


def test_the_rehearsal_can_give_the_rows_it_is_asked_for(recipe: tuple[Recipe, Path]) -> None:
    rehearsal = recipe[0].steps["rehearsal"]
    assert isinstance(rehearsal, RehearseSettings)
    pairs = rehearsal.demos_per_task * (rehearsal.demos_per_task - 1)
    prompts = min(rehearsal.prompts_per_task or pairs, pairs)
    assert prompts * rehearsal.samples >= 2 * rehearsal.per_task  # half of what is made up may be dropped
