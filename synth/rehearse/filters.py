"""Which made-up instances are like the demonstrations in form, and unlike them, each other and what is held out."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from curation.checks import typed
from curation.checks.typed_result import graded
from curation.dedup import exact, minhash
from curation.metrics.text import rouge_l_matrix

from .. import held_out as held
from .. import likeness
from ..drop import Drop
from ..outliers import outliers
from ..script import hangul_share, has_letters
from .demos import Demo, Task
from .draft import Draft
from .markers import role_marker
from .options import RehearseOptions

ROUGE_BLOCK = 256  # instances compared with all texts of their task at a time


def form(task: Task, drafts: list[Draft], options: RehearseOptions, markers: Sequence[str] = ()) -> None:
    """Drop instances whose input is in another script or of quite another length than the demonstrations', holds a
    mark that would make turns of it, or runs in a loop as no demonstration does.

    Args:
        task: with its demonstrations.
        drafts: that are left.
        options: see there.
        markers: of the model that will read them, beside those of usual templates.
    """
    lengths = [len(demo.input) for demo in task.demos]
    shortest, longest = min(lengths) / options.max_length_ratio, max(lengths) * options.max_length_ratio
    shares = [hangul_share(demo.input) for demo in task.demos]
    usual = min(typed.check("repetition", "", demo.input).score for demo in task.demos)
    for one in drafts:
        if (marker := role_marker(one.input, markers) or role_marker(one.output, markers)) is not None:
            one.drop = Drop("role_marker", detail={"why": marker})
            continue
        loop = typed.check("repetition", "", one.input)
        if not loop.passed and loop.score < usual:
            one.drop = Drop("repetition", loop.score, loop.threshold)
            continue
        distance = outside(hangul_share(one.input), shares) if has_letters(one.input) else 0.0
        size = len(one.input)
        if distance > options.hangul_margin:
            one.drop = Drop("language", distance, options.hangul_margin)
        elif not shortest <= size <= longest:
            one.drop = Drop("length", float(size), shortest if size < shortest else longest)
        else:
            one.checks.append(graded("language", 1 - distance, 1 - options.hangul_margin, "share of Hangul"))


def outside(value: float, values: Sequence[float]) -> float:
    """How far a value lies outside the range of others; 0 inside it."""
    return max(min(values) - value, value - max(values), 0.0)


def held_out(given: held.Given, drafts: list[Draft], options: RehearseOptions) -> None:
    """Drop instances whose input repeats a prompt or a text of the evaluation; how is decided as in `novelty`."""
    for at, one in _repeats([one.input for one in drafts], given, options):
        detail = {"why": one.text}
        drafts[at].drop = Drop(f"held_out.{one.how}", one.similarity, one.threshold, None, one.similarity, detail)


def answers_held_out(given: held.Given, drafts: list[Draft], options: RehearseOptions) -> None:
    """Drop instances whose refined output repeats a text of the evaluation; a prompt it may say."""
    texts = held.HeldOut(texts=held.HeldOut.of(given).texts)
    for at, one in _repeats([one.refined for one in drafts], texts, options):
        detail = {"why": one.text}
        rule = f"refine.held_out.{one.how}"
        drafts[at].drop = Drop(rule, one.similarity, one.threshold, None, one.similarity, detail)


def _repeats(texts: list[str], given: held.Given, options: RehearseOptions) -> list[tuple[int, likeness.Repeat]]:
    documents = likeness.numbered(texts)
    return [(int(name), one) for name, one in held.repeats(documents, documents, given, options).items()]


def _long(text: str, options: RehearseOptions) -> bool:
    return len(text.split()) >= options.long_words


def novelty(task: Task, drafts: list[Draft], options: RehearseOptions) -> None:
    """Drop instances whose input repeats a demonstration or an earlier instance: equal or, if long, nearly equal.

    Earlier means in the order of `drafts`, which depends on keys alone. Each step sees what the one before it left.
    """
    demos = list(task.demos)
    _exact(demos, drafts)
    long_demos = [demo for demo in demos if _long(demo.input, options)]
    _near(long_demos, [one for one in drafts if one.drop is None and _long(one.input, options)], options)
    _rouge(long_demos, [one for one in drafts if one.drop is None and _long(one.input, options)], options)


def unlike(task: Task, drafts: list[Draft], options: RehearseOptions, seed: int) -> dict[str, int]:
    """Drop instances whose input is unlike the demonstrations' and the other instances'; how many were not judged, by
    why: see `outliers`."""
    texts, shown = [one.input for one in drafts], [demo.input for demo in task.demos]
    found = outliers(texts, shown, options.clusters, options.outliers, options.dimensions, seed)
    for at, drop in found.drops.items():
        drafts[at].drop = drop
    return found.not_judged


def _documents(demos: list[Demo], drafts: list[Draft]) -> tuple[pl.DataFrame, list[str]]:
    """Inputs of demonstrations, then of drafts, as documents whose ids sort in that order, and what ids stand for."""
    names = [demo.id for demo in demos] + [one.key for one in drafts]
    texts = [demo.input for demo in demos] + [one.input for one in drafts]
    return likeness.numbered(texts), names


def _apply(
    decisions: pl.DataFrame, demos: list[Demo], drafts: list[Draft], names: list[str], how: str, limit: float
) -> None:
    """Mark the drafts that a dedup step drops; a demonstration that repeats another stays one."""
    for row in decisions.iter_rows(named=True):
        number, first = int(row["doc_id"]), int(row["duplicate_of"])
        if number < len(demos):
            continue
        rule = f"{'copy_of_demo' if first < len(demos) else 'duplicate'}.{how}"
        similarity = row["similarity"]
        drafts[number - len(demos)].drop = Drop(rule, similarity, limit, names[first], similarity)


def _exact(demos: list[Demo], drafts: list[Draft]) -> None:
    documents, names = _documents(demos, drafts)
    _apply(exact.decide(exact.keys(documents), ("doc_id",)), demos, drafts, names, "exact", 1.0)


def _near(demos: list[Demo], drafts: list[Draft], options: RehearseOptions) -> None:
    documents, names = _documents(demos, drafts)
    settings = minhash.MinHashOptions(threshold=options.near_duplicate, keep_order=("doc_id",))
    _apply(minhash.decide(documents, settings), demos, drafts, names, "minhash", options.near_duplicate)


def _rouge(demos: list[Demo], drafts: list[Draft], options: RehearseOptions) -> None:
    """Greedy, like Self-Instruct's pool: an instance too close to a demonstration or a kept instance is dropped."""
    texts = [demo.input for demo in demos] + [one.input for one in drafts]
    names = [demo.id for demo in demos] + [one.key for one in drafts]
    kept = np.zeros(len(texts), dtype=bool)
    kept[: len(demos)] = True
    for start in range(0, len(drafts), ROUGE_BLOCK):
        block = drafts[start : start + ROUGE_BLOCK]
        scores = rouge_l_matrix(texts, [one.input for one in block])  # (texts, block)
        for column, one in enumerate(block):
            number = len(demos) + start + column
            against = np.where(kept, scores[:, column], 0.0)
            nearest = int(against.argmax())
            like = float(against[nearest])
            if like > options.max_rouge:
                rule = "copy_of_demo.rouge_l" if nearest < len(demos) else "duplicate.rouge_l"
                one.drop = Drop(rule, like, options.max_rouge, names[nearest], like)
                continue
            kept[number] = True
            one.checks.append(graded("novelty", 1 - like, 1 - options.max_rouge, f"ROUGE-L {like:.2f}"))
