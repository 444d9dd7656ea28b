import json
from pathlib import Path


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
