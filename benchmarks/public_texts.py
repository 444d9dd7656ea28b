"""What recipes, checks and lists find in texts that people wrote, most of which they should leave alone.

    python -m benchmarks.public_texts [--data FOLDER] [--only PART ...] [--show]

Counts with Wilson 95 % intervals. `recipes`: rows that the rules of a ready recipe drop. `toxicity`: scores over 0.5.
`conflicts`: rows that contradict another. `form`: answers that the checks of form refuse. `refusals`: answers that are
taken for refusals, shown with `--show`. `reasoning`: solutions in which calculations are found. `questions`: medical
questions that near dedup drops, and how many of these are about something else than the one that stays.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from benchmarks import corpora
from curation import normalise, tables
from curation.checks.typed_form import refuses
from curation.consistency import conflicts
from curation.consistency.conflicts import ConflictOptions
from curation.dedup import minhash
from curation.metrics.intervals import wilson
from curation.rules import c4, rule, sets
from pipelines import presets
from pipelines.settings import CurateSettings
from synth.synthesize.best_of.make import distinct_reasoning
from synth.synthesize.form import form

REVIEWS = 60_000
ABUSE = 0.5


def said(name: str, count: int, of: int) -> None:
    low, high = wilson(count, of)
    print(
        f"  {name:<52}{count:>8,} of {of:<9,}{100 * count / of:7.2f} %  [{100 * low:.2f}, {100 * high:.2f}]", flush=True
    )


def column(data: Path, file: str, name: str) -> list[str]:
    return [row[name] for row in corpora.rows(data / file) if row.get(name)]


def texts(data: Path) -> dict[str, list[str]]:
    """The public files by name, each a list of texts."""
    korean = corpora.korean(data)
    english = corpora.english(data)
    return {
        "c4": english["c4"],
        "ccnet": english["web"],
        "medical answers": english["medquad"],
        "paragraphs of books": english["books"],
        "books": column(data, "corpora/gutenberg-books.jsonl.gz", "text"),
        "korean encyclopedia": korean["prose"],
        "korean legal answers": korean["answers"],
        "korean legal questions": korean["questions"],
        "korean chat": korean["chat"],
        "korean reviews": korean["reviews"],
        "gsm8k": column(data, "instructions/gsm8k/train.jsonl.gz", "answer"),
        "alpaca": column(data, "instructions/sdft/alpaca.jsonl.gz", "output"),
        "film answers": column(data, "instructions/pit-wiki2023-film/train-qa.jsonl.gz", "answer"),
    }


RECIPES = {
    "english-web": ("c4", "ccnet", "books", "medical answers"),
    "korean-web": ("korean encyclopedia", "korean legal answers", "korean legal questions", "korean chat",
                   "korean reviews"),
    "instructions": ("korean legal answers", "korean chat", "gsm8k", "alpaca", "medical answers", "film answers"),
}  # fmt: skip


def recipes(data: Path, show: bool) -> None:
    known = texts(data)
    for name, kinds in RECIPES.items():
        settings = CurateSettings(**{**presets.load(name), "inputs": ("x",)})
        rules = sets.rules_from(settings.rules)
        print(f"{name}: dropped by its rules")
        for kind in kinds:
            rows = pl.DataFrame({"text": known[kind][:REVIEWS]}).with_row_index("record")
            rows = rows.with_columns(doc_id=pl.col("record").cast(pl.String), meta=pl.lit("{}"))
            documents = normalise.normalise(tables.complete(rows, tables.DOCUMENTS), normalise.Normalisation()).rows
            if settings.c4_lines is not None:
                documents = c4.edit_lines(documents, settings.c4_lines).rows
            decided = rule.decide(rule.score(documents, rules), rules)["first_failing_rule"]
            said(kind, len(decided) - decided.null_count(), len(decided))
            most = decided.drop_nulls().value_counts(sort=True).head(3).iter_rows()
            print("    " + ", ".join(f"{failing} {count:,}" for failing, count in most))


def toxicity(data: Path, show: bool) -> None:
    known = texts(data)
    rules = sets.rules_from({"toxicity": {}})
    pairs = corpora.rows(data / "instructions/hh-rlhf-harmless.jsonl.gz")
    kinds = {
        "korean reviews": known["korean reviews"][:REVIEWS],
        "hh-rlhf, conversations with the worse answer": [row["rejected"] for row in pairs],
        **{name: known[name] for name in ("medical answers", "c4", "paragraphs of books", "korean legal answers")},
    }
    print(f"toxicity: scores over {ABUSE}")
    for name, every in kinds.items():
        rows = pl.DataFrame({"doc_id": [str(at) for at in range(len(every))], "text": every})
        scores = rule.score(rows, rules)["toxicity.score"]
        said(name, int((scores > ABUSE).sum()), len(scores))


def contradictions(data: Path, show: bool) -> None:
    sources = {
        "film questions": ("pit-wiki2023-film/train-qa", "question", "answer"),
        "gsm8k": ("gsm8k/train", "question", "answer"),
        "korean chat": ("korean-chatbot", "Q", "A"),
    }
    print("conflicts: rows that contradict another")
    for name, (file, asked, answered) in sources.items():
        rows = [(row[asked], row[answered]) for row in corpora.rows(data / f"instructions/{file}.jsonl.gz")]
        contradicting(name, rows, show)
    rows = [(row["question"], row["answer"]) for row in corpora.rows(data / "corpora/medquad-qa.jsonl.gz")]
    contradicting("medical questions", [row for row in rows if row[1]], show)


def contradicting(name: str, rows: list[tuple[str, str]], show: bool) -> None:
    side = pl.DataFrame(rows, schema=["prompt", "answer"], orient="row")
    side = side.with_columns(doc_id=pl.int_range(pl.len()).cast(pl.String).str.zfill(8)).select(conflicts.SIDE.names())
    found = conflicts.conflicts(side, ConflictOptions())
    said(name, found.height, len(rows))
    for number in found["doc_id"].cast(pl.Int64).to_list() if show else ():
        print(f"    {rows[number]}")


def answers_of(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Questions with what people, or a model, answered."""
    rights = list(corpora.rows(data / "instructions/korean-human-rights-qa.jsonl.gz"))
    answers = [name for name in rights[0] if "답변" in name]
    published = corpora.rows(data / "instructions/sdft/alpaca.jsonl.gz")
    return {
        "korean chat": [(row["Q"], row["A"]) for row in corpora.rows(data / "instructions/korean-chatbot.jsonl.gz")],
        **{f"korean legal answers {number}": [(row["질의"], row[name]) for row in rights if row[name]]
           for number, name in enumerate(answers, 1)},
        "alpaca": [(f"{row['instruction']}\n{row.get('input', '')}".strip(), row["output"]) for row in published],
        "gsm8k": [(row["question"], row["answer"]) for row in corpora.rows(data / "instructions/gsm8k/train.jsonl.gz")],
    }  # fmt: skip


def forms(data: Path, show: bool) -> None:
    print("form: answers that are refused")
    for name, rows in answers_of(data).items():
        checked = ((answer, form(answer, "stop", asked)) for asked, answer in rows)
        failing = [(answer, [one.name for one in checks if not one.passed]) for answer, checks in checked]
        refused = [(answer, names[0]) for answer, names in failing if names]
        said(name, len(refused), len(rows))
        for answer, check in refused if show else ():
            print(f"    {check}: {answer[:150]!r}")


def refusing(data: Path, show: bool) -> None:
    pairs = list(corpora.rows(data / "instructions/hh-rlhf-harmless.jsonl.gz"))
    last = [row[side].rpartition("\n\nAssistant:")[2].strip() for row in pairs for side in ("chosen", "rejected")]
    distilled = column(data, "instructions/sdft/alpaca-distilled-by-llama2-7b-chat.jsonl.gz", "output")
    found = answers_of(data)
    korean = [answer for name, rows in found.items() if name.startswith("korean") for _, answer in rows]
    print("refusals: answers taken for refusals")
    for name, every in {"hh-rlhf": last, "alpaca, distilled": distilled, "korean chat and legal": korean}.items():
        flagged = [text for text in every if refuses(text)]
        said(name, len(flagged), len(every))
        for text in flagged if show else ():
            print(f"    {text[:150]!r}")


def reasoning(data: Path, show: bool) -> None:
    print("reasoning: solutions in which calculations are found")
    solutions = column(data, "instructions/gsm8k/train.jsonl.gz", "answer")
    said("gsm8k", counted(bool(distinct_reasoning(text)) for text in solutions), len(solutions))


def questions(data: Path, show: bool) -> None:
    rows = list(corpora.rows(data / "corpora/medquad-qa.jsonl.gz"))
    ids = [f"{at:06d}" for at in range(len(rows))]
    drops = minhash.decide(pl.DataFrame({"doc_id": ids, "text": [row["question"] for row in rows]}),
                           minhash.MinHashOptions())  # fmt: skip
    about = {name: row["focus"] for name, row in zip(ids, rows, strict=True)}
    pairs = list(drops.select("doc_id", "duplicate_of").iter_rows())
    print("questions: medical ones that near dedup drops")
    said("all of them", len(pairs), len(rows))
    said("about another disease than the one that stays", counted(about[a] != about[b] for a, b in pairs), len(rows))


def counted(found: Iterable[bool]) -> int:
    return sum(found)


PARTS = {"recipes": recipes, "toxicity": toxicity, "conflicts": contradictions, "form": forms, "refusals": refusing,
         "reasoning": reasoning, "questions": questions}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--show", action="store_true", help="what was found, to be judged by eye")
    given = parser.parse_args()
    for name in given.only:
        PARTS[name](corpora.folder(given.data), given.show)


if __name__ == "__main__":
    main()
