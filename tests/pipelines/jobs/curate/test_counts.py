import polars as pl

from curation import tables
from pipelines.jobs.curate.counts import add, by_rule, funnel, of_drops
from pipelines.run import Record


def test_drops_are_counted_by_rule_and_by_stage_and_edits_by_rule():
    drops = tables.ledger(pl.DataFrame({"row_id": ["a", "b", "c"], "rule": ["x", "x", "y"]}), "rules", "drop")
    edits = tables.ledger(pl.DataFrame({"row_id": ["a"], "rule": ["z"]}), "lines", "edit")
    assert of_drops(pl.concat([drops, edits])) == {"dropped": {"x": 2, "y": 1}, "stages": {"rules": 3}}
    assert by_rule(edits) == {"z": 1}


def test_the_funnel_sums_facts_and_names_every_stage_in_force_in_order():
    facts = [
        {"records": 3, "damaged": 1, "dropped": {"reader.damaged": 1}, "stages": {"read": 1}},
        {"passed": 1, "dropped": {"x": 1}, "stages": {"exact": 1}, "tokens": {"s": 7}},
        {"passed": 4, "consumed": 1, "made": 4, "tokens": {"s": 2, "t": 1}},
    ]
    total = funnel([Record("c/x", "", {}, fact) for fact in facts], ["read", "rules", "exact"])
    assert (total["records"], total["damaged"], total["passed"], total["made"], total["consumed"]) == (3, 1, 5, 4, 1)
    assert list(total["stages"].items()) == [("read", 1), ("rules", 0), ("exact", 1)]
    assert total["dropped"] == {"reader.damaged": 1, "x": 1} and total["tokens"] == {"s": 9, "t": 1}


def test_counts_are_added_by_name():
    total = {"a": 1}
    add(total, {"a": 2, "b": 3})
    assert total == {"a": 3, "b": 3}
