import json
from pathlib import Path

import pytest


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
