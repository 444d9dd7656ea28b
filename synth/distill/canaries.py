"""How often the checks are wrong, measured in every run with candidates whose truth is known.

Good canaries are references for their own rows and, where these are too few, texts that say the same by the definition
of the row's check (`right`). Bad ones are another row's reference, a row's own reference with another row's answer or a
changed one in the place of its own, open text with one planted change, and right answers in a form that no answer has.
Where a run's rows give too few all the same, rows that stand ready (`ready`) give the rest, counted apart. They are
measured for every kind of check and language that a run uses, and none of them is ever returned. They pass through the
same functions as real candidates, those that ask a model as well, but for one: `copies` compares a text with its own
reference and with other rows' texts, and a canary is such a text by the way it is made.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import Any

from curation.checks.typed_answers import yes_or_no
from curation.metrics.text import normalise_answer

from . import planted, ready, right, wrong
from .asked import Asker
from .canary import Canary
from .canary_rates import ACCEPT, READY, REJECT, rates, within
from .claim import Claim
from .item import Item, order
from .options import DistillOptions
from .verify import passed, verify_each

PARTNERS = 20  # other rows that a row's known-bad answers may come from
OPEN = "open text"
OPEN_TIMES = 4  # open text gets so many times the canaries: it fails in more ways, and more often


def measure(items: list[Item], options: DistillOptions, seed: int, asker: Asker | None = None) -> dict[str, Any]:
    """Rates of false accepts and false rejects with Wilson 95 % intervals; depends on no order of the rows.

    Args:
        items: rows of a run; those without a reference, or with an answer that nothing can match, give no canaries.
        options: how many, and the budgets.
        seed: of which rows they are made from.
        asker: the model that candidates are shown to as well, if one is.

    Returns:
        `false_accept` and `false_reject`: see `canary_rates.rates`; groups are kinds of check and languages.
        `too_few`: groups whose own rows gave fewer canaries than wanted, under `good` and `bad`, with `of` and
        `wanted`; ready rows gave the rest.

    Raises:
        CanaryError: when the canaries of a group, or all, were judged wrongly more often than the budget allows.
    """
    pool = sorted(
        (item for item in items if item.reference.strip() and item.problem is None),
        key=lambda item: order(item.id, seed),
    )
    groups: dict[str, list[Item]] = {}
    for item in pool:
        groups.setdefault(group(item), []).append(item)
    good: dict[str, list[Canary]] = {}
    bad: dict[str, list[Canary]] = {}
    for name in sorted(groups):
        good[name] = _good(groups[name], options)
        bad[name] = _bad(groups[name], _wanted(name, options), seed)
    bad[wrong.FORM] = _forms(pool, options.canaries)
    _fill(good, bad, groups, options, seed)
    failed = _accepted([one for many in (*good.values(), *bad.values()) for one in many], options, asker)
    short = {
        "good": {name: {"of": len(good[name]), "wanted": options.canaries} for name in groups
                 if len(good[name]) < options.canaries},
        "bad": {name: {"of": len(bad[name]), "wanted": _wanted(name, options)} for name in (*groups, wrong.FORM)
                if len(bad[name]) < _wanted(name, options)},
    }  # fmt: skip
    report = {
        "false_accept": rates(bad, lambda canary: id(canary) in failed, options.max_false_accept),
        "false_reject": rates(good, lambda canary: id(canary) not in failed, options.max_false_reject),
        "too_few": short,
    }
    within(ACCEPT, bad, lambda canary: id(canary) in failed, options.max_false_accept)
    within(REJECT, good, lambda canary: id(canary) not in failed, options.max_false_reject)
    return report


def group(item: Item) -> str:
    """The kind of check that a row's candidates go through, and its language: `number, en`."""
    language = "ko" if planted.korean(f"{item.question}\n{item.reference}") else "en"
    return f"{OPEN if item.answer is None else item.kind}, {language}"


def _accepted(canaries: Sequence[Canary], options: DistillOptions, asker: Asker | None) -> set[int]:
    """Identities of the canaries that pass, the checks that ask a model last, as for candidates, without `copies`.

    What a model can be asked hangs on what it was trained on: it is asked about ready rows only where it alone decides.
    """
    found = verify_each([(one.item, one.text, one.finish_reason) for one in canaries], options)
    let = [one for one, checks in zip(canaries, found, strict=True) if passed(checks)]
    if asker is None or not asker.asks():
        return {id(one) for one in let}
    asked = [one for one in let if not one.ready or (one.item.answer is None and not options.signs)]
    claims = {f"canary-{number}/{one.item.id}": one for number, one in enumerate(asked)}
    results = asker.checks([Claim(key, one.item, one.text.strip()) for key, one in claims.items()])
    refused = {id(one) for key, one in claims.items() if not passed(results[key])}
    return {id(one) for one in let} - refused


def _wanted(name: str, options: DistillOptions) -> int:
    """How many known-bad canaries a group should have."""
    return options.canaries * (OPEN_TIMES if name.startswith(OPEN) else 1)


def _good(pool: list[Item], options: DistillOptions) -> list[Canary]:
    """Known-good canaries: the reference of each row, then one variant of each row in turn, until there are enough."""
    made = [Canary(item, "own reference", True, item.reference) for item in pool[: options.canaries]]
    # A sentence with a mark of bad translation may have more of them in 100 words than the text it is taken from.
    if len(made) == options.canaries or options.fluency:
        return made
    ways = [[Canary(item, kind, True, text) for kind, text in right.answers(item)] for item in pool]
    return [*made, *(one for row in zip_longest(*ways) for one in row if one is not None)][: options.canaries]


def _bad(pool: list[Item], count: int, seed: int) -> list[Canary]:
    """Known-bad canaries: one of each way from every row in turn, then more partners, until there are enough."""
    tasks: dict[str, list[Item]] = {}
    for item in pool:
        tasks.setdefault(item.row["task"], []).append(item)
    places = {id(item): place for rows in tasks.values() for place, item in enumerate(rows)}
    made: dict[tuple[str, str], Canary] = {}
    for shift in range(1, PARTNERS + 1):
        for item in pool[: max(count, 1)]:
            # Rows of one task, since a wrong answer to a like question is the hardest.
            rows = tasks[item.row["task"]]
            other = rows[(places[id(item)] + shift) % len(rows)] if shift < len(rows) else None
            for canary in _from(item, other, seed + shift):
                if len(made) == count:
                    return list(made.values())
                made.setdefault((item.id, canary.text), canary)
    return list(made.values())


def _fill(
    good: dict[str, list[Canary]],
    bad: dict[str, list[Canary]],
    groups: dict[str, list[Item]],
    options: DistillOptions,
    seed: int,
) -> None:
    """What a run's own rows are too few for, from rows that stand ready: groups of their own, by which each is held.

    Where marks of translation are counted a row gives its reference alone, and as many rows are taken as canaries.
    """
    count = max(2, options.canaries if options.fluency else options.canaries // 2 + 1)  # two: each has a partner
    forms = []
    for name, own in groups.items():
        rows = ready.rows(own, name.rpartition(", ")[2], count)
        forms.append(rows)
        if (lacking := options.canaries - len(good[name])) > 0:
            good[f"{name}, {READY}"] = _every_kind(rows, lacking, options.fluency)
        if (lacking := _wanted(name, options) - len(bad[name])) > 0:
            bad[f"{name}, {READY}"] = _bad(rows, lacking, seed)
    if groups and (lacking := options.canaries - len(bad[wrong.FORM])) > 0:
        made = _forms([one for many in zip(*forms, strict=True) for one in many], lacking)
        bad[f"{wrong.FORM}, {READY}"] = made


def _every_kind(rows: Sequence[Item], count: int, references_alone: bool) -> list[Canary]:
    """Known-good canaries of ready rows: each row gives another kind in its turn, so that a few are not all alike."""
    ways = [[("own reference", item.reference), *([] if references_alone else right.answers(item))] for item in rows]
    turned = ([*way[place % len(way) :], *way[: place % len(way)]] for place, way in enumerate(ways))
    made = ([Canary(item, kind, True, text) for kind, text in way] for item, way in zip(rows, turned, strict=True))
    in_turn = chain.from_iterable(zip_longest(*made))
    return list(islice((one for one in in_turn if one is not None), count))


def _from(item: Item, other: Item | None, seed: int) -> Iterator[Canary]:
    """Wrong answers for a row, made alone and with another."""
    if item.answer is None:
        if other is not None and not _same(item.reference, other.reference):
            yield Canary(item, "another row's reference", False, other.reference)
        for kind in planted.KINDS:
            text = planted.plant(kind, item.reference, other.reference if other is not None else "", seed)
            if text is not None:
                yield Canary(item, kind, False, text)
        return
    yield from (Canary(item, kind, False, text) for kind, text in wrong.answers(item, seed))
    # Patterns, schemas and tests are no answers: what another row says may well fit them.
    if item.kind in ("regex", "json_schema", "python_code") or other is None or other.answer is None:
        return
    if _same(item.answer, other.answer):
        return
    if item.reference.count(item.answer) == 1:
        yield Canary(item, "another row's answer", False, item.reference.replace(item.answer, other.answer))
    yield Canary(item, "another row's reference", False, other.reference)


def _forms(pool: list[Item], count: int) -> list[Canary]:
    made = [
        Canary(item, kind, False, text, finish) for item in pool[:count] for kind, text, finish in wrong.forms(item)
    ]
    return made[:count]


def _same(one: str, other: str) -> bool:
    """Whether two answers are equal; yes is yes in whatever word."""
    return normalise_answer(one) == normalise_answer(other) or (yes_or_no(one) == yes_or_no(other) is not None)
