"""The matrix, the clusters and the controls in words."""

from typing import Any

from pipelines.report.forgetting import clusters, controls, lines, sequences, whole
from pipelines.report.terminal import table

CELL = {"mean": 0.5, "low": 0.4, "high": 0.6}
SEQUENCE = {
    "unit": "score", "seeds": 3,
    "tasks": [{"task": "old", "stage": None}, {"task": "new", "stage": "tuned"}],
    "matrix": [{"stage": "base", "cells": [CELL, CELL]}, {"stage": "tuned", "cells": [CELL, {**CELL, "mean": 0.9}]}],
    "measures": {"average": CELL, "backward_transfer": {"mean": -0.1, "low": -0.2, "high": 0.0},
                 "forward_transfer": None, "forgetting": CELL, "learning": CELL},
}  # fmt: skip


def test_the_matrix_stands_with_its_measures() -> None:
    (found,) = sequences({"sequences": [SEQUENCE]})
    assert [task["stage"] for task in found["tasks"]] == ["–", "tuned"]
    assert found["rows"][1]["cells"][1] == {"mean": "90.0", "interval": "[40.0, 60.0]"}
    assert [each["name"].split()[0] for each in found["measures"]] == ["average", "backward", "learning", "forgetting"]
    assert found["measures"][1]["mean"] == "-10.0"
    said = "\n".join(lines({"sequences": [SEQUENCE], "summary": [1]}, table))
    assert "3 training seeds" in said and "trained in" in said and "90.0" in said


def test_a_repetition_says_what_no_training_did() -> None:
    same: dict[str, Any] = {"base": "b", "repeated": {"items": 1200, "unlike": 0, "reworded": 0, "tasks": []}}
    assert controls(same) == ["b, measured twice in one process: the same score and answer for all of 1,200 scores"]
    row = {"task": "t", "metric": "contains", "difference": -0.02}
    (said,) = controls({"base": "b", "repeated": {"items": 50, "unlike": 1, "reworded": 2, "tasks": [row]}})
    assert "1 of 50 scores differ and 2 answers; most in t, by -2.0" in said
    assert controls({}) == []


def test_sham_drift_margin_and_what_was_left_out() -> None:
    facts = {
        "sham": {"name": "s", "summary": [{"model": "m", "metric": "score", "learned": None,
                                           "forgotten": {"mean": 0.1, "low": 0.05, "high": 0.15}}]},
        "drift": [{"model": "m", "forward": 0.25, "low": 0.2, "high": 0.3, "reverse": None, "tokens": 1000}],
        "margin": 0.02, "ignored": {"t": ["bleu"]},
    }  # fmt: skip
    assert controls(facts) == [
        "m beyond the sham s, in points of 100: forgotten +10.0 [+5.0, +15.0]",
        "m: KL from the base 0.2500 [0.2000, 0.3000] nats per token on 1,000 tokens of its answers to old prompts",
        "margin 0.02, fixed before there were scores",
        "t: bleu left out, which are no scores of 0 to 1",
    ]
    assert controls({"margin": 0.02, "margin_shown": True}) == ["margin 0.02, fixed before there were scores"]
    assert controls({"margin": 0.02, "margin_shown": False}) == [
        "margin 0.02, given beside scores of lm-eval, of which not all name one: nothing shows that it was "
        "fixed before they were seen, so that what is kept by it is worth as much as the word of who chose it"
    ]


def test_clusters_that_lost_most_come_first_and_gains_not_at_all() -> None:
    def row(cluster: int, difference: float, metric: str = "contains", kind: str = "old") -> dict[str, Any]:
        return {"model": "m", "task": "t", "cluster": cluster, "metric": metric, "kind": kind, "items": 9,
                "before": 0.5, "after": 0.5 + difference, "difference": difference, "low": None,
                "high": None}  # fmt: skip

    rows = [row(0, -0.1), row(1, 0.2), row(2, -0.4), row(3, 0.3, "bits_per_byte"), row(4, -0.9, kind="new")]
    assert [found["cluster"] for found in clusters({"clusters": rows})] == ["2", "3", "0"]


def test_scores_stand_with_interval_and_chance() -> None:
    row = {"task": "blimp", "model": "m", "metric": "choice", "items": 300, "mean": 0.6, "low": 0.55, "high": 0.65}
    said = lines({"scores": [{**row, "chance": 0.5}]}, table)
    assert said[0].split() == ["task", "model", "metric", "score", "chance", "items"]
    assert said[1].split() == ["blimp", "m", "choice", "60.0", "[55.0,", "65.0]", "50.0", "300"]
    assert lines({}, table) == []


def test_evaluations_put_together_say_what_was_learned_beside_what_was_forgotten() -> None:
    part = {"mean": 0.25, "low": 0.2, "high": 0.3}
    row = {"model": "m", "task": "t", "metric": "contains", "kind": "old", "difference": -0.25, "low": -0.3,
           "high": -0.2, "p_holm": 0.002, "kept": False}  # fmt: skip
    summary = [{"model": "m", "metric": "score", "learned": None, "forgotten": part, "kept": False}]
    facts = {"base": "b", "summary": summary, "comparison": [row]}
    said = [" ".join(line.split()) for line in whole(facts, table)]
    assert "m points of 100 – +25.0 [20.0, 30.0] not shown" in said
    assert "m t contains old -25.0 [-30.0, -20.0] 0.002 not shown" in said
    assert lines(facts, table) == []  # a run's headline has said it
