"""Which made-up instances are like the demonstrations in form, and unlike them and each other in content."""

import numpy as np
import polars as pl

from curation import tables
from curation.checks.typed_result import graded
from curation.dedup import exact, minhash
from curation.metrics.text import rouge_l_matrix, tokens

from ..script import hangul_share, has_letters
from .demos import Task
from .draft import Draft, Drop
from .options import RehearseOptions

ROUGE_BLOCK = 256  # instances compared with all texts of their task at a time


def form(task: Task, drafts: list[Draft], options: RehearseOptions) -> None:
    """Drop instances whose input is in another script or of quite another length than the demonstrations'."""
    lengths = [len(demo.input) for demo in task.demos]
    shortest, longest = min(lengths) / options.max_length_ratio, max(lengths) * options.max_length_ratio
    shares = [hangul_share(demo.input) for demo in task.demos]
    for one in drafts:
        distance = outside(hangul_share(one.input), shares) if has_letters(one.input) else 0.0
        size = len(one.input)
        if distance > options.hangul_margin:
            one.drop = Drop("language", distance, options.hangul_margin)
        elif not shortest <= size <= longest:
            one.drop = Drop("length", float(size), shortest if size < shortest else longest)
        else:
            one.checks.append(graded("language", 1 - distance, 1 - options.hangul_margin, "share of Hangul"))


def outside(value: float, values: list[float]) -> float:
    """How far a value lies outside the range of others; 0 inside it."""
    return max(min(values) - value, value - max(values), 0.0)


def novelty(task: Task, drafts: list[Draft], options: RehearseOptions) -> None:
    """Drop instances whose input repeats a demonstration or an earlier instance: equal, near-equal, or by ROUGE-L.

    Earlier means in the order of `drafts`, which depends on keys alone. Each step sees what the one before it left.
    """
    for step in (_exact, _near, _rouge):
        step(task, [one for one in drafts if one.drop is None], options)


def _documents(task: Task, drafts: list[Draft]) -> tuple[pl.DataFrame, list[str]]:
    """Inputs of demonstrations, then of drafts, as documents whose ids sort in that order, and what ids stand for."""
    names = [demo.id for demo in task.demos] + [one.key for one in drafts]
    texts = [demo.input for demo in task.demos] + [one.input for one in drafts]
    frame = pl.DataFrame({"doc_id": [f"{number:032d}" for number in range(len(texts))], "text": texts})
    return tables.complete(frame, tables.DOCUMENTS), names


def _apply(decisions: pl.DataFrame, task: Task, drafts: list[Draft], names: list[str], how: str, limit: float) -> None:
    """Mark the drafts that a dedup step drops; a demonstration that repeats another stays one."""
    for row in decisions.iter_rows(named=True):
        number, first = int(row["doc_id"]), int(row["duplicate_of"])
        if number < len(task.demos):
            continue
        rule = f"{'copy_of_demo' if first < len(task.demos) else 'duplicate'}.{how}"
        similarity = row["similarity"]
        drafts[number - len(task.demos)].drop = Drop(rule, similarity, limit, names[first], similarity)


def _exact(task: Task, drafts: list[Draft], options: RehearseOptions) -> None:
    documents, names = _documents(task, drafts)
    side = exact.keys(documents).with_columns(length=documents["text"].str.len_chars())
    _apply(exact.decide(side, ("doc_id",)), task, drafts, names, "exact", 1.0)


def _near(task: Task, drafts: list[Draft], options: RehearseOptions) -> None:
    documents, names = _documents(task, drafts)
    settings = minhash.MinHashOptions(threshold=options.near_duplicate, keep_order=("doc_id",))
    decisions = minhash.decide(minhash.sketch(documents, settings), settings)
    _apply(decisions, task, drafts, names, "minhash", options.near_duplicate)


def _rouge(task: Task, drafts: list[Draft], options: RehearseOptions) -> None:
    """Greedy, like Self-Instruct's pool: an instance too close to a demonstration or a kept instance is dropped."""
    long = [one for one in drafts if len(tokens(one.input)) >= options.rouge_tokens]
    demos = [demo for demo in task.demos if len(tokens(demo.input)) >= options.rouge_tokens]
    texts = [demo.input for demo in demos] + [one.input for one in long]
    names = [demo.id for demo in demos] + [one.key for one in long]
    kept = np.zeros(len(texts), dtype=bool)
    kept[: len(demos)] = True
    for start in range(0, len(long), ROUGE_BLOCK):
        block = long[start : start + ROUGE_BLOCK]
        scores = rouge_l_matrix(texts, [one.input for one in block])  # (texts, block)
        for column, one in enumerate(block):
            number = len(demos) + start + column
            against = np.where(kept, scores[:, column], 0.0)
            nearest = int(against.argmax())
            likeness = float(against[nearest])
            if likeness > options.max_rouge:
                rule = "copy_of_demo.rouge_l" if nearest < len(demos) else "duplicate.rouge_l"
                one.drop = Drop(rule, likeness, options.max_rouge, names[nearest], likeness)
                continue
            kept[number] = True
            one.checks.append(graded("novelty", 1 - likeness, 1 - options.max_rouge, f"ROUGE-L {likeness:.2f}"))
