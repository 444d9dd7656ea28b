from pathlib import Path

import pytest
import yaml

from curation.errors import InputError
from pipelines.recipe import load, override, references, validate


def tree(**settings):
    return {"steps": {"corpus": {"job": "curate", "inputs": ["x.jsonl"], **settings}}}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (tree(text_colum="t"), "unknown key 'steps.corpus.text_colum'; did you mean 'text_column'?"),
        (tree(minhash={"treshold": 0.3}), "unknown key 'steps.corpus.minhash.treshold'; did you mean 'threshold'?"),
        (tree(minhash={"threshold": 3}), "steps.corpus.minhash.threshold is 3: input should be less than or equal"),
        (tree(rules={"gofer": {}}), "r.yaml: steps.corpus.rules: found the set 'gofer', expected one of length, "),
        (tree(rules={"gofer": {}}), "(did you mean 'gopher'?)"),
        (tree(rules={"gopher": {"min_word": 5}}), "r.yaml: steps.corpus.rules.gopher: found the key 'min_word', "),
        (tree(rules={"gopher": {"min_word": 5}}), "(did you mean 'min_words'?)"),
        (tree(rules={"length": {"low": "20"}}), "steps.corpus.rules.length.low: found '20', expected a number or null"),
        (tree(rules={"length": {"low": 9, "high": 8}}), "steps.corpus.rules.length: length.characters has the bounds"),
        (tree(rules={"length": None}), "steps.corpus.rules.length is None: input should be a valid dictionary"),
        (tree(rules={"gofer": {}}, text_colum="t"), "unknown key 'steps.corpus.text_colum'"),
        ({"step": {}}, "unknown key 'step'; did you mean 'steps'?"),
        ({"steps": {"a": {"job": "curat"}}}, "did you mean 'curate'?"),
        ({"steps": {"a": {"job": "curate"}}}, "missing key 'steps.a.inputs', expected files, folders or globs"),
        ({"steps": {"a b": {"job": "curate", "inputs": ["x"]}}}, "step name 'a b'"),
        (
            {"steps": {"a": {"job": "train", "model": "m", "data": [{"path": "x", "wieght": 1}]}}},
            "unknown key 'steps.a.data.0.wieght'; did you mean 'weight'?",
        ),
    ],
)
def test_a_bad_recipe_is_one_sentence_with_the_nearest_key(bad, said):
    with pytest.raises(InputError) as caught:
        validate(bad, "r.yaml")
    assert str(caught.value).startswith("r.yaml: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_step_uses_only_steps_before_it():
    steps = {
        "tuned": {"job": "train", "model": "step:later", "data": [{"path": "x"}]},
        "later": {"job": "train", "model": "m", "data": [{"path": "x"}]},
    }
    with pytest.raises(InputError, match="steps.tuned uses step:later"):
        validate({"steps": steps}, "r.yaml")
    recipe = validate({"steps": dict(reversed(steps.items()))}, "r.yaml")
    assert references(recipe.steps["tuned"]) == ["later"]


def test_paths_are_relative_to_the_recipe(tmp_path: Path):
    (tmp_path / "data.jsonl").write_text("{}")
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(tree() | {"seed": 5}))
    (tmp_path / "x.jsonl").write_text("{}")
    recipe = load(tmp_path / "r.yaml", ("corpus.max_damaged=0.5", "seed=7"))
    assert recipe.steps["corpus"].inputs == (str(tmp_path / "x.jsonl"),)
    assert recipe.steps["corpus"].max_damaged == 0.5
    assert recipe.seed == 7


def test_held_out_files_are_relative_to_the_recipe(tmp_path: Path):
    steps = {"buffer": {"job": "rehearse", "model": "m", "demos": ["d.jsonl"], "held_out": ["t.jsonl", "../t.jsonl"]}}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({"steps": steps}))
    (tmp_path / "t.jsonl").write_text("{}")
    assert load(tmp_path / "r.yaml").steps["buffer"].held_out == (str(tmp_path / "t.jsonl"), "../t.jsonl")


def test_a_written_recipe_reads_back_as_the_same(tmp_path: Path):
    recipe = validate(tree(rules={"length": {"low": 3}}), "r")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe.model_dump(mode="json")))
    assert load(tmp_path / "recipe.yaml") == recipe


def test_overrides_that_are_no_settings_are_refused():
    with pytest.raises(InputError, match=r"expected step\.key=value"):
        override({}, "nonsense")
    with pytest.raises(InputError, match="not a group of settings"):
        override({"steps": {"a": 3}}, "steps.a.b=1")


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "\x00"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(InputError, match="r.yaml"):
        load(tmp_path / "r.yaml")
    with pytest.raises(InputError, match="no such recipe"):
        load(tmp_path / "missing.yaml")


def test_the_recipes_model_stands_where_a_step_says_so(tmp_path: Path):
    steps = {"tuned": {"job": "train", "model": "$model", "data": [{"path": "x"}]}}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({"steps": steps}))
    assert load(tmp_path / "r.yaml", model="some/model").steps["tuned"].model == "some/model"
    with pytest.raises(InputError, match="--model"):
        load(tmp_path / "r.yaml")


def test_one_threshold_set_leaves_the_other_rules_in_force():
    settings = tree()
    override(settings, "steps.corpus.rules.length.high=9")
    rules = validate(settings, "r").steps["corpus"].rules
    assert rules["length"] == {"high": 9} and set(rules) == set(validate(tree(), "r").steps["corpus"].rules)


def test_an_unknown_key_named_like_a_job_is_named_whole():
    settings = tree()
    settings["steps"]["curate"] = {**settings["steps"].pop("corpus"), "curate": {"strict": True}}
    with pytest.raises(InputError, match=r"unknown key 'steps\.curate\.curate'"):
        validate(settings, "r")
