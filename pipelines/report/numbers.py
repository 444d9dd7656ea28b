"""Tables of what a curate step found out about its corpus: tokens, shares, bounds of outliers, spellings of labels."""

from typing import Any

from . import words

Table = dict[str, Any]  # title, head, rows of texts
MOST = 40  # rows of a table that the page shows


def tables(facts: dict[str, Any]) -> list[Table]:
    """The tables for which a step has numbers, in a fixed order."""
    found = [make(facts) for make in (_tokens, _topics, _shares, _target, _bounds, _spellings, _others)]
    return [table for table in found if table["rows"]]


def _table(title: str, head: list[str], rows: list[list[str]]) -> Table:
    more = len(rows) - MOST
    note = f"{words.count(more)} rows more are in report.json." if more > 0 else ""
    return {"title": title, "head": head, "rows": rows[:MOST], "note": note}


def _tokens(facts: dict[str, Any]) -> Table:
    counted = facts.get("tokens") or {}
    total = sum(counted.values())
    rows = [[name, words.count(number), words.share(number, total)] for name, number in sorted(counted.items())]
    return _table("Tokens by source", ["source", "tokens", "of all"], rows)


def _shares(facts: dict[str, Any]) -> Table:
    rows = [
        [row["field"], row["value"], words.count(row["rows_before"]), words.count(row["rows_after"]),
         _percent(row["share_before"]), _percent(row["share_after"]), _percent(row["target"])]
        for row in facts.get("shares") or []
    ]  # fmt: skip
    return _table("Shares before and after", ["field", "value", "rows", "left", "share", "now", "target"], rows)


def _bounds(facts: dict[str, Any]) -> Table:
    rows = [
        [row["score"], row["lang"] or "", row["source"] or "", words.count(row["rows"]), words.number(row["median"]),
         words.number(row["low"]), words.number(row["high"]), row["left_alone"] or ""]
        for row in facts.get("bounds") or []
    ]  # fmt: skip
    head = ["score", "language", "source", "rows", "median", "low", "high", "left alone"]
    return _table("Bounds of outliers", head, rows)


def _spellings(facts: dict[str, Any]) -> Table:
    rows = [[str(value) for value in row.values()] for row in facts.get("spellings") or []]
    head = list(facts["spellings"][0]) if rows else []
    return _table("Labels in several spellings", head, rows)


def _topics(facts: dict[str, Any]) -> Table:
    rows = [
        [row["name"] or str(row["cluster_id"]), words.count(row["before"]), words.count(row["after"]),
         _percent(row["share_before"]), _percent(row["share_after"])]
        for row in facts.get("topics") or []
    ]  # fmt: skip
    return _table("Topics before and after", ["topic", "documents", "left", "share", "now"], rows)


def _target(facts: dict[str, Any]) -> Table:
    rows = [
        [row["outcome"], words.count(row["documents"]),
         *("" if row[key] is None else words.number(row[key]) for key in ("least", "p05", "p50", "p95", "largest"))]
        for row in facts.get("target") or []
    ]  # fmt: skip
    return _table("Likeness to the target", ["documents", "number", "least", "5 %", "median", "95 %", "largest"], rows)


def _others(facts: dict[str, Any]) -> Table:
    named = {
        "conflicting": "rows that contradict another",
        "items": "evaluation items looked for",
        "quality_threshold": "least learned quality that passes",
        "samples": "samples made",
    }
    rows = [[text, words.number(facts[name])] for name, text in named.items() if facts.get(name)]
    return _table("Other numbers", ["what", "value"], rows)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
