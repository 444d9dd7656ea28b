"""What the report gathers: complete, in a fixed order, and showing nobody what was private."""

import json
import random
from pathlib import Path

import polars as pl

from pipelines.recipe import Recipe
from pipelines.report.collect import collect, funnel, to_json


def test_funnel_ends_with_what_passed() -> None:
    facts = {
        "records": 100,
        "passed": 40,
        "stages": {"read": 1, "rules": 39, "exact": 12, "minhash": 8, "of_a_new_kind": 0},
    }
    assert [(row["name"], row["dropped"], row["left"]) for row in funnel(facts)] == [
        ("read", 0, 100),
        ("readable", 1, 99),
        ("passed the rules", 39, 60),
        ("exact duplicates removed", 12, 48),
        ("near duplicates removed", 8, 40),
        ("of_a_new_kind passed", 0, 40),
    ]
    assert funnel({}) == []


def test_report_json_has_every_step_in_the_order_of_the_recipe(whole_run: Path, recipe: Recipe) -> None:
    report = json.loads((whole_run / "report.json").read_text(encoding="utf-8"))
    assert [step["name"] for step in report["steps"]] == list(recipe.steps)
    assert [step["seconds"] for step in report["steps"]] == [
        12.34
    ] * 9  # and the half line of a killed process is passed over
    assert report["headline"][0]["models"][0]["forgotten"] == {"mean": 0.76, "low": 0.745, "high": 0.775}
    facts = json.loads((whole_run / "work" / "facts.json").read_text(encoding="utf-8"))
    assert {step["name"]: step["facts"] for step in report["steps"]} == facts


def test_an_entry_of_the_headline_for_each_metric(run_folder: Path, recipe: Recipe) -> None:
    path = run_folder / "work" / "facts.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    part = {"mean": 0.1, "low": 0.0, "high": 0.2}
    bits = {"model": "plain tuning", "metric": "bits_per_byte", "learned": None, "forgotten": part}
    nothing = {"model": "plain tuning", "metric": "rouge_l", "learned": None, "forgotten": None}
    facts["examined"]["summary"] += [bits, nothing]
    path.write_text(json.dumps(facts), encoding="utf-8")
    assert [entry["metric"] for entry in collect(run_folder, recipe)["headline"]] == ["score", "bits_per_byte"]


def test_absolute_paths_and_personal_data_are_not_shown(whole_run: Path) -> None:
    for name in ("report.html", "report.json"):
        text = (whole_run / name).read_text(encoding="utf-8")
        assert "/somewhere" not in text and str(whole_run) not in text
        assert "stranger@example.org" not in text  # dropped before personal data was replaced, and shown as an example
        assert "…/corpus/corpus.jsonl" in text


def test_examples_do_not_depend_on_the_order_of_rows(run_folder: Path, recipe: Recipe) -> None:
    before = to_json(collect(run_folder, recipe))
    for path in sorted(run_folder.rglob("*.parquet")):
        frame = pl.read_parquet(path)
        order = list(range(frame.height))
        random.Random(3).shuffle(order)
        frame[order].write_parquet(path)
    assert to_json(collect(run_folder, recipe)) == before


def test_ids_to_trace_are_of_the_run(run_folder: Path, recipe: Recipe) -> None:
    ids = collect(run_folder, recipe)["trace"]
    kept = pl.read_parquet(run_folder / "documents/documentation/*.parquet")["doc_id"]
    samples = pl.read_parquet(run_folder / "samples/distilled/*.parquet")["sample_id"]
    assert ids["document"] in kept and ids["sample"] in samples and ids["dropped"] not in kept
