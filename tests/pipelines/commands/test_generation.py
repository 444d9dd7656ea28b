import json
from pathlib import Path

import pytest

from pipelines import presets
from pipelines.commands.app import with_preset
from pipelines.recipe import validate
from pipelines.runner import single
from pipelines.settings.synthesize import METHODS

RECIPES = [(job, name) for job in ("distill", "rehearse", "synthesize") for name in presets.names(job)]


def test_distill_and_rehearse_refuse_data_that_is_not_there(tmp_path: Path, refused):
    (tmp_path / "weightless").mkdir()
    (tmp_path / "weightless/config.json").write_text('{"model_type": "llama"}')
    model = ["--model", tmp_path / "weightless", "--out", tmp_path / "run"]
    message = refused("distill", *model, "--data", tmp_path / "no.jsonl")
    assert "weights" in message or "no.jsonl" in message
    message = refused("rehearse", *model, "--demos", tmp_path / "no.jsonl")
    assert "weights" in message or "no.jsonl" in message


def test_an_unknown_setting_is_answered_with_the_nearest(tmp_path: Path, refused):
    (tmp_path / "data.jsonl").write_text(json.dumps({"prompt": "a", "completion": "b"}) + "\n")
    data = ["--model", tmp_path, "--data", tmp_path / "data.jsonl", "--out", tmp_path / "run"]
    assert "did you mean 'candidates'" in refused("distill", *data, "--set", "candidate=3")


def test_synthesize_names_its_methods_and_reads_options_of_the_method(tmp_path: Path, refused):
    (tmp_path / "docs.jsonl").write_text(json.dumps({"text": "a"}) + "\n")
    rest = ["--model", tmp_path, "--data", tmp_path / "docs.jsonl", "--out", tmp_path / "run"]
    assert "did you mean 'backtranslate'" in refused("synthesize", "backtranslation", *rest)
    said = refused("synthesize", "xyz", *rest)
    assert "no such method; known: qa," in said and said.count("best-of") == 1 and "best_of" not in said, said
    assert "did you mean 'questions'" in refused("synthesize", "qa", *rest, "--set", "question=3")
    assert "qa option questions is 0" in refused("synthesize", "qa", *rest, "--set", "questions=0")
    assert "novelty option wanted is -1" in refused("synthesize", "qa", *rest, "--set", "novelty.wanted=-1")
    assert "qa option templates.ask does not use" in refused("synthesize", "qa", *rest, "--set", "templates={ask: Hi}")
    assert "label option templates[0] does not use" in refused(
        "synthesize", "label", *rest, "--set", "labels=[a, b]", "--set", "templates=[Hi]"
    )
    said = refused("synthesize", "reasoning", *rest, "--set", "method=tree")
    assert "reasoning option method is 'tree', expected one of chain_of_thought, least_to_most" in said
    for spelled in ("best-of", "best_of"):
        assert "best_of option keep is 9" in refused("synthesize", spelled, *rest, "--set", "keep=9")


def test_the_help_has_an_example_of_every_method(command, capsys):
    assert command("synthesize", "--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    for method in METHODS:
        assert f"keepwise synthesize {method.replace('_', '-')} --model" in said, method
    assert "best-of, preferences" in said and "best_of" not in said


@pytest.mark.parametrize(("job", "name"), RECIPES)
def test_every_shipped_recipe_is_valid_settings_of_its_job(job: str, name: str):
    given = {"model": "m", **({} if job == "rehearse" else {"data": ["x.jsonl"]})}
    if name == "pairs-by-reward":
        given["reward_model"] = "r"
    if name == "adaptive":
        given |= {"demos": ["d.jsonl"], "adaptive": {"file": "e.parquet"}}
    settings = validate(single(job, with_preset(job, name, given), 0), name).steps[job]
    assert settings.job == job  # type: ignore[union-attr]


def test_an_option_and_a_recipe_may_each_set_a_part_of_a_group(tmp_path: Path):
    (tmp_path / "own.yaml").write_text("adaptive: {margin: 0.1, floor: 0.5}\nper_task: 7\nreplay: {draws: 9}\n")
    found = with_preset(
        "rehearse", str(tmp_path / "own.yaml"), {"adaptive": {"file": "e"}, "per_task": 8, "demos": None}
    )
    assert found == {"adaptive": {"margin": 0.1, "floor": 0.5, "file": "e"}, "per_task": 8, "replay": {"draws": 9}}


def test_every_method_has_a_shipped_recipe():
    assert {presets.load(name, job)["method"] for job, name in RECIPES if job == "synthesize"} == set(METHODS)


def test_a_recipe_of_another_method_is_refused(tmp_path: Path, refused):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "a", "completion": "b"}) + "\n")
    rest = ["--model", tmp_path, "--data", tmp_path / "rows.jsonl", "--out", tmp_path / "run"]
    said = refused("synthesize", "best-of", *rest, "--recipe", "least-to-most")
    assert "--recipe 'least-to-most': found the method 'reasoning', expected one of best-of" in said
    said = refused("synthesize", "reasoning", *rest, "--recipe", "least-to-most", "--set", "max_parts=21")
    assert "reasoning option max_parts is 21" in said  # settings are put over the recipe's
    assert "did you mean 'replay-chat'" in refused("rehearse", "--model", tmp_path, "--out", tmp_path / "run",
                                                   "--recipe", "replay-chats")  # fmt: skip
