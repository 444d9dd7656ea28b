"""The checks on real data: what they find in published self-distilled sets, calls told apart, planted changes.

    python -m benchmarks.checks [--data FOLDER] [--rows N] [--flagged KIND] [--model FOLDER]

Needs the folder of instructions (KEEPWISE_DATA), with the sets of the SDFT paper and two Korean ones. Rows are split by
the hash of their question into a development half, on which the defaults were chosen, and a test half. `--flagged`
prints rows that a check flags, to be judged by eye; `--model` measures the judge and the likelihoods with that model.
"""

import argparse
import gzip
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from curation import tables
from curation.checks import call_variants, typed
from curation.metrics.intervals import wilson
from synth import prompts
from synth.distill import DistillOptions, copies, planted, right, wrong
from synth.distill.asked import Asker
from synth.distill.claim import Claim
from synth.distill.item import Item, Turns
from synth.distill.verify import passed, verify

FORMS = ("refusal", "repetition", "language", "length", "leak", "remark", "markers", "orders", "whole")
FINAL = ".!?\"')]}`*:;"
SHORT = 3  # words of a reference that counts as a short answer
LONG = 900  # characters; longer rewrites are left out, to save time
BRIEF = 120  # characters of question and reference, that small models can read them twice and more
SUPPORT, LEAKED = 0.8, 0.05  # what docs/checks.md names for these checks, which are off by default
JUDGED = 20  # rows that the judge is asked about: four questions for each text
OPTIONS = DistillOptions()


@dataclass(frozen=True)
class Row:
    """A question, its reference, and what was published as a rewrite of it, if anything was."""

    question: str
    reference: str
    rewrite: str | None = None

    @property
    def development(self) -> bool:
        return int(tables.fingerprint([self.question])[:8], 16) % 2 == 0

    def item(self) -> Item:
        turns = [{"role": "user", "content": self.question}]
        row = {"task": "open", "prompt": turns, "completion": [{"role": "assistant", "content": self.reference}]}
        return Item(tables.fingerprint([self.question]), row, self.question, self.reference, None, "short_answer", ())


def records(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def pairs(folder: Path, name: str) -> list[Row]:
    found = zip(
        records(folder / f"{name}.jsonl.gz"), records(folder / f"{name}-distilled-by-llama2-7b-chat.jsonl.gz"),
        strict=True,
    )  # fmt: skip
    return [Row(f"{a['instruction']}\n{a.get('input', '')}".strip(), a["output"], b["output"]) for a, b in found]


def failing(kind: str, row: Row, text: str) -> str | None:
    result = typed.check(kind, row.reference, text, prompt=row.question)
    return None if result.passed else result.detail


def share(count: int, of: int) -> str:
    low, high = wilson(count, of)
    return f"{count:>5} of {of:<5} {count / of if of else 0:7.3f}  [{low:.3f}, {high:.3f}]"


def published(name: str, rows: list[Row], flagged: str | None) -> None:
    rewritten = [row for row in rows if row.rewrite is not None and row.rewrite != row.reference]
    print(f"\n{name}: {len(rows)} rows, {len(rewritten)} of them not the reference itself")
    seen: dict[str, set[int]] = {}
    for kind in FORMS:
        found = [(at, detail) for at, row in enumerate(rewritten) if (detail := failing(kind, row, str(row.rewrite)))]
        seen[kind] = {at for at, _ in found}
        print(f"  {kind:<22}{share(len(found), len(rewritten))}")
        for at, detail in found[:: max(1, len(found) // 10)] if flagged == kind else ():
            text = str(rewritten[at].rewrite)
            print(
                f"    {at} {detail}\n      reference ...{rewritten[at].reference[-150:]!r}\n"
                f"      {text[:150]!r} ... {text[-150:]!r}"
            )
    print(f"  {'leak or remark':<22}{share(len(seen['leak'] | seen['remark']), len(rewritten))}")
    strict = sum(not typed.check("whole", r.reference, str(r.rewrite), strict=True).passed for r in rewritten)
    print(f"  {'whole, strict':<22}{share(strict, len(rewritten))}")
    bare = sum(str(row.rewrite).rstrip()[-1:] not in FINAL for row in rewritten)
    print(f"  {'no full stop at the end':<22}{share(bare, len(rewritten))}")
    short = [row for row in rewritten if len(row.reference.split()) <= SHORT]
    lost = [row for row in short if failing("short_answer", row, str(row.rewrite)) is not None]
    print(f"  {'short answer lost':<22}{share(len(lost), len(short))}  (references of at most {SHORT} words)")
    for row in lost[:: max(1, len(lost) // 10)] if flagged == "short_answer" else ():
        print(f"    {row.question[-200:]!r}\n      {row.reference!r} -> {str(row.rewrite)[:200]!r}")


def likenesses(name: str, rows: list[Row]) -> None:
    """Published texts, the reference itself among them, near their own reference and near another row's text."""
    items = [row.item() for row in rows]
    claims = [Claim(f"{at}", items[at], str(row.rewrite)) for at, row in enumerate(rows)]
    found = copies.checks(claims, copies.inputs(items, OPTIONS.novelty), OPTIONS.novelty, 1.0)
    near = {key for key, (own, _) in found.items() if 1 - own.score >= OPTIONS.novelty.near_duplicate}
    changed = {key for key in found if rows[int(key)].rewrite != rows[int(key)].reference}
    print(f"\n{name}: {len(rows)} texts, {len(found)} long enough to be compared")
    print(f"  near their own reference {share(len(near), len(found))}")
    print(f"  so, of those that are not equal {share(len(near & changed), len(changed))}")
    others = [(key, other.detail) for key, (_, other) in found.items() if not other.passed]
    print(f"  near another row's text {share(len(others), len(found))}")
    for key, detail in others[:5]:
        print(f"    {rows[int(key)].question[-80:]!r}: {str(rows[int(key)].rewrite)[:80]!r}: {detail}")


def calls(rows: list[Row], flagged: str | None) -> None:
    equal = [row for row in rows if typed.check("python_call", row.reference, str(row.rewrite)).passed]
    same = sum(row.rewrite == row.reference for row in rows)
    print(f"\ncalls: {len(rows)}; the published rewrite is the same text {same}, the same call {len(equal)}, else "
          f"{len(rows) - len(equal)}")  # fmt: skip
    if flagged == "python_call":
        for row in [row for row in rows if row not in equal][::20]:
            print(f"    {row.reference!r}\n      {str(row.rewrite)[:200]!r}")
    unread = 0
    accepted, moved, refused, altered = 0, 0, 0, 0
    for row in rows:
        if not typed.check("python_call", row.reference, row.reference).passed:
            unread += 1
            continue
        for text in call_variants.reordered(row.reference):
            moved += 1
            accepted += typed.check("python_call", row.reference, text).passed
        for text in call_variants.changed(row.reference):
            altered += 1
            refused += not typed.check("python_call", row.reference, text).passed
    print(f"  no Python expression: {unread}; reordered accepted {share(accepted, moved)}; "
          f"changed refused {share(refused, altered)}")  # fmt: skip


def accepts(row: Row, text: str) -> bool:
    return passed(verify(row.item(), text, "stop", OPTIONS))


def spoiled(rows: list[Row], of: Callable[[Row], str | None]) -> Iterator[tuple[Row, str, str]]:
    """Row, kind of change and changed text; what is brought in comes from another row."""
    for at, row in enumerate(rows):
        text = of(row)
        for kind in planted.KINDS if text is not None else ():
            made = planted.plant(kind, str(text), rows[(7 * at + 13) % len(rows)].reference, 1)
            if made is not None:
                yield row, kind, made


def changes(name: str, rows: list[Row]) -> None:
    for half, some in (
        ("development", [r for r in rows if r.development]),
        ("test", [r for r in rows if not r.development]),
    ):
        print(f"\n{name}, {half} half, {len(some)} rows: share accepted")
        counts: Counter[tuple[str, bool]] = Counter()
        for row in some:
            counts["reference itself", accepts(row, row.reference)] += 1
            for kind, text in planted.alike(row.reference).items():
                counts[f"alike: {kind}", accepts(row, text)] += 1
            for kind, text in right.answers(row.item()):
                counts[f"canary: {kind}", accepts(row, text)] += 1
        for row, kind, text in spoiled(some, lambda row: row.reference):
            counts[f"reference with {kind}", accepts(row, text)] += 1
            counts["reference with any", accepts(row, text)] += 1
        for kind in sorted({kind for kind, _ in counts}):
            print(f"  {kind:<38}{share(counts[kind, True], counts[kind, True] + counts[kind, False])}")


def rewrites(rows: list[Row]) -> None:
    """The published rewrites that are accepted, and the same with planted changes."""
    for half in (True, False):
        some = [row for row in rows if row.development == half and row.rewrite not in (None, row.reference)]
        taken = [row for row in some if accepts(row, str(row.rewrite))]
        print(f"\nrewrites, {'development' if half else 'test'} half: accepted {share(len(taken), len(some))}")
        counts: Counter[tuple[str, bool]] = Counter()
        for row, kind, text in spoiled(taken, lambda row: row.rewrite):
            counts.update([(kind, accepted := accepts(row, text)), ("any", accepted)])
        for kind in sorted({kind for kind, _ in counts}):
            print(f"  accepted with {kind:<24}{share(counts[kind, True], counts[kind, True] + counts[kind, False])}")


def texts(rows: list[Row]) -> Iterator[tuple[str, Row, str]]:
    """What a model is asked about, by kind: references, rewrites that the signs accept, and both with changes."""
    for row in rows:
        yield "reference", row, row.reference
    for row, kind, text in spoiled(rows, lambda row: row.reference):
        yield f"reference, {kind}", row, text
    taken = [row for row in rows if row.rewrite not in (None, row.reference) and accepts(row, str(row.rewrite))]
    for row in taken:
        yield "rewrite", row, str(row.rewrite)
    for row, kind, text in spoiled(taken, lambda row: row.rewrite):
        yield f"rewrite, {kind}", row, text


def leaking(rows: list[Row]) -> Iterator[tuple[str, Row, str]]:
    """Texts that speak of the reference in view, and such as do not."""
    for row in rows:
        item, korean = row.item(), planted.korean(row.reference)
        yield "reference", row, row.reference
        if row.rewrite is not None and not any(failing(kind, row, row.rewrite) for kind in ("leak", "remark")):
            yield "rewrite without such words", row, row.rewrite
        talk = next(text for kind, text, _ in wrong.forms(item) if kind == "leak")
        yield "talk of a reference before it", row, talk
        after = "참고 답의 내용을 지켰습니다." if korean else "I used the reference answer as a guide."
        yield "talk of a reference behind it", row, f"{row.reference} {after}"


def by_model(folder: str, name: str, rows: list[Row]) -> None:
    """What the judge and the likelihoods accept of texts whose truth is known."""
    from synth.engines.options import EngineOptions
    from synth.engines.transformers import TransformersEngine

    engine = TransformersEngine(folder, EngineOptions())
    for check, some in (("judge", rows[:JUDGED]), ("min_support", rows), ("max_leaked", rows)):
        print(f"\n{check}, {name}, {Path(folder).name}: share accepted")
        asked(engine, check, list(leaking(some) if check == "max_leaked" else texts(some)))


def asked(engine: Any, check: str, every: Sequence[tuple[str, Row, str]]) -> None:
    """What one check that asks the engine, a generator and a scorer, accepts of texts by kind."""
    options = replace(OPTIONS, judge=check == "judge", min_support=SUPPORT if check == "min_support" else 0.0,
                      max_leaked=LEAKED if check == "max_leaked" else 1.0)  # fmt: skip
    claims = [Claim(f"{at}", row.item(), text, in_view(row)) for at, (_, row, text) in enumerate(every)]
    results = Asker(engine, engine, options, 0).checks(claims)
    counts: Counter[tuple[str, bool]] = Counter()
    for at, (kind, _, _) in enumerate(every):
        accepted = passed(results[f"{at}"])
        counts[kind, accepted] += 1
        if "," in kind:
            counts[f"{kind.split(',')[0]}, any change", accepted] += 1
    for kind in sorted({kind for kind, _ in counts}):
        print(f"  {kind:<38}{share(counts[kind, True], counts[kind, True] + counts[kind, False])}")
    details = Counter(re.sub(r"[\d.]+", "#", one.detail.split(":")[0]) for found in results.values() for one in found)
    print("  " + "; ".join(f"{count} {detail[:60]}" for detail, count in details.most_common(6)), flush=True)


def in_view(row: Row) -> Turns:
    """The prompt that shows the reference."""
    form = prompts.rewrites("ko" if planted.korean(row.question) else "en")[0]
    return row.item().about(form.render({"prompt": row.question, "reference": row.reference}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("KEEPWISE_DATA", "../shared/data")))
    parser.add_argument("--rows", type=int, default=300, help="of each set, for the planted changes")
    parser.add_argument("--flagged", help="print rows that this check flags")
    parser.add_argument("--model", help="folder of a model, for the judge and the likelihoods")
    given = parser.parse_args()
    folder = given.data / "instructions"
    alpaca, functions = pairs(folder / "sdft", "alpaca"), pairs(folder / "sdft", "openfunctions")
    open_text = [row for row in alpaca if len(row.reference.split()) > SHORT][: given.rows]
    rights = [
        Row(r["질의"], r["상담례, 결정례 기반 답변"]) for r in records(folder / "korean-human-rights-qa.jsonl.gz")
    ]
    chat = [Row(r["Q"], r["A"]) for r in records(folder / "korean-chatbot.jsonl.gz")]
    if given.model:
        brief = [
            row for row in alpaca
            if len(row.reference.split()) > SHORT and len(row.question + row.reference) < BRIEF
            and (row.rewrite is None or len(row.rewrite) < BRIEF)
        ]  # fmt: skip
        short = [row for row in chat if len(row.question + row.reference) < BRIEF]
        by_model(given.model, "alpaca", brief[: given.rows])
        by_model(given.model, "korean-chatbot", short[:: max(1, len(short) // given.rows)][: given.rows])
        return
    published("alpaca", alpaca, given.flagged)
    published("openfunctions", functions, given.flagged)
    likenesses("alpaca", alpaca)
    calls(functions, given.flagged)
    if not given.flagged:
        for name, rows in (("alpaca", open_text), ("korean-human-rights-qa", rights[: given.rows // 3]),
                           ("korean-chatbot", chat[:: max(1, len(chat) // given.rows)])):  # fmt: skip
            changes(name, rows)
        rewrites([row for row in alpaca if len(row.reference.split()) > SHORT and len(str(row.rewrite)) < LONG])


if __name__ == "__main__":
    main()
