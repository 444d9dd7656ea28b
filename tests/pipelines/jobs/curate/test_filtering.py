import json
from pathlib import Path

import polars as pl
import pytest

from curation.errors import InputError
from curation.quality import model as files
from curation.quality import train
from pipelines.jobs.curate.filtering import CLEAN, filter_rows
from pipelines.settings import CurateSettings

GOOD, BAD = "a clear sentence about the heart and its work number", "click here buy now cheap pills offer"


def run(step, tree: dict) -> pl.DataFrame:
    job, pending = step
    filter_rows(job, CurateSettings.model_validate({"inputs": ["x"], **tree}), pending.parts, "text")
    return pl.concat([job.shelf.load("work", f"{CLEAN}-{part}") for part in pending.parts])


def test_rows_that_fail_a_rule_are_dropped_and_personal_data_of_the_others_replaced(step):
    made = step(["x", "write to a.b@example.org please", "another text"])
    rows = run(made, {"rules": {"length": {"low": 5}}})
    assert rows["text"].to_list() == ["write to <EMAIL> please", "another text"]
    ledger = pl.concat([pl.read_parquet(path) for path in (made[0].run.folder / "ledger").rglob("*.parquet")])
    assert sorted(ledger.select("row_id", "rule", "action").rows()) == [
        ("00", "length.characters", "drop"),
        ("01", "pii.email", "edit"),
    ]
    assert made[0].shelf.load("scores", "00000-00000").columns == ["doc_id", "length.characters"]


def test_a_learned_score_stands_beside_the_rules_and_its_bound_is_set_by_the_share_to_keep(step, tmp_path: Path):
    texts = [f"{kind} {n}" for n in range(40) for kind in (GOOD, BAD)]
    labelled = pl.DataFrame({"text": texts, "label": [1, 0] * 40})
    files.save(train(labelled), tmp_path / "model")
    made = step([f"{GOOD} {n}" for n in range(100, 106)] + [f"{BAD} {n}" for n in range(100, 106)])
    tree = {"rules": {}, "quality": {"model": str(tmp_path / "model"), "keep_rate": 0.5}}
    assert all(text.startswith(GOOD) for text in run(made, tree)["text"])
    assert run(made, tree).height == 6
    scores = made[0].shelf.load("scores", "00000-00000")["quality.score"]
    assert scores.min() > 0.5
    tree["quality"] = {"model": str(tmp_path / "model")}
    assert run(made, tree).height == 12  # only scored


def test_a_model_is_trained_on_labelled_rows_and_a_bad_row_is_one_sentence(step, tmp_path: Path):
    rows = [{"text": f"{kind} {n}", "label": label} for n in range(30) for label, kind in ((1, GOOD), (0, BAD))]
    file = tmp_path / "labelled.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tree = {"rules": {}, "quality": {"labelled": [str(file)], "threshold": 0.5}}
    made = step([f"{GOOD} 77", f"{BAD} 77"])
    assert run(made, tree)["text"].to_list() == [f"{GOOD} 77"]
    file.write_text('{"text": "a", "label": "good"}\n')
    with pytest.raises(InputError, match=r"labelled\.jsonl.*label of 0 or 1"):
        run(step(["a"]), tree)


def test_abuse_is_judged_by_a_model_that_the_step_trains_on_labelled_rows(step, tmp_path: Path):
    bad = [f"you {word} idiot number {n}" for n in range(20) for word in ("stupid", "silly")]
    good = [f"haha you idiot i love you, see you at {n} {word}" for n in range(20) for word in ("darling", "dear")]
    file = tmp_path / "abuse.jsonl"
    rows = [{"text": text, "label": int(text in bad)} for text in bad + good]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    texts = ["you silly idiot number 77", "haha you idiot i love you, see you at 77 dear", "you silly person"]
    tree = {"rules": {"toxicity": {"labelled": [str(file)], "topics": False}}}
    made = step(texts)
    assert run(made, tree)["text"].to_list() == texts[1:]
    model = (made[0].run.folder / "work/c/toxicity-model").iterdir()
    assert {path.suffix for path in model} == {".json", ".safetensors"}
    assert run(step(texts), {"rules": {"toxicity": {"topics": False}}})["text"].to_list() == texts[2:]  # by density
