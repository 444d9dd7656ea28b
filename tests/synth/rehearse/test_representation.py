"""Buffers against held-out rows: what they cover, beside random and real ones of equal size."""

import json
from collections.abc import Callable

import polars as pl
import pytest

from curation.model import Turn
from synth.rehearse import RehearseOptions, Steering
from synth.rehearse.representation import measured, representation

Make = Callable[..., pl.DataFrame]
OPTIONS = RehearseOptions(clusters=2, dimensions=8)
RIVERS = [f"the river carries water to lake number {n}" for n in range(12)]
VIOLINS = [f"a violin plays music in concert hall {n}" for n in range(12)]


def chat(question: str, answer: str = "x") -> list[Turn]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def test_half_of_the_topics_is_half_of_the_coverage_at_most() -> None:
    real = [chat(text, "wet" if text in RIVERS else "loud") for text in RIVERS + VIOLINS]
    buffers = {
        "all": [chat(text.replace("number", "no."), "wet") for text in RIVERS]
        + [chat(text.replace("hall", "room"), "loud") for text in VIOLINS],
        "rivers": [chat(text.replace("number", "no."), "wet") for text in RIVERS],
        "other": [chat(f"tariff {n} on imported steel", "wet") for n in range(12)],
        "none": [],
    }
    found = measured(real, buffers, OPTIONS, 1)
    assert json.loads(json.dumps(found)) == found
    assert found["held_out"] == 24 and found["k"] == 5 and found["labels"] == {"loud": 0.5, "wet": 0.5}
    told = found["buffers"]
    assert told["rivers"]["coverage"] <= 0.5 < told["all"]["coverage"]
    assert told["all"]["precision"] > 0.9 and told["other"]["precision"] < 0.5
    assert told["all"]["cluster_distance"] < 0.2 and told["rivers"]["cluster_distance"] == 0.5
    assert told["all"]["label_distance"] == 0.0 and told["rivers"]["label_distance"] == 0.5
    assert told["none"] == {"rows": 0, "precision": 0.0, "coverage": 0.0, "density": 0.0}


def test_buffers_of_equal_size_stand_beside(make_rows: Make) -> None:
    held_out = make_rows([{"prompt": text, "completion": text} for text in RIVERS[:6] + VIOLINS[:6]])
    old = make_rows([{"prompt": text, "completion": text} for text in RIVERS[6:] + VIOLINS[6:]])
    pool = [chat(text) for text in RIVERS + VIOLINS]
    steering = Steering(held_out_rows={"task": held_out}, old_rows={"task": old})
    found = representation({"task": pool[:4], "unknown": pool[:2]}, {"task": pool, "unknown": pool}, steering,
                           OPTIONS, 1)  # fmt: skip
    assert list(found) == ["task"]
    buffers = found["task"]["buffers"]
    assert list(buffers) == ["buffer", "random", "real_random", "real_kmeans"]
    assert {one["rows"] for one in buffers.values()} == {4}
    assert buffers["random"] != buffers["buffer"]  # drawn from the whole pool, not from what was chosen of it
    assert buffers["real_kmeans"]["cluster_distance"] <= buffers["buffer"]["cluster_distance"]
    assert "labels" not in found["task"]  # every output is another
    turned = Steering(held_out_rows={"task": held_out.reverse()}, old_rows={"task": old.reverse()})
    assert representation({"task": pool[:4]}, {"task": pool}, turned, OPTIONS, 1) == found


def test_the_question_is_compared_and_not_the_rules_before_it() -> None:
    rules: Turn = {"role": "system", "content": "Be brief."}
    real, made = [chat(text) for text in RIVERS + VIOLINS], [chat(text) for text in RIVERS[:4]]
    ruled = measured([[rules, *row] for row in real], {"one": [[rules, *row] for row in made]}, OPTIONS, 1)
    assert ruled == measured(real, {"one": made}, OPTIONS, 1)


def test_the_baseline_by_clusters_has_no_regard_to_labels(make_rows: Make) -> None:
    """Of 10 texts about rivers and 2 about violins six are taken by size of cluster, not three and three."""
    held_out = make_rows([{"prompt": text, "completion": "wet"} for text in RIVERS[:6]]
                         + [{"prompt": text, "completion": "loud"} for text in VIOLINS[:6]])  # fmt: skip
    old = make_rows([{"prompt": text, "completion": "wet"} for text in RIVERS[2:]]
                    + [{"prompt": text, "completion": "loud"} for text in VIOLINS[10:]])  # fmt: skip
    steering = Steering(held_out_rows={"task": held_out}, old_rows={"task": old})
    rows = [chat(text) for text in RIVERS[:6]]
    found = representation({"task": rows}, {"task": rows}, steering, OPTIONS, 1)["task"]
    assert found["buffers"]["real_kmeans"]["labels"] == pytest.approx({"loud": 1 / 6, "wet": 5 / 6})


def test_too_few_held_out_rows_say_so(make_rows: Make) -> None:
    held_out = make_rows([{"prompt": text, "completion": "x"} for text in RIVERS[:2]])
    found = representation({"task": []}, {"task": []}, Steering(held_out_rows={"task": held_out}), OPTIONS, 1)
    assert found == {"task": {"held_out": 2, "why": "fewer than 3 held-out rows"}}


@pytest.mark.parametrize("copies", [3, 5])
def test_few_rows_have_fewer_neighbours(copies: int) -> None:
    found = measured([chat(text) for text in RIVERS[:copies]], {"one": [chat(RIVERS[0])]}, OPTIONS, 1)
    assert found["k"] == copies - 1
