"""Rejection sampling: several answers to a prompt, of which those are kept that are verified and differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, log
from typing import Any

import polars as pl
import re2

from curation.checks.typed_result import graded
from curation.errors import InputError
from curation.metrics.text import rouge_l, tokens
from curation.model import Generator, Request, Sampling, Scorer, ScoreRequest

from ...drop import Drop
from ...prompts import load
from ...synthesised import Synthesised
from ..account import accounted, sample
from ..attempt import Ask, Attempt, attempted, draws, language_of
from ..own import own_template
from ..problem import Problem, checks_of_each, problems
from ..reward import Reward, rewards
from .options import BestOfOptions

METHOD = ORIGIN = "best_of"
# A calculation: an arithmetic expression, an equals sign, its value.
_CALCULATION = re2.compile(r"[\d(][\d\s().,%$+*/×÷xX·−-]*[+*/×÷xX·−-][\d\s().,%$+*/×÷xX·−-]*=\s*[$]?-?[\d.,]*\d")
_SAME_SIGNS = str.maketrans({"×": "*", "x": "*", "X": "*", "·": "*", "÷": "/", "−": "-", "$": "", ",": "", " ": ""})


@dataclass
class _Candidate:
    """A verified answer and what it is chosen by; `rank` sorts, the least first."""

    attempt: Attempt
    score: float | None
    rank: tuple[float, int]


def best_of(
    rows: pl.DataFrame,
    generator: Generator,
    scorer: Scorer | None,
    options: BestOfOptions,
    seed: int,
    reward: Reward | None = None,
) -> Synthesised:
    """Draw several answers for every row and keep the best of those that are verified, each with another reasoning.

    Rejection sampling as for fine-tuning (Yuan et al., arXiv 2308.01825, section 3.3: deduplicated by their lists of
    calculations). Drawing the best of n moves a policy by at most log n - (n-1)/n nats of KL divergence (Beirami et
    al., arXiv 2401.01879, theorem 1); the report has it.

    Args:
        rows: `synth.rows.ROWS`; a row with `answer` is verified by its typed check.
        generator: the model that answers.
        scorer: for `choose: likelihood`.
        options: see `BestOfOptions`.
        seed: of the draws.
        reward: for `choose: reward`.

    Returns:
        Samples of kind `prompt_completion`, at most `keep` a row, best first; a ledger row for every other answer.

    Raises:
        InputError: when there are no rows, or what answers are to be chosen by is not there.
    """
    if options.choose == "likelihood" and scorer is None:
        raise InputError("best_of option choose is 'likelihood' but there is no scorer, expected one")
    if (options.choose == "reward" or options.min_reward is not None) and reward is None:
        raise InputError("best_of options ask for a reward but there is no reward function, expected one")
    every = problems(rows, METHOD)
    asked = [one for one in every if one.checkable or options.unchecked]
    asks = [ask for one in asked for ask in draws(_ask(one, options, seed), options.samples)]
    attempts = attempted(asks, generator)
    drawn: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        drawn.setdefault(attempt.source.id, []).append(attempt)
    _verify([(one, attempt) for one in asked for attempt in drawn[one.source.id] if attempt.drop is None], options)
    candidates = _candidates(asked, drawn, scorer, reward, options)
    verified = {name: len(found) for name, found in candidates.items()}
    samples = [row for one in asked for row in _kept(one, candidates[one.source.id], options)]
    unused = {one.source.id: Drop("none_verified" if one.source.id in verified else "not_checkable") for one in every}
    report = _report(verified, options)
    return accounted(METHOD, "prompt_completion", [one.source for one in every], attempts, samples, unused, report)


def distinct_reasoning(text: str) -> tuple[str, ...]:
    """What tells one reasoning from another: the calculations of a text in order, signs and spaces made equal."""
    return tuple(found.group().translate(_SAME_SIGNS).rstrip(".") for found in _CALCULATION.finditer(text))


def same_reasoning(one: str, other: str, max_similarity: float) -> tuple[bool, float]:
    """Whether two answers reason alike, and how alike they are, 0..1.

    With calculations in either they are alike when they calculate the same; else when their ROUGE-L (F) reaches
    `max_similarity`.
    """
    mine, theirs = distinct_reasoning(one), distinct_reasoning(other)
    if mine or theirs:
        return mine == theirs, float(mine == theirs)
    likeness = 1.0 if tokens(one) == tokens(other) else rouge_l(one, other).f
    return likeness >= max_similarity, likeness


def kl_bound(n: int) -> float:
    """Upper bound of KL(best of n || one draw) in nats: log n - (n-1)/n."""
    return log(n) - (n - 1) / n


def pass_at(n: int, right: int, k: int) -> float:
    """Unbiased estimate of the chance that one of k draws is right, from n draws (Chen et al., arXiv 2107.03374)."""
    return 1.0 if n - right < k else 1.0 - comb(n - right, k) / comb(n, k)


def _ask(problem: Problem, options: BestOfOptions, seed: int) -> Ask:
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed)
    name = f"{problem.source.id}/{METHOD}"
    question, template = problem.item.question, None
    if options.template is not None:
        template = own_template(options.template, ("question",), "best_of option template")
    elif options.explain:
        template = load(f"best_of_explain.{language_of(question, options.language)}")
    prompt = problem.about(template, {"question": question}) if template is not None else problem.prompt
    return Ask(problem.source, Request(name, prompt, sampling), template)


def _verify(answers: Sequence[tuple[Problem, Attempt]], options: BestOfOptions) -> None:
    """Check every answer to its problem and drop those that fail."""
    for (_, one), checks in zip(answers, checks_of_each(answers, options.min_language), strict=True):
        one.checks = checks
        failed = next((check for check in checks if not check.passed), None)
        one.drop = Drop.failed(failed) if failed is not None else None


def _candidates(
    asked: Sequence[Problem],
    drawn: Mapping[str, Sequence[Attempt]],
    scorer: Scorer | None,
    reward: Reward | None,
    options: BestOfOptions,
) -> dict[str, list[_Candidate]]:
    """Verified answers of each problem, best first; those below `min_reward` are dropped."""
    left = [(one, attempt) for one in asked for attempt in drawn[one.source.id] if attempt.drop is None]
    scores: dict[str, float] = {}
    if reward is not None and (options.choose == "reward" or options.min_reward is not None):
        found = rewards(reward, [(one.item.prompt, attempt.text) for one, attempt in left])
        scores = {attempt.key: score for (_, attempt), score in zip(left, found, strict=True)}
        for _, attempt in left:
            if options.min_reward is not None:
                check = graded("reward", scores[attempt.key], options.min_reward, "reward")
                attempt.checks = (*attempt.checks, check)
                attempt.drop = None if check.passed else Drop.failed(check)
    order = scores
    if options.choose == "likelihood" and scorer is not None:
        order = _likelihoods(left, scorer)
    candidates: dict[str, list[_Candidate]] = {one.source.id: [] for one in asked}
    for one, attempt in left:
        if attempt.drop is None:
            score = order.get(attempt.key) if options.choose in ("likelihood", "reward") else None
            number = attempt.ask.request.sample
            first = {"first": 0.0, "shortest": float(len(attempt.text))}.get(options.choose)
            if first is None:  # an answer without a score comes after those with one
                first = -score if score is not None else float("inf")
            candidates[one.source.id].append(_Candidate(attempt, score, (first, number)))
    return {name: sorted(found, key=lambda one: one.rank) for name, found in candidates.items()}


def _likelihoods(left: Sequence[tuple[Problem, Attempt]], scorer: Scorer) -> dict[str, float]:
    """Mean log-probability a token of each answer to the row's own prompt, nats; none for one that cannot be scored."""
    requests = [ScoreRequest(attempt.key, one.prompt, attempt.text) for one, attempt in left]
    return {
        score.id: score.total / len(score.token_ids)
        for score in scorer.score(requests)
        if score.error is None and score.token_ids
    }


def _kept(problem: Problem, candidates: Sequence[_Candidate], options: BestOfOptions) -> list[dict[str, Any]]:
    """Samples of a problem: best first, each unlike those before it; the others are dropped with the reason."""
    chosen: list[_Candidate] = []
    for one in candidates:
        alike = [(other, *same_reasoning(one.attempt.text, other.attempt.text, options.max_similarity))
                 for other in chosen]  # fmt: skip
        twin = next(((other, likeness) for other, same, likeness in alike if same), None)
        if twin is not None:
            one.attempt.settle(Drop("same_reasoning", duplicate_of=twin[0].attempt.key, similarity=twin[1]))
        elif len(chosen) == options.keep:
            one.attempt.settle(Drop("not_best", one.score, chosen[-1].score))
        else:
            one.attempt.settle(None)
            chosen.append(one)
    return [_sample(problem, one, place) for place, one in enumerate(chosen)]


def _sample(problem: Problem, candidate: _Candidate, place: int) -> dict[str, Any]:
    attempt = candidate.attempt
    content = {
        "prompt": problem.item.row["prompt"],
        "completion": [{"role": "assistant", "content": attempt.text}],
    }
    generation = attempt.generation(METHOD, score=candidate.score, place=place)
    return sample(ORIGIN, attempt.source, content, generation, attempt.checks)


def _report(verified: Mapping[str, int], options: BestOfOptions) -> dict[str, Any]:
    """What rejection sampling must say: n, the bound on how far it moves the model, and how often one draw passes."""
    n, rows = options.samples, len(verified)
    ks = [k for k in (1, 2, 4, 8, 16, 32, 64) if k < n] + [n]
    return {
        "n": n,
        "kl_bound_nats": kl_bound(n),
        "choose": options.choose,
        "verified_a_row": sum(verified.values()) / rows if rows else None,
        "pass_at": {str(k): sum(pass_at(n, right, k) for right in verified.values()) / rows for k in ks if rows},
        "rows_by_verified": {str(count): found for count, found in sorted(Counter(verified.values()).items())},
    }
