"""What a terminal shows at the end of a run: plain lines in columns."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from . import expansion, forgetting, merging, words

MOST_RULES = 12  # that a funnel lists

Step = dict[str, Any]


def lines(folder: Path) -> list[str]:
    """The summary of a run from its report.json; no lines when there is none."""
    path = folder / "report.json"
    if not path.is_file():
        return []
    report = json.loads(path.read_text(encoding="utf-8"))
    shown: list[str] = []
    for step in report["steps"]:
        body = _step(step)
        if body:
            shown += ["", f"{step['name']} ({step['job']})", *(f"  {line}" for line in body)]
    for entry in report["headline"]:
        shown += ["", *_headline(entry)]
    return shown


def table(rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    """Rows of cells as lines with aligned columns, those numbered in `right` to the right; Hangul is two cells wide."""
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    out = []
    for row in rows:
        cells = []
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if column in right else cell + space)
        out.append("   ".join(cells).rstrip())
    return out


def _step(step: Step) -> list[str]:
    facts = step["facts"]
    if "not_needed" in facts:
        return [f"not needed: {facts['not_needed']['why']}"]
    match step["job"]:
        case "curate":
            return _funnel(step)
        case "distill":
            tiers = facts.get("tiers") or {}
            rows = facts.get("rows") or sum(tiers.values())
            return (
                table(
                    [[name, words.count(number), words.share(number, rows)] for name, number in tiers.items()], (1, 2)
                )
                if tiers
                else []
            )
        case "rehearse":
            return _rehearsal(facts)
        case "synthesize":
            return _synthesis(facts)
        case "train":
            return _training(facts)
        case "expand":
            return expansion.lines(facts)
        case "merge":
            return merging.lines(facts)
        case "evaluate":
            return [*forgetting.lines(facts, table), *words.cut_answers(step)]
    return []


def _funnel(step: Step) -> list[str]:
    """Each stage with what it dropped and left, below it the rules that dropped most."""
    funnel, facts = step.get("funnel") or [], step["facts"]
    if not funnel:
        return []
    read = facts.get("records") or 0
    rows = [["", "dropped", "left", "of read"]]
    rows += [
        [
            row["name"],
            words.count(row["dropped"]) if row["dropped"] else "",
            words.count(row["left"]),
            words.share(row["left"], read),
        ]
        for row in funnel
    ]
    shown = table(rows, (1, 2, 3))
    for title, counted in (("dropped by rule", facts.get("dropped")), ("changed by rule", facts.get("edited"))):
        most = sorted((counted or {}).items(), key=lambda item: (-item[1], item[0]))
        if most:
            shown += ["", title, *table([[name, words.count(number)] for name, number in most[:MOST_RULES]], (1,))]
        if len(most) > MOST_RULES:
            shown.append(f"and {len(most) - MOST_RULES} rules more")
    if empty := words.names(facts.get("without_records") or []):
        shown += ["", f"files without a record: {empty}"]
    if other := words.endings(facts.get("passed_over") or {}):
        shown += ["", f"files in the folders that no reader knows, not read: {other}"]
    return shown


def _rehearsal(facts: dict[str, Any]) -> list[str]:
    if "requests" not in facts:
        return []
    if facts.get("mode") == "refresh":
        kept, lost = sum(facts["fallback"].values()), sum((facts.get("dropped") or {}).values())
        rows = facts["replaced"] + facts["unchanged"] + kept  # a row whose author is the model is not asked again
        return [
            f"rows of the buffer: {words.count(rows)}, asked again {words.count(facts['requests'])}, replaced "
            f"{words.count(facts['replaced'])}, as before {words.count(facts['unchanged'])}, kept because the new "
            f"answer cannot be used {words.count(kept)}",
            *([f"rows dropped since they repeat what is held out: {words.count(lost)}"] if lost else []),
        ]
    tasks = facts.get("tasks") or {}
    source = f"{words.count(facts['requests'])} made up"
    if facts.get("mode") == "baseline":
        source = f"{words.count(sum(task['rows'] for task in tasks.values()))} real rows"
    named = "1 task" if len(tasks) == 1 else f"{len(tasks)} tasks"
    shown = [f"{words.count(facts.get('samples'))} samples kept of {source}, for {named}"]
    if facts.get("shortfall"):
        missing = ", ".join(f"{task} {words.count(number)}" for task, number in facts["shortfall"].items())
        shown.append(f"fewer than wanted: {missing}")
        if facts.get("mode") == "rehearse":
            shown += [line for task in facts["shortfall"] for line in _cut_off(task, tasks.get(task) or {})]
    return shown


def _cut_off(name: str, task: dict[str, Any]) -> list[str]:
    """What to do where most instances have no end: a nucleus takes no end that is never among the likeliest tokens."""
    cut, asked = (task.get("dropped") or {}).get("truncated", 0), task.get("requests", 0)
    if 2 * cut <= asked:
        return []
    return [
        f"{name}: {words.count(cut)} of {words.count(asked)} were cut off; raise max_tokens, or top_p where an end is "
        "never likely, as in lists (1 leaves nothing out)"
    ]


def _synthesis(facts: dict[str, Any]) -> list[str]:
    if "samples" not in facts:
        return []
    asked = (facts.get("requests") or {}).get("requests")
    made = f"kept of {words.count(asked)} requests" if asked else "made without asking a model"
    shown = [f"{words.count(facts['samples'])} samples {made} ({facts['method']})"]
    lost = {**(facts.get("rejections") or {}), **(facts.get("novelty") or {})}
    most = sorted(lost.items(), key=lambda item: (-item[1], item[0]))[:MOST_RULES]
    if most:
        shown += ["not kept, by reason", *table([[name, words.count(count)] for name, count in most], (1,))]
    unused = (facts.get("rows") or {}).get("unused") or {}
    if unused:
        told = ", ".join(f"{words.count(count)} {name}" for name, count in sorted(unused.items()))
        shown.append(f"rows without a sample: {told}")
    return shown


def _training(facts: dict[str, Any]) -> list[str]:
    if "tokens" not in facts:
        return []
    sources = ", ".join(
        f"{words.count(source.get('tokens'))} of {name}" for name, source in (facts.get("sources") or {}).items()
    )
    shown = [f"{words.count(facts['tokens'])} tokens ({sources}); final loss {words.number(facts.get('final_loss'))}"]
    for name, source in (facts.get("sources") or {}).items():
        if source.get("dropped"):
            read = words.count((source.get("available") or {}).get("rows"))
            shown.append(f"{words.count(source['dropped'])} of {read} rows of {name} were not trained on; "
                         "the ledger says why of each")  # fmt: skip
    return shown


def _headline(entry: dict[str, Any]) -> list[str]:
    metric = entry["metric"]
    tested = entry["margin"] is not None and any(model.get("kept") is not None for model in entry["models"])
    less = [f"less than {words.score(entry['margin'], metric)}"] if tested else []
    rows = [["model", "learned", "", "forgotten", "", *less]]
    for model in entry["models"]:
        cells = [model["model"]]
        for kind in ("learned", "forgotten"):
            part = model.get(kind) or {}
            cells += [words.score(part.get("mean"), metric, signed=True), words.interval(part, metric)]
        rows.append([*cells, *([{True: "yes", False: "not shown"}.get(model.get("kept"), "")] if tested else [])])
    since = f"Learned and forgotten since {entry['base']}"
    title = f"{since}, in {words.unit(metric)} with 95 % intervals ({entry['step']})"
    return [title, *(f"  {line}" for line in table(rows, (1, 2, 3, 4)))]
