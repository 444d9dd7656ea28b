"""The English heuristics beside plain Python and datatrove: the same pages, one thread, in one run.

    python -m benchmarks.heuristics [--data FOLDER] [--megabytes 6] [--peers PYTHON] [--peer-pages 300]

Pages of 2 to 5 KB are cut from the Gutenberg books at line ends; those of the C4 sample stay whole. Every side runs in
a process of its own: processor seconds, and by how much resident memory grew beyond libraries and loaded pages. Scores
and edited texts are first shown to be equal to those of the plain Python reference of the tests. `--peers` names an
interpreter that has datatrove; its decisions on some of the pages are compared, each difference with its kind.
"""

import argparse
import importlib.util
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from benchmarks import corpora

CHECKOUT = Path(__file__).resolve().parent.parent
BEFORE, AFTER = ("gopher", "gopher_repetition", "fineweb"), ("c4",)  # C4's document rules look at edited lines

# What each step that puts datatrove in line with us explains, see `heuristics_datatrove.py`.
STEPS = {
    "shipped": "equal",
    "words": "words: spaCy's, which parts punctuation and clitics from words; here between white space",
    "sentences": "sentences: spaCy's; here by their marks",
    "line ends": "line ends: there no typographic quotes, for FineWeb no quotes at all; here they are ends",
}
# What is left, by the rule that drops on one side only.
DEFINITIONS = {
    "gopher_enough_stop_words": "stop words: there in lower case and cut as the words are; here in any case, "
    "punctuation aside",
    "gopher_short_doc": "length: there punctuation alone is no word",
    "top_": "top n-grams: there one that occurs once counts, too, and one that overlaps itself twice",
    "duplicated": "n-grams: there what overlaps a repeat is passed over, and white space is part of the whole; here "
    "every character in a repeat counts once, and white space not at all",
}


def plain_reference() -> ModuleType:
    """The reference that the tests compare with."""
    place = CHECKOUT / "tests" / "curation" / "rules" / "plain.py"
    spec = importlib.util.spec_from_file_location("plain_heuristics", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages(data: Path, megabytes: float, seed: int = 0) -> list[str]:
    """All of the C4 sample, and pieces of books up to the size wanted, shuffled."""
    generator = random.Random(seed)
    found = [row["text"] for row in corpora.rows(data / "corpora" / "c4-sample.jsonl.gz")]
    size = sum(len(page.encode()) for page in found)
    for row in corpora.rows(data / "corpora" / "gutenberg-books.jsonl.gz"):
        book, at = row["text"], 0
        while at < len(book) and size < megabytes * 1e6:
            end = book.find("\n", at + generator.randrange(2000, 5000)) + 1 or len(book)
            found.append(book[at:end])
            size += len(found[-1].encode())
            at = end
    generator.shuffle(found)
    return found


def peak() -> int:
    """Greatest resident memory of this process so far, kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def keepwise_side(texts: list[str]) -> tuple[pl.DataFrame, dict[str, float]]:
    """Scores and edited texts, the least processor time of five runs, and the gain of a second thread by the clock."""
    from curation import tables
    from curation.rules import c4, rule, sets

    before, after = (sets.rules_from({name: {} for name in names}) for names in (BEFORE, AFTER))
    rows = pl.DataFrame({"doc_id": [str(number) for number in range(len(texts))], "text": texts})
    documents = tables.complete(rows, tables.DOCUMENTS)

    def work(threads: int) -> pl.DataFrame:
        edited = c4.edit_lines(documents, c4.C4Options(), threads).rows
        scores = [rule.score(documents, before, threads), rule.score(edited, after, threads).drop("doc_id")]
        return pl.concat([*scores, edited.select("text")], how="horizontal").drop("doc_id")

    c4.edit_lines(documents[:1], c4.C4Options(), 1)  # compiled before anything is timed
    rule.score(documents[:1], (*before, *after), 1)
    before_all = peak()
    found = work(1)
    kilobytes = peak() - before_all
    processor: list[float] = []
    clock: dict[int, list[float]] = {1: [], 2: []}
    for threads in (1, 2) * 5:
        started, on_clock, here = time.process_time(), time.perf_counter(), time.thread_time()
        work(threads)
        clock[threads].append(time.perf_counter() - on_clock)
        if threads == 1:
            processor.append(time.process_time() - started)
        else:
            alone = (time.thread_time() - here) / (time.process_time() - started)
    return found, {"seconds": min(processor), "kilobytes": kilobytes, "alone": alone,
                   "two_threads": min(clock[1]) / min(clock[2])}  # fmt: skip


def plain_side(texts: list[str]) -> tuple[pl.DataFrame, dict[str, float]]:
    plain = plain_reference()
    before_all = peak()
    started = time.process_time()
    found = []
    for text in texts:
        edited, _ = plain.edit_c4(text)
        scores = plain.gopher(text) | plain.gopher_repetition(text) | plain.fineweb(text) | plain.c4(edited)
        found.append({**scores, "text": edited})
    seconds = time.process_time() - started
    frame = pl.DataFrame(found, infer_schema_length=None)
    return frame.with_columns(pl.exclude("text").cast(pl.Float64)), {
        "seconds": seconds,
        "kilobytes": peak() - before_all,
    }


SIDES = {"keepwise": keepwise_side, "plain": plain_side}


def one_side(name: str, folder: Path) -> None:
    """In a process of its own: measure one side and leave what it found in the folder."""
    texts = [json.loads(line)["text"] for line in (folder / "pages.jsonl").open(encoding="utf-8")]
    found, figures = SIDES[name](texts)
    found.write_parquet(folder / f"{name}.parquet")
    (folder / f"{name}.json").write_text(json.dumps(figures))


def failing(scores: pl.DataFrame) -> dict[str, list[str | None]]:
    """The first rule of each set that each page fails."""
    from curation.rules import rule, sets

    rows = scores.with_columns(doc_id=pl.lit(""))
    made = {name: sets.rules_from({name: {}}) for name in (*BEFORE, *AFTER)}
    return {name: rule.decide(rows, rules)["first_failing_rule"].to_list() for name, rules in made.items()}


def differences(ours: dict[str, list[str | None]], theirs: dict[str, Any]) -> Counter[tuple[str, str]]:
    """How many decisions to keep or drop differ, by set and kind."""
    found: Counter[tuple[str, str]] = Counter()
    for name, reasons in ours.items():
        for page, reason in enumerate(reasons):
            there = {step: theirs[step][name][page] for step in STEPS}
            agreeing = [step for step in STEPS if (there[step] is None) == (reason is None)]
            if "shipped" in agreeing:
                found[name, "equal"] += 1
                continue
            last = there["line ends"] or (reason or "").replace(".duplicate", ".duplicated").split(".")[-1]
            left = next((said for rule, said in DEFINITIONS.items() if last.startswith(rule)), "unexplained")
            one_side = f"{there['shipped']} there" if reason is None else f"{reason} here"
            found[name, f"{STEPS[agreeing[0]] if agreeing else left} ({one_side})"] += 1
    return found


def run(command: list[str]) -> None:
    subprocess.run(command, cwd=CHECKOUT, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="English heuristics beside plain Python and datatrove")
    parser.add_argument("--data", help="the shared data folder")
    parser.add_argument("--megabytes", type=float, default=6)
    parser.add_argument("--peers", help="an interpreter with datatrove")
    parser.add_argument("--peer-pages", type=int, default=300)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        one_side(given.side, given.folder)
        return
    texts = pages(corpora.folder(given.data), given.megabytes)
    with tempfile.TemporaryDirectory() as made:
        measure(texts, Path(made), given.peers, given.peer_pages)


def measure(texts: list[str], folder: Path, peers: str | None, peer_pages: int) -> None:
    (folder / "pages.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    for name in SIDES:
        run([sys.executable, "-m", "benchmarks.heuristics", "--side", name, "--folder", str(folder)])
    figures = {name: json.loads((folder / f"{name}.json").read_text()) for name in SIDES}
    scores = {name: pl.read_parquet(folder / f"{name}.parquet") for name in SIDES}
    if not scores["keepwise"].equals(scores["plain"].select(scores["keepwise"].columns)):
        sys.exit("scores or edited texts differ from the plain reference")
    megabytes = {name: sum(len(text.encode()) for text in texts) / 1e6 for name in SIDES}
    if peers:
        from curation.rules import c4, characters

        plain = plain_reference()
        line_ends = {
            "c4_line_ends": list(c4.C4Options().end_marks or ""),
            "fineweb_line_ends": list(characters.LINE_ENDS),
        }
        sample = [
            line_ends | {"text": text, "lines": [{"text": line, "sentences": plain.sentences(line)}
                                     for line in map(plain.strip, plain.CITATION.sub("", text).split("\n"))]}
            for text in texts[:peer_pages]
        ]  # fmt: skip
        (folder / "peer.jsonl").write_text("".join(json.dumps(page) + "\n" for page in sample), encoding="utf-8")
        run([peers, "benchmarks/heuristics_datatrove.py", str(folder / "peer.jsonl"), str(folder / "datatrove.json")])
        figures["datatrove"] = json.loads((folder / "datatrove.json").read_text())
        megabytes["datatrove"] = sum(len(text.encode()) for text in texts[:peer_pages]) / 1e6
    print(f"{len(texts):,} pages, {megabytes['keepwise']:.1f} MB; scores and edited texts equal to plain Python's")
    print(f"{'all English heuristics, one thread':<36}{'MB':>8}{'seconds':>10}{'MB/s':>10}{'times':>8}{'memory':>10}")
    ours = megabytes["keepwise"] / figures["keepwise"]["seconds"]
    for name, each in figures.items():
        speed = megabytes[name] / each["seconds"]
        print(f"{name:<36}{megabytes[name]:>8.1f}{each['seconds']:>10.2f}{speed:>10.3f}{ours / speed:>8.1f}"
              f"{each['kilobytes'] / 1024:>7.0f} MB")  # fmt: skip
    alone = figures["keepwise"]["alone"]
    free = 1 / (alone + (1 - alone) / 2)
    print(f"two threads: {figures['keepwise']['two_threads']:.2f} times one by the clock")
    print(f"{alone:.0%} of the processor time is on neither, which allows {free:.2f} times on free cores")
    if peers:
        found = differences(failing(scores["keepwise"][:peer_pages]), figures["datatrove"]["steps"])
        for (name, kind), count in sorted(found.items()):
            print(f"{name:<20}{count:>6}  {kind}")


if __name__ == "__main__":
    main()
