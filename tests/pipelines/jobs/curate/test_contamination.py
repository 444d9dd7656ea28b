import json
from pathlib import Path

from pipelines.jobs.curate import contamination
from pipelines.settings import DecontaminateSettings

ITEM = "Which of these organs pumps blood through the body of a grown human being every day?"


def test_documents_that_hold_an_evaluation_item_name_it(step, left, ledger, tmp_path: Path):
    (tmp_path / "eval.jsonl").write_text(json.dumps({"question": ITEM, "id": "q-1"}) + "\n")
    made = step(
        ["Nothing of it here, only some words.", f"Quiz: {ITEM.upper()} The heart.", "And here is nothing too."]
    )
    settings = DecontaminateSettings(files=(str(tmp_path / "eval.jsonl"),), fields=("question",))
    contamination.drop_contaminated(*made, settings)
    assert left(made)["doc_id"].to_list() == ["00", "02"]
    row = ledger(made).row(0, named=True)
    assert row["rule"].startswith("contamination.") and json.loads(row["detail"])["file"] == "eval.jsonl"
