import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from pipelines.demo.main import MODEL


def card(run: Path) -> dict:
    return json.loads((run / "model" / "merge" / "merge.json").read_text())


def test_a_merge_leaves_a_plain_model_is_told_of_and_done_once(tmp_path, command, capsys, quick_children):
    run = tmp_path / "run"
    assert command("merge", MODEL, MODEL, "--t", "0.25", "--out", run) == 0
    said = capsys.readouterr().out
    assert "slerp of" in said and "relative distance 0" in said
    made, seed = load_file(run / "model" / "merge" / "model.safetensors"), load_file(MODEL / "model.safetensors")
    assert set(made) == set(seed)
    assert all(made[name].float().sub(seed[name].float()).abs().max() <= 1e-6 for name in seed)
    page = (run / "report.html").read_text()
    assert "Merging" in page and "cosine between parents" in page
    assert card(run)["options"]["t"] == 0.25 and str(tmp_path) not in json.dumps(card(run))
    before = (run / "manifest.jsonl").read_text()
    assert command("merge", MODEL, MODEL, "--t", "0.25", "--out", run) == 0
    assert "Nothing to do" in capsys.readouterr().out and (run / "manifest.jsonl").read_text() == before
    assert command("merge", MODEL, MODEL, "--method", "lerp", "--out", run) == 0
    assert card(run)["options"]["method"] == "lerp"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((MODEL, "--method", "slerp"), "merge.models has 1, expected at least 2"),
        ((MODEL, MODEL, "--method", "ties"), "merge.base is not given, expected a model: ties"),
        ((MODEL, MODEL, "--t", "2"), "merge.t is 2.0, expected a number from 0 to 1"),
        ((MODEL, MODEL, "--method", "mean"), "lerp"),
        ((MODEL, "nowhere/at/all"), "nowhere/at/all"),
    ],
)
def test_what_cannot_be_merged_is_one_sentence_before_a_model_is_read(
    arguments, sentence, tmp_path, refused, monkeypatch
):
    monkeypatch.setattr("pipelines.jobs.merge.call", None)
    assert sentence in refused("merge", *arguments, "--out", tmp_path / "run")
