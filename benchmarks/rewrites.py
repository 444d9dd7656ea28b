"""What the checks for open text accept of natural Korean rewrites, as they are and with planted changes.

    python -m benchmarks.rewrites [--planted KIND] [--refused] [--model FOLDER [--check NAME ...]]

`korean_rewrites.jsonl` beside this file holds instructions, references and one or two rewrites of each, all right. They
were written before anything was measured on them, and neither they nor the signs were changed after. With
`--planted` and `--refused` the texts are printed, to be read by eye; with `--model` that model is the judge, and its
likelihoods are asked.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.checks import OPTIONS, Row, asked, leaking, share
from curation.checks.typed_result import CheckResult
from synth.distill import DistillOptions, planted
from synth.distill.verify import verify

CHECKS = ("judge", "min_support", "max_leaked")
LOOSE = replace(OPTIONS, min_recall=0.0, min_precision=0.0, min_kept=0.0, min_grounded=0.0)
FILE = Path(__file__).with_name("korean_rewrites.jsonl")


@dataclass(frozen=True)
class Text:
    """A text about a question: of what kind, and what other right answers there are beside the reference."""

    kind: str
    row: Row
    text: str
    others: tuple[str, ...] = ()

    def failed(self, options: DistillOptions = OPTIONS) -> list[CheckResult]:
        item = replace(self.row.item(), others=self.others)
        return [check for check in verify(item, self.text, "stop", options) if not check.passed]


def groups() -> list[list[Row]]:
    """For each reference a row for each of its rewrites."""
    read = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    return [[Row(one["instruction"], one["reference"], text) for text in one["rewrites"]] for one in read]


def right(every: list[list[Row]]) -> Iterator[Text]:
    """References, rewrites, and rewrites beside two references: the given one and the other rewrite."""
    for rows in every:
        yield Text("reference", rows[0], rows[0].reference)
        for row in rows:
            yield Text("rewrite", row, str(row.rewrite))
        for row, other in zip(rows, reversed(rows), strict=True) if len(rows) > 1 else ():
            yield Text("rewrite, two references", row, str(row.rewrite), (str(other.rewrite),))


def wrong(every: list[list[Row]], of: list[Text]) -> Iterator[tuple[Text, Text]]:
    """Each text with each planted change that it has a place for; what is brought in comes from another question."""
    place = {rows[0].question: at for at, rows in enumerate(every)}
    for text in of:
        foreign = every[(7 * place[text.row.question] + 13) % len(every)][0].reference
        for kind in planted.KINDS:
            made = planted.plant(kind, text.text, foreign, 1)
            if made is not None:
                yield text, replace(text, kind=f"{text.kind}, {kind}", text=made)


def told(texts: list[Text], options: DistillOptions = OPTIONS) -> None:
    """The share accepted by kind, and of planted changes that of all kinds together."""
    counts: Counter[tuple[str, bool]] = Counter()
    for text in texts:
        accepted = not text.failed(options)
        counts[text.kind, accepted] += 1
        if text.kind.split(", ")[-1] in planted.KINDS:
            counts[f"{text.kind.rsplit(', ', 1)[0]}, any change", accepted] += 1
    for kind in sorted({kind for kind, _ in counts}):
        print(f"  {kind:<44}{share(counts[kind, True], counts[kind, True] + counts[kind, False])}")


def signs(every: list[list[Row]], refused: bool) -> None:
    fine = list(right(every))
    print("signs: share accepted of right texts, and which refuse")
    told(fine)
    for kind in ("reference", "rewrite", "rewrite, two references"):
        failed = [(text, text.failed()) for text in fine if text.kind == kind]
        some = Counter(check.name for _, checks in failed for check in checks)
        alone = Counter(checks[0].name for _, checks in failed if len(checks) == 1)
        for name, count in some.most_common():
            print(f"    {kind}: {name:<18}{share(count, len(failed))}, alone {alone[name]}")
        for text, checks in failed if refused else ():
            print(f"    {text.text}\n" + "".join(f"      {one.name} {one.score:.2f}: {one.detail}\n" for one in checks))
    print("signs: share accepted of texts with a planted change")
    told([made for text, made in wrong(every, fine)])
    print("the same, of right texts that were accepted")
    told([made for text, made in wrong(every, [text for text in fine if not text.failed()])])
    print("signs without thresholds (numbers, names, polarity, exchanged words): share accepted")
    loose = [text for text in fine if text.kind == "rewrite"]
    told([*loose, *(made for _, made in wrong(every, loose))], LOOSE)


def by_model(folder: str, checks: list[str], every: list[list[Row]]) -> None:
    """The judge and the likelihoods, each alone, on every text: also on those that the signs refuse."""
    from synth.engines.options import EngineOptions
    from synth.engines.transformers import TransformersEngine

    engine = TransformersEngine(folder, EngineOptions())
    fine = [text for text in right(every) if not text.others]
    content = [(text.kind, text.row, text.text) for text in (*fine, *(made for _, made in wrong(every, fine)))]
    for check in checks:
        print(f"\n{check}, {Path(folder).name}: share accepted")
        asked(engine, check, list(leaking([rows[0] for rows in every])) if check == "max_leaked" else content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--planted", choices=planted.KINDS, help="print the rewrites with this change")
    parser.add_argument("--refused", action="store_true", help="print the right texts that are refused, and why")
    parser.add_argument("--model", help="folder of a model, for the judge and the likelihoods")
    parser.add_argument("--check", choices=CHECKS, nargs="+", default=CHECKS, help="what the model is asked")
    given = parser.parse_args()
    every = groups()
    if given.planted:
        for text, made in wrong(every, [text for text in right(every) if text.kind == "rewrite"]):
            if made.kind.endswith(given.planted):
                print(f"{text.text}\n  {made.text}\n")
    elif given.model:
        by_model(given.model, given.check, every)
    else:
        signs(every, given.refused)


if __name__ == "__main__":
    main()
