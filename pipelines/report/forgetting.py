"""What page and terminal say of forgetting: the matrix of stages with its measures, and the controls beside them."""

from collections.abc import Callable, Sequence
from typing import Any

from . import words

Row = dict[str, Any]
Table = Callable[[Sequence[Sequence[str]], Sequence[int]], list[str]]
MEASURES = {
    "average": "average after the last stage (AR)",
    "backward_transfer": "backward transfer (BWT)",
    "forward_transfer": "forward transfer (FWT)",
    "learning": "learning",
    "forgetting": "forgetting",
}
KEPT = {True: "yes", False: "not shown"}  # that less than the margin was lost
UNSHOWN = (
    "margin {:g}, given beside scores of lm-eval, of which not all name one: nothing shows that it was fixed before "
    "they were seen, so that what is kept by it is worth as much as the word of who chose it"
)
MOST_CLUSTERS = 5  # shown of a model, those that lost most


def sequences(facts: Row) -> list[Row]:
    """Each matrix as text: tasks of the columns, rows of cells, and the measures."""
    return [_sequence(found) for found in facts.get("sequences") or []]


def _sequence(found: Row) -> Row:
    metric = words.BITS if found["unit"] == words.BITS else ""
    measures = [
        (title, words.score(part["mean"], metric, signed=name != "average"),
         words.interval(part, metric, signed=name != "average"))
        for name, title in MEASURES.items()
        if (part := found["measures"].get(name)) is not None
    ]  # fmt: skip
    return {
        "unit": words.unit(metric),
        "seeds": found["seeds"],
        "tasks": [{"name": task["task"], "stage": task["stage"] or "–"} for task in found["tasks"]],
        "rows": [
            {
                "stage": row["stage"],
                "cells": [
                    {"mean": words.score(cell["mean"], metric), "interval": words.interval(cell, metric)}
                    for cell in row["cells"]
                ],
            }
            for row in found["matrix"]
        ],
        "measures": [{"name": name, "mean": mean, "interval": interval} for name, mean, interval in measures],
    }


def controls(facts: Row) -> list[str]:
    """Sentences on what makes the figures believable, or not: repetition, sham, drift, and the margin."""
    said = [*_repeated(facts), *_sham(facts), *_drift(facts)]
    margin = (facts.get("plan") or facts).get("margin")
    if margin is not None:
        before = facts.get("margin_shown", True)  # of an evaluation, whose plan has it, there is nothing to be shown
        said.append(f"margin {margin:g}, fixed before there were scores" if before else UNSHOWN.format(margin))
    for task, names in sorted((facts.get("ignored") or {}).items()):
        said.append(f"{task}: {', '.join(names)} left out, which are no scores of 0 to 1")
    return said


def _repeated(facts: Row) -> list[str]:
    found = facts.get("repeated")
    if not found:
        return []
    base = facts.get("base")
    if not found["unlike"] and not found["reworded"]:
        return [f"{base}, measured twice in one process: the same score and answer for all of "
                f"{words.count(found['items'])} scores"]  # fmt: skip
    largest = max(found["tasks"], key=lambda row: abs(row["difference"]))
    return [
        f"{base}, measured twice in one process: {words.count(found['unlike'])} of {words.count(found['items'])} "
        f"scores differ and {words.count(found['reworded'])} answers; most in {largest['task']}, by "
        f"{words.score(largest['difference'], largest['metric'], signed=True)}: no smaller change means anything"
    ]


def _sham(facts: Row) -> list[str]:
    found = facts.get("sham")
    if not found:
        return []
    said = []
    for row in found["summary"]:
        parts = [
            f"{kind} {words.score(row[kind]['mean'], row['metric'], signed=True)} "
            f"{words.interval(row[kind], row['metric'], signed=True)}".rstrip()
            for kind in ("learned", "forgotten")
            if row.get(kind)
        ]
        said.append(
            f"{row['model']} beyond the sham {found['name']}, in {words.unit(row['metric'])}: {', '.join(parts)}"
        )
    return said


def _drift(facts: Row) -> list[str]:
    said = []
    for row in facts.get("drift") or []:
        low, high = row.get("low"), row.get("high")
        interval = f" [{low:.4f}, {high:.4f}]" if low is not None and high is not None else ""
        reverse = "" if row.get("reverse") is None else f", KL to the base {row['reverse']:.4f}"
        said.append(f"{row['model']}: KL from the base {row['forward']:.4f}{interval} nats per token on "
                    f"{words.count(row['tokens'])} tokens of its answers to old prompts{reverse}")  # fmt: skip
    return said


def clusters(facts: Row) -> list[Row]:
    """The clusters of each model that lost most, those that lost nothing left out."""
    shown = []
    for model in dict.fromkeys(row["model"] for row in facts.get("clusters") or []):
        own = [row for row in facts["clusters"] if row["model"] == model and row["kind"] != "new" and _loss(row) > 0]
        shown += sorted(own, key=lambda row: (-_loss(row), row["task"], row["cluster"]))[:MOST_CLUSTERS]
    return [
        {
            "model": row["model"],
            "task": row["task"],
            "cluster": str(row["cluster"]),
            "items": words.count(row["items"]),
            "before": words.score(row["before"], row["metric"]),
            "after": words.score(row["after"], row["metric"]),
            "difference": words.score(row["difference"], row["metric"], signed=True),
            "interval": words.interval(row, row["metric"], signed=True),
        }
        for row in shown
    ]


def _loss(row: Row) -> float:
    return float(row["difference"] if row["metric"] == words.BITS else -row["difference"])


def lines(facts: Row, table: Table) -> list[str]:
    """Lines of the terminal at the end of a run, whose headline has what was learned and forgotten already."""
    return [*([] if facts.get("summary") else _scores(facts, table)), *_beyond_scores(facts, table)]


def whole(facts: Row, table: Table) -> list[str]:
    """Lines of the terminal for evaluations put together: learned beside forgotten, every task, and all the rest."""
    return [*_scores(facts, table), *_learned(facts, table), *_compared(facts, table), *_beyond_scores(facts, table)]


def _learned(facts: Row, table: Table) -> list[str]:
    rows = [["model", "unit", "learned", "", "forgotten", "", "kept"]]
    for row in facts.get("summary") or []:
        cells = [row["model"], words.unit(row["metric"])]
        for kind in ("learned", "forgotten"):
            part = row.get(kind) or {}
            cells += [words.score(part.get("mean"), row["metric"], signed=True), words.interval(part, row["metric"])]
        rows.append([*cells, KEPT.get(row.get("kept"), "")])
    return ["", f"learned and forgotten since {facts['base']}", *table(rows, (2, 3, 4, 5))] if len(rows) > 1 else []


def _compared(facts: Row, table: Table) -> list[str]:
    rows = [["model", "task", "metric", "kind", "difference", "", "p (Holm)", "kept"]]
    for row in facts.get("comparison") or []:
        p = "" if row["p_holm"] is None else f"{row['p_holm']:.3f}"
        kept = KEPT.get(row["kept"], "") if row["kind"] != "new" else ""
        rows.append(
            [row["model"], row["task"], row["metric"], row["kind"],
             words.score(row["difference"], row["metric"], signed=True),
             words.interval(row, row["metric"], signed=True), p, kept]
        )  # fmt: skip
    return ["", f"differences to {facts['base']}", *table(rows, (4, 5, 6))] if len(rows) > 1 else []


def _beyond_scores(facts: Row, table: Table) -> list[str]:
    """The matrix with its measures, the clusters that lost most, and the controls."""
    shown: list[str] = []
    for found in sequences(facts):
        head = ["after", *(task["name"] for task in found["tasks"])]
        trained = ["trained in", *(task["stage"] for task in found["tasks"])]
        rows = [[row["stage"], *(cell["mean"] for cell in row["cells"])] for row in found["rows"]]
        seeds = f", {found['seeds']} training seeds" if found["seeds"] > 1 else ""
        shown += ["", f"scores after each stage, in {found['unit']}{seeds}"]
        shown += table([head, *rows, trained], range(1, len(head)))
        shown += table([[each["name"], each["mean"], each["interval"]] for each in found["measures"]], (1,))
    if regions := clusters(facts):
        names = ("model", "task", "cluster", "items", "before", "after", "difference", "interval")
        shown += ["", "clusters that lost most", *table([names, *([row[name] for name in names] for row in regions)],
                                                         (2, 3, 4, 5, 6))]  # fmt: skip
    return [*shown, *controls(facts)]


def _scores(facts: Row, table: Table) -> list[str]:
    if not facts.get("scores"):
        return []
    rows = [["task", "model", "metric", "score", "", "chance", "items"]]
    rows += [
        [
            row["task"],
            row["model"],
            row["metric"],
            words.score(row.get("mean"), row["metric"]),
            words.interval(row, row["metric"]),
            words.score(row.get("chance"), row["metric"]) if row.get("chance") is not None else "",
            words.count(row.get("items")),
        ]
        for row in facts["scores"]
    ]
    return table(rows, (3, 5, 6))
