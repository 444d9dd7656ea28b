"""The results of a review in a terminal: tables, and what to do next."""

from collections.abc import Mapping
from typing import Any

from ..report.terminal import table
from .deck import Deck
from .results import coefficient, per_cent

MUCH = 0.2  # of what a rule drops: from there on, for certain, its threshold is worth a look
ENOUGH = 100  # labels from which training is worth a try


def lines(deck: Deck, found: Mapping[str, Any], run: str) -> list[str]:
    """The results in words.

    Args:
        deck: the sample.
        found: what `results.write` returned.
        run: how the user names the run, for the commands that are shown.
    """
    if not found["reviewers"]:
        return [f"No answers yet to the {found['rows']} rows in {deck.folder}."]
    shown = [*_people(found), ""]
    shown += _sides(found) if deck.kind == "pairs" else _rules(found)
    if found["answers_to_other_rows"]:
        shown += ["", f"{found['answers_to_other_rows']} answers are to rows outside the sample and are not counted."]
    return [*shown, "", "Next", *(f"  {line}" for line in advice(deck, found, run))]


def _people(found: Mapping[str, Any]) -> list[str]:
    with_run = "kappa_with_run" in found["reviewers"][0]
    rows = [["reviewer", "answered", "unsure", *(["as the run", "kappa"] if with_run else [])]]
    for person in found["reviewers"]:
        cells = [person["name"], f"{person['answered']} of {found['rows']}", str(person["answers"].get("unsure", 0))]
        if with_run:
            cells += [f"{person['as_the_run']} of {person['decided']}", coefficient(person["kappa_with_run"])]
        rows.append(cells)
    shown = table(rows, (1, 2, 3, 4)[: len(rows[0]) - 1])
    if found["people"]:
        pairs = [["people", "same answer", "of rows", "Cohen's kappa"]]
        for two in found["people"]:
            one, other = two["people"]
            share = per_cent(two["same"] / two["rows"] if two["rows"] else None, two["low"], two["high"])
            pairs.append([f"{one}, {other}", share, str(two["rows"]), coefficient(two["cohen_kappa"])])
        shown += ["", *table(pairs, (2, 3))]
        shown += [
            "",
            f"Krippendorff's alpha of all: {coefficient(found['krippendorff_alpha'])}; tied rows: {found['tied']}",
        ]
    return shown


def _rules(found: Mapping[str, Any]) -> list[str]:
    """Estimates for all rows, and each rule against people."""
    by_name = {(each["measure"], each["rule"]): each for each in found["measures"]}
    said = {
        "precision": "kept rows that people would keep",
        "recall": "rows that people would keep, and that were kept",
        "wrong_drops": "dropped rows that people would keep",
    }
    rows = [["of all rows (95 % interval)", "estimate"]]
    for name, what in said.items():
        each = by_name[name, None]
        rows.append([what, per_cent(each["share"], each["low"], each["high"])])
    shown = table(rows, ())
    rules = [["rule that dropped", "rows", "drawn", "people keep", "people drop", "wrong drops (95 % interval)"]]
    for (_, rule), each in by_name.items():
        if rule is not None:
            numbers = [f"{each[name]:,}" for name in ("population", "drawn", "people_keep", "people_drop")]
            rules.append([rule, *numbers, per_cent(each["share"], each["low"], each["high"])])
    if len(rules) > 1:
        shown += ["", *table(rules, (1, 2, 3, 4))]
    left = [
        each
        for each in (by_name["precision", None], by_name["wrong_drops", None])
        if each["covered"] < each["population"]
    ]
    for each in left:
        what = "kept" if each["measure"] == "precision" else "dropped"
        shown.append(f"Not counted, in strata without an answer: {each['population'] - each['covered']:,} {what} rows.")
    return shown


def _sides(found: Mapping[str, Any]) -> list[str]:
    first, second = found["sides"]
    wins, share, left = found["wins"], found["first_wins"], found["left_taken"]
    rows = [
        ["better by majority", "rows"],
        [first, str(wins[first])],
        [second, str(wins[second])],
        ["tie", str(wins["tie"])],
    ]
    return [
        *table(rows, (1,)),
        "",
        f"{first} is better in {per_cent(share['share'], share['low'], share['high'])} of the pairs that are no tie.",
        f"The answer on the left was taken in {per_cent(left['share'], left['low'], left['high'])}; each side stood"
        " there at random.",
    ]


def advice(deck: Deck, found: Mapping[str, Any], run: str) -> list[str]:
    """What to do next, most pressing first."""
    command = f"keepwise review {run}"
    said = []
    for person in found["reviewers"]:
        left = found["rows"] - person["answered"]
        if left:
            said.append(f"{left} rows are left for {person['name']}: {command} --reviewer {person['name']}")
    if len(found["reviewers"]) == 1:
        said.append(f"A second person shows how sure the answers are: {command} --reviewer NAME")
    if deck.kind == "pairs":
        return said or ["Nothing: everyone answered every pair."]
    rules = [each for each in found["measures"] if each["rule"] is not None and each["share"] is not None]
    harsh = [each["rule"] for each in rules if each["low"] >= MUCH]
    if harsh:
        said.append(f"Much of what these drop people would keep; look at their thresholds: {', '.join(harsh)}")
    if found["overrides"]:
        said.append(f"{found['overrides']} rows were decided otherwise than by the run: {command} --apply")
    if found["decided"] >= ENOUGH:
        said.append(f"{found['decided']} rows can train the learned rule: {command} --train MODEL")
    return said or ["Nothing: everyone answered every row, as the run decided."]
