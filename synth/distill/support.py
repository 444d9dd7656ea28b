"""What the likelihoods of an engine say about a rewrite: does it carry the content, and what leaked into it.

Support: with the rewrite to read, the reference should be about as predictable as with the reference itself to read;
and the rewrite as predictable from the reference as from itself, else it says more. Leak: tokens that only the prompt
with the reference in view explains, and that are none of the reference's own, come from that prompt and not from the
answer.
"""

from collections.abc import Iterable, Sequence

from curation.checks.typed_result import CheckResult, graded, verdict
from curation.model import Score, Scorer, ScoreRequest

from .claim import Claim, template

SUPPORT, LEAK = "open.support", "open.leaked_tokens"
TEMPLATE = "distill_notes"
LEAK_NATS = 5.0  # by so much a token must be likelier with the reference in view to count


def support(claims: Sequence[Claim], scorer: Scorer, threshold: float) -> dict[str, CheckResult]:
    """For each claim, by key: the smaller of how well rewrite and reference explain each other, about 0..1.

    With r the reference, c the rewrite, L(x | y) the log-probability of x as the answer when y stands in the prompt as
    notes, and L(x) without: (L(r | c) - L(r)) / (L(r | r) - L(r)), and the same with r and c exchanged. Where the model
    does not gain by reading the text itself, it cannot tell, and the claim fails.
    """
    scores = _scores(
        [request for claim in claims for request in _pair(claim)],
        scorer,
    )
    return {claim.key: _supported(claim.key, scores, threshold) for claim in claims}


def leaked(claims: Sequence[Claim], scorer: Scorer, most: float) -> dict[str, CheckResult]:
    """For each claim that was written with the reference in view, by key: the share of tokens that leaked, at most."""
    shown = [claim for claim in claims if claim.shown is not None]
    requests = []
    for claim in shown:
        requests += [
            ScoreRequest(f"{claim.key}/in-view", claim.shown or (), claim.text),
            ScoreRequest(f"{claim.key}/closed", claim.item.prompt, claim.text),
            ScoreRequest(f"{claim.key}/reference", claim.item.prompt, claim.item.reference),
        ]
    scores = _scores(requests, scorer)
    return {claim.key: _leak(claim.key, scores, most) for claim in shown}


def _pair(claim: Claim) -> list[ScoreRequest]:
    item, made = claim.item, []
    for said, other, name in ((item.reference, claim.text, "r"), (claim.text, item.reference, "c")):
        made += [
            ScoreRequest(f"{claim.key}/{name}", item.prompt, said),
            ScoreRequest(f"{claim.key}/{name}-other", _noted(claim, other), said),
            ScoreRequest(f"{claim.key}/{name}-itself", _noted(claim, said), said),
        ]
    return made


def _noted(claim: Claim, notes: str) -> tuple[tuple[str, str], ...]:
    prompt = template(TEMPLATE, claim.item).render({"notes": notes, "question": claim.item.question})
    return claim.item.about(prompt)


def _scores(requests: Iterable[ScoreRequest], scorer: Scorer) -> dict[str, Score]:
    return {score.id: score for score in scorer.score(requests)}


def _supported(key: str, scores: dict[str, Score], threshold: float) -> CheckResult:
    shares = []
    for name in ("r", "c"):
        alone, other, itself = (scores[f"{key}/{name}{end}"] for end in ("", "-other", "-itself"))
        bad = next((score.error for score in (alone, other, itself) if score.error is not None), None)
        if bad is not None:
            return graded(SUPPORT, -1.0, threshold, f"not scored: {bad}")
        gain = itself.total - alone.total
        if gain <= 0:
            return graded(SUPPORT, -1.0, threshold, "the model gains nothing by reading the text itself")
        shares.append((other.total - alone.total) / gain)
    carried, grounded = shares
    detail = f"the reference from the text {carried:.2f}, the text from the reference {grounded:.2f}"
    return graded(SUPPORT, min(shares), threshold, detail)


def _leak(key: str, scores: dict[str, Score], most: float) -> CheckResult:
    seen, closed, reference = (scores[f"{key}/{name}"] for name in ("in-view", "closed", "reference"))
    if seen.error or closed.error or reference.error or seen.token_ids != closed.token_ids or not seen.token_ids:
        return verdict(LEAK, False, "not scored alike with and without the reference in view")
    own = set(reference.token_ids)
    pairs = zip(seen.token_ids, seen.logprobs, closed.logprobs, strict=True)
    found = sum(with_it - without >= LEAK_NATS and token not in own for token, with_it, without in pairs)
    share = found / len(seen.token_ids)
    return graded(LEAK, 1.0 - share, 1.0 - most, f"{found} tokens that only the reference in view explains")
