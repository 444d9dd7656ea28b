import json
from pathlib import Path

from pipelines.settings.synthesize import METHODS


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
    assert "did you mean 'questions'" in refused("synthesize", "qa", *rest, "--set", "question=3")
    assert "qa option questions is 0" in refused("synthesize", "qa", *rest, "--set", "questions=0")
    assert "novelty option wanted is -1" in refused("synthesize", "qa", *rest, "--set", "novelty.wanted=-1")
    said = refused("synthesize", "reasoning", *rest, "--set", "method=tree")
    assert "reasoning option method is 'tree', expected one of chain_of_thought, least_to_most" in said
    assert "best_of option keep is 9" in refused("synthesize", "best-of", *rest, "--set", "keep=9")


def test_the_help_has_an_example_of_every_method(command, capsys):
    assert command("synthesize", "--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    for method in METHODS:
        assert f"keepwise synthesize {method.replace('_', '-')} --model" in said, method
