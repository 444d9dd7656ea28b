import pytest
import yaml

from curation.errors import InputError
from pipelines import presets
from pipelines.recipe import validate
from pipelines.runner import single
from pipelines.settings import CurateSettings, DistillSettings


@pytest.mark.parametrize("name", presets.names())
def test_every_shipped_recipe_is_valid_settings_of_a_curate_step(name):
    recipe = validate(single("curate", {**presets.load(name), "inputs": ["x.jsonl"]}, 0), name)
    assert isinstance(recipe.steps["curate"], CurateSettings)


@pytest.mark.parametrize("name", presets.names("distill"))
def test_every_shipped_recipe_of_distill_is_valid_settings_of_it(name):
    recipe = validate(single("distill", {**presets.load(name, "distill"), "model": "m", "data": ["x.jsonl"]}, 0), name)
    assert isinstance(recipe.steps["distill"], DistillSettings)


def test_a_recipe_of_another_job_is_no_recipe_of_this_one():
    with pytest.raises(InputError, match="no such recipe or file"):
        presets.load("korean-translation")
    with pytest.raises(InputError, match="did you mean 'korean-translation'"):
        presets.load("korean-translations", "distill")


def test_a_file_of_settings_is_read_and_what_is_none_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"rules": {"length": {"low": 3}}}))
    assert presets.load(str(file)) == {"rules": {"length": {"low": 3}}}
    for text, said in (("- a", "found list"), ("steps: {}", "keepwise run"), ("a: [", "not a YAML file")):
        file.write_text(text)
        with pytest.raises(InputError, match=said):
            presets.load(str(file))


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'english-web'"):
        presets.load("english-wep")
