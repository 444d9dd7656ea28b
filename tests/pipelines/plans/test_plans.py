"""Every shipped plan makes a recipe that stands, of what it is given."""

from collections.abc import Sequence

import pytest

from curation.errors import InputError
from pipelines.plans import PLANS, about, recipe_of
from pipelines.recipe import Recipe, ready

GIVEN = {
    "pit": ("documents=d.jsonl", "new_documents=n.jsonl", "tasks=t.jsonl", "new_tasks=films"),
    "pit++": ("documents=d.jsonl", "new_documents=n.jsonl", "tasks=t.jsonl", "questions=q.jsonl", "key=id"),
    "ssr": ("data=[a.jsonl, b.jsonl]", "data=c.jsonl", "tasks=t.jsonl"),
    "cpt-sft-dpo": ("documents=d.jsonl", "data=a.jsonl", "preferences=p.jsonl", "tasks=t.jsonl", "merge=true"),
    "cpt-sft-orpo": ("documents=d.jsonl", "data=a.jsonl", "preferences=p.jsonl", "tasks=t.jsonl"),
    "new-knowledge": ("documents=d.jsonl", "data=a.jsonl", "tasks=t.jsonl"),
    "adaptive": ("data=a.jsonl", "demos=o.jsonl", "tasks=t.jsonl", "tasks=u.jsonl", "new_tasks=u"),
    "best-of": ("data=a.jsonl", "tasks=t.jsonl", "rounds=2"),
    "dapt": ("documents=d.jsonl", "task_texts=t.jsonl", "replay=r.jsonl", "tasks=t.jsonl"),
    "tapt": ("task_texts=t.jsonl", "tasks=t.jsonl"),
    "new-words": ("documents=d.jsonl", "replay=r.jsonl", "tokens=50", "tasks=t.jsonl"),
}


def made(name: str, given: Sequence[str], tmp_path, **settings: str) -> Recipe:
    overrides = tuple(f"{key}={value}" for key, value in settings.items())
    return ready(recipe_of(name, given, "some/model"), f"plan {name}", tmp_path, overrides)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_a_recipe_whose_last_step_examines_the_model_and_what_became_of_it(name, tmp_path):
    recipe = made(name, GIVEN[name], tmp_path)
    last = list(recipe.steps.values())[-1]
    assert last.job == "evaluate" and next(iter(last.models.values())) == "some/model"
    trained = [step for step, settings in recipe.steps.items() if settings.job == "train"]
    assert f"step:{trained[-1]}" in last.models.values()
    assert about(name).endswith(".")


@pytest.mark.parametrize("name", PLANS)
def test_what_a_plan_needs_is_asked_for_by_what_it_is(name):
    said = f"plan {name.replace('+', '.')}: missing key '.*', expected .*(files?|rows|docu)"
    with pytest.raises(InputError, match=said):
        recipe_of(name, [], None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("task=t", "unknown key 'task'; did you mean 'tasks'?"),
        ("data", "expected key=value, keys of the plan ssr: data, tasks, taught, per_task, rehearsal"),
        ("data={", "the value is no YAML"),
        ("rehearsal=2", "rehearsal is 2: input should be less than 1"),
    ],
)
def test_what_a_plan_cannot_be_given_is_one_sentence(given, said):
    with pytest.raises(InputError) as caught:
        recipe_of("ssr", [*GIVEN["ssr"], given], None)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_setting_of_every_step_that_has_it(tmp_path):
    recipe = made("ssr", GIVEN["ssr"], tmp_path, **{"*.engine.kind": "transformers", "*.steps": "7"})
    assert {step.engine.kind for step in recipe.steps.values() if step.job != "train"} == {"transformers"}
    assert {step.steps for step in recipe.steps.values() if step.job == "train"} == {7}
    with pytest.raises(InputError, match="no step has the key 'stepps'"):
        made("ssr", GIVEN["ssr"], tmp_path, **{"*.stepps": "7"})
