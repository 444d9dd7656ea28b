"""Answers with their reasoning, accepted where independent paths agree and, with a reference, are right."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from curation.checks.typed_result import CheckResult, graded
from curation.metrics.intervals import wilson
from curation.metrics.text import normalise_answer
from curation.model import Generator

from ...drop import Drop
from ...parse import Rejected
from ...synthesised import Synthesised
from ..account import accounted, sample
from ..problem import Problem, problems
from .options import ReasoningOptions
from .paths import Path, chains, least_to_most
from .votes import Vote, by_agreement, extract, key, vote

METHOD = ORIGIN = "reasoning"


def reasoning(rows: pl.DataFrame, generator: Generator, options: ReasoningOptions, seed: int) -> Synthesised:
    """Reason about every row along several paths and keep those of the answer that most of them reach.

    Self-consistency (Wang et al., arXiv 2203.11171) over chains of thought or least-to-most paths. The sample has the
    row's own prompt; its completion is the path, the marked answer included.

    Args:
        rows: `synth.rows.ROWS`; where a row has `answer`, the accepted answer is compared with it.
        generator: the model that reasons.
        options: see `ReasoningOptions`.
        seed: of the paths.

    Returns:
        Samples of kind `prompt_completion` with the check `self_consistency` (the agreement), at most `keep` a row; a
        ledger row for every request of a path that is in none.

    Raises:
        InputError: when there are no rows.
    """
    every = problems(rows, METHOD)
    walk = chains if options.method == "chain_of_thought" else least_to_most
    paths = walk(every, generator, options, seed)
    of: dict[str, list[Path]] = {one.source.id: [] for one in every}
    for path in paths:
        of[path.problem.source.id].append(path)
        _read(path, options)
    samples: list[dict[str, Any]] = []
    unused: dict[str, Drop] = {}
    votes: dict[str, Vote] = {}
    for one in every:
        found = of[one.source.id]
        votes[one.source.id] = vote([path.key for path in found])
        made, drop = _decide(one, found, votes[one.source.id], options)
        samples += made
        if drop is not None:
            unused[one.source.id] = drop
    attempts = [attempt for path in paths for attempt in path.attempts]
    report = _report(every, of, votes, options)
    sources = [one.source for one in every]
    return accounted(METHOD, "prompt_completion", sources, attempts, samples, unused, report)


def _read(path: Path, options: ReasoningOptions) -> None:
    """Find the answer of a path and its value; a path without one is dropped at its last request."""
    if path.failed:
        path.settle(None)
        return
    last = path.attempts[-1]
    found = extract(last.text, options.pattern)
    value = found if isinstance(found, Rejected) else key(path.problem.item, found, options.compare)
    if isinstance(value, Rejected):
        last.drop = Drop(value.rule, detail={"found": value.detail})
        path.settle(None)
    else:
        assert isinstance(found, str)
        path.answer, path.key = found, value


def _decide(
    problem: Problem, paths: Sequence[Path], result: Vote, options: ReasoningOptions
) -> tuple[list[dict[str, Any]], Drop | None]:
    """Samples of a row, or why there are none; every path is settled."""
    read = [path for path in paths if path.key is not None]
    if result.key is None:
        return [], Drop("no_answer", detail={"paths": len(paths)})
    winners = [path for path in read if path.key == result.key]
    agreement = graded("self_consistency", result.agreement, options.min_agreement, f"votes {result.counts}")
    right = _right(problem, winners[0])
    drop: Drop | None = None
    if result.tied:
        drop = Drop("tie", result.agreement, detail={"votes": result.counts})
    elif not agreement.passed:
        drop = Drop("disagreement", agreement.score, agreement.threshold, detail={"votes": result.counts})
    elif options.verify and right is not None and not right.passed:
        drop = Drop("wrong_answer", right.score, right.threshold, detail={"found": right.detail})
    if drop is not None:
        for path in read:
            path.settle(Drop(drop.rule, drop.value, drop.threshold, detail={**drop.detail, "answer": path.answer}))
        return [], drop
    for path in read:
        if path.key != result.key:
            path.settle(Drop("minority", detail={"answer": path.answer, "votes": result.counts}))
    checks = (agreement,) if right is None else (agreement, right)
    return [_sample(path, result, checks) for path in _kept(winners, options.keep)], None


def _kept(winners: Sequence[Path], keep: int) -> list[Path]:
    """The first paths with different texts; the others are dropped as `repeated` or `not_needed`."""
    kept: dict[str, Path] = {}
    for path in winners:
        text = normalise_answer(path.text)
        if text in kept:
            path.settle(Drop("repeated", duplicate_of=kept[text].attempts[-1].key, similarity=1.0))
        elif len(kept) == keep:
            path.settle(Drop("not_needed", detail={"answer": path.answer}))
        else:
            path.settle(None)
            kept[text] = path
    return list(kept.values())


def _right(problem: Problem, path: Path) -> CheckResult | None:
    """The typed check of a path's answer; none where the row has no answer."""
    return problem.right(path.answer) if problem.checkable and path.answer is not None else None


def _sample(path: Path, result: Vote, checks: Sequence[CheckResult]) -> dict[str, Any]:
    last = path.attempts[-1]
    content = {
        "prompt": path.problem.item.row["prompt"],
        "completion": [{"role": "assistant", "content": path.text}],
    }
    generation = last.generation(
        METHOD, answer=path.answer, votes=result.counts, requests=[attempt.key for attempt in path.attempts]
    )
    return sample(ORIGIN, last.source, content, generation, (*last.checks, *checks))


def _report(
    every: Sequence[Problem], of: dict[str, list[Path]], votes: dict[str, Vote], options: ReasoningOptions
) -> dict[str, Any]:
    """How often paths agree and, over rows with an answer, how often one path and their majority are right."""
    singles: list[bool] = []
    majority: list[tuple[float, bool]] = []
    accepted: list[bool] = []
    checkable = [one for one in every if one.checkable]
    for one in checkable:
        result = votes[one.source.id]
        right: dict[str, bool] = {}
        for path in of[one.source.id]:
            if path.key is not None and path.key not in right:
                found = _right(one, path)
                right[path.key] = found is not None and found.passed
            singles.append(path.key is not None and right[path.key])
        if result.key is not None:
            majority.append((result.agreement, right[result.key] and not result.tied))
            if not result.tied and result.agreement >= options.min_agreement:
                accepted.append(right[result.key])
    agreements = [result.agreement for result in votes.values()]
    return {
        "method": options.method,
        "paths_a_row": options.samples,
        "mean_agreement": sum(agreements) / len(agreements),
        "right": {
            "one_path": _share(sum(singles), len(singles)),
            "majority": _share(sum(right for _, right in majority), len(checkable)),
            "above_threshold": _share(sum(accepted), len(accepted)),
        },
        "by_agreement": by_agreement(majority),
    }


def _share(right: int, of: int) -> dict[str, Any] | None:
    """A share with its 95 % interval; none of nothing."""
    if not of:
        return None
    low, high = wilson(right, of)
    return {"right": right, "of": of, "share": right / of, "low": low, "high": high}
