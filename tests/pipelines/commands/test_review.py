import json
from pathlib import Path

import polars as pl


def test_answers_to_a_run_are_reported_and_win_in_the_next(tmp_path: Path, command, capsys):
    texts = [f"sentence number {n} of a text that is long enough to be kept by this rule" for n in range(30)] + [
        "short"
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    curate = ["curate", tmp_path / "in.jsonl", "--set", "rules={length: {low: 20}}", "--set", "minhash=null"]
    assert command(*curate, "--out", tmp_path / "run") == 0
    kept = pl.read_parquet(tmp_path / "run/documents/**/*.parquet")
    short = pl.read_parquet(tmp_path / "run/dropped/**/*.parquet")["doc_id"][0]
    decided = {"doc_id": [short, kept["doc_id"][3]], "decision": ["keep", "drop"]}
    pl.DataFrame(decided).write_parquet(tmp_path / "overrides.parquet")
    capsys.readouterr()
    assert command("review", tmp_path / "run", "--report") == 0
    assert capsys.readouterr().out
    again = [*curate, "--out", tmp_path / "run", "--set", f"overrides={tmp_path / 'overrides.parquet'}"]
    assert command(*again) == 0
    rows = pl.read_parquet(tmp_path / "run/documents/**/*.parquet")
    assert set(rows["doc_id"]) == set(kept["doc_id"]) - {decided["doc_id"][1]} | {short}
    ledger = pl.read_parquet(tmp_path / "run/ledger/**/*.parquet").filter(pl.col("row_id").is_in(decided["doc_id"]))
    assert set(ledger.select("stage", "action").rows()) == {("review", "fallback"), ("review", "drop")}


def test_a_folder_that_is_no_run_is_one_sentence(tmp_path: Path, refused):
    assert "run" in refused("review", tmp_path, "--report")
