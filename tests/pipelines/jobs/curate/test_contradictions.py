import json

import polars as pl

from curation.consistency.conflicts import ConflictOptions
from curation.consistency.labels import LabelOptions
from pipelines.jobs.curate import contradictions


def asked(question: str, **fields: str) -> str:
    return json.dumps({"prompt": question, **fields})


def test_contradicting_answers_are_dropped_by_the_policy_or_only_reported(step, left, ledger):
    questions = [asked("What is the capital of France?")] * 3 + [asked("How many days has a week?")]
    made = step(["Paris", "Lyon", "Paris", "7"], meta=questions)
    contradictions.drop_conflicts(*made, ConflictOptions())
    assert left(made).height == 4 and made[0].records[-1].facts["conflicting"] == 3
    made = step(["Paris", "Lyon", "Paris", "7"], meta=questions)
    contradictions.drop_conflicts(*made, ConflictOptions(policy="majority"))
    assert left(made)["text"].to_list() == ["Paris", "Paris", "7"]
    assert ledger(made)["row_id"].to_list() == ["01"]


def test_labels_are_written_in_their_commonest_spelling(step, left, ledger):
    labels = ["positive", "positive", "Positive ", "negative"]
    made = step(["a", "b", "c", "d"], meta=[asked("q", label=label) for label in labels])
    contradictions.unify_labels(*made, LabelOptions(fields=("label",)), True)
    found = left(made).select(pl.col("meta").str.json_path_match("$.label"))["meta"].to_list()
    assert found == ["positive", "positive", "positive", "negative"]
    assert ledger(made).select("row_id", "action").rows() == [("02", "edit")]
