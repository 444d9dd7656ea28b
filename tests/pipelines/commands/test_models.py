import inspect
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from pipelines.commands import app, models
from train.options.run import METHODS, TUNINGS

EXAMPLES = [
    " ".join(example.split())
    for command in (models.train, models.expand, models.merge, models.evaluate)
    for example in inspect.getdoc(command).split("Example: ")[1:]
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_recipe_that_is_valid(example: str, command, monkeypatch: pytest.MonkeyPatch, capsys):
    """Each goes as far as the run itself: options and settings are known and go together."""
    asked: list[Any] = []
    monkeypatch.setattr(app, "carry_out", lambda recipe, out, fresh: asked.append(recipe))
    name, *words = shlex.split(example)
    assert name == "keepwise" and command(*words) == 0, capsys.readouterr().err
    assert list(asked[0].steps) == [words[0]]


def test_help_has_an_example_of_every_way_of_tuning_and_shows_its_lists(command, capsys):
    assert command("train", "--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert [way for way in TUNINGS if f"--tuning {way} " not in shown] == []
    assert [method for method in METHODS if method not in shown] == []
    assert '["kept.jsonl"]' in shown and '["model.layers.3.*"]' in shown, "read as markup"


@pytest.mark.parametrize(("model", "said"), [("nowhere", "nowhere"), ("empty", "config.json"), ("bare", "weights")])
def test_a_model_that_cannot_be_used_is_one_sentence(model: str, said: str, tmp_path: Path, refused):
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps({"prompt": "a", "completion": "b"}) + "\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/config.json").write_text('{"model_type": "llama"}')
    message = refused("train", "--model", tmp_path / model, "--data", data, "--out", tmp_path / "run")
    assert said in message, message


def test_two_models_of_one_name_are_refused(tmp_path: Path, refused):
    models = ["--model", tmp_path / "a/m", "--model", tmp_path / "b/m"]
    assert "NAME=MODEL" in refused("evaluate", *models, "--tasks", tmp_path / "t.jsonl", "--out", tmp_path / "run")


def test_stages_are_models_with_their_tasks(tmp_path: Path, refused):
    given = ["evaluate", "--model", f"a={tmp_path}", "--model", f"b={tmp_path}", "--tasks", tmp_path / "t.jsonl"]
    assert "--stage: found 'b', expected MODEL=TASK,TASK" in refused(*given, "--stage", "b", "--out", tmp_path / "r")
    assert "stages: found 'c', expected a model after the base 'a' (b)" in refused(
        *given, "--stage", "c=x", "--out", tmp_path / "r"
    )
    assert "sham: found 'a', expected a model after the base" in refused(*given, "--sham", "a", "--out", tmp_path / "r")
    twice = ["--stage", "b=x,x", "--out", tmp_path / "r"]
    assert "stages: found task 'x' twice" in refused(*given, *twice)


def test_test_sets_become_task_files(tmp_path: Path, command, refused):
    rows = [{"query": f"ask {n}", "choices": ["a", "b"], "gold": n % 2} for n in range(10)]
    path = tmp_path / "copa.test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert command("tasks", path, "--out", tmp_path / "tasks", "--limit", 3) == 0
    items = [json.loads(line) for line in (tmp_path / "tasks/copa.jsonl").read_text().splitlines()]
    assert [item["prompt"] for item in items] == ["ask 0", "ask 3", "ask 6"]
    rows[0]["choices"] = ["a", "한"]  # "ask 0" and " a" are seven bytes, with " 한" it is nine
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert command("tasks", path, "--out", tmp_path / "short", "--max-bytes", 7) == 0
    assert len((tmp_path / "short/copa.jsonl").read_text().splitlines()) == 9
    assert "found no item of at most 6 bytes" in refused("tasks", path, "--out", tmp_path / "s", "--max-bytes", 6)
    assert "would be one file" in refused("tasks", path, tmp_path / "copa.b.jsonl", "--out", tmp_path / "s")
    path.write_text('{"nothing": 1}\n')
    assert "line 1: found the keys 'nothing'" in refused("tasks", path, "--out", tmp_path / "tasks")


def test_forgetting_names_what_is_no_evaluation(tmp_path: Path, refused):
    assert "found no evaluation there" in refused("forgetting", tmp_path, "--out", tmp_path / "f.json")
