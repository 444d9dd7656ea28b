"""Which text a row ends with: its own answer, the likeliest verified rewrite, or its reference."""

from dataclasses import dataclass, field

from curation.model import Score, Scorer, ScoreRequest

from .item import Candidate, Tried

TIERS = {"self": "verified_self", "rewrite": "verified_rewrite"}
GOLD, NEW = "gold_fallback", "new_knowledge"
REPEATS = "repeats_sample"  # the check that `apart` adds to a text which another row ends with


@dataclass(frozen=True)
class Likelihoods:
    """Closed-book scores of texts after their rows' prompts; a text that could not be scored is in neither.

    Attributes:
        references: by row id.
        candidates: by request id, of verified candidates only.
    """

    references: dict[str, Score] = field(default_factory=dict)
    candidates: dict[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """Where on the ladder a row ended, and why it kept its reference where it did."""

    tried: Tried
    chosen: Candidate | None
    tier: str
    reason: str | None


def likelihoods(tried: list[Tried], scorer: Scorer) -> Likelihoods:
    """Score every reference and every verified candidate as the answer to its row's prompt, no reference in view."""
    requests: dict[str, ScoreRequest] = {}
    owners: dict[str, str] = {}
    for one in tried:
        if one.item.reference.strip():
            key = f"{one.item.id}/reference"
            requests[key] = ScoreRequest(key, one.item.prompt, one.item.reference)
            owners[key] = one.item.id
        for candidate in one.verified():
            requests[candidate.request.id] = ScoreRequest(candidate.request.id, one.item.prompt, candidate.text)
    scores = {score.id: score for score in scorer.score(requests.values()) if score.error is None and score.token_ids}
    return Likelihoods(
        {owners[key]: score for key, score in scores.items() if key in owners},
        {key: score for key, score in scores.items() if key not in owners},
    )


def settle(one: Tried, likely: Likelihoods) -> Outcome:
    """Choose among what was verified: the highest rung, on it the highest mean log-probability a token, then the first.

    The mean and not the sum, which would choose the shortest. A candidate without a score comes after those with one.
    """
    verified = one.verified()
    if not verified:
        return Outcome(one, None, NEW if one.new else GOLD, _reason(one))
    rung = verified[0].rung  # candidates stand in the order of the ladder

    def rank(candidate: Candidate) -> tuple[float, int]:
        score = likely.candidates.get(candidate.request.id)
        return (-score.total / len(score.token_ids) if score is not None else float("inf"), candidate.round)

    chosen = min((candidate for candidate in verified if candidate.rung == rung), key=rank)
    return Outcome(one, chosen, TIERS[rung], None)


def _reason(one: Tried) -> str:
    """Why nothing of the model's own is there: the last failing check, or why nothing was tried."""
    if not one.item.reference.strip():
        return "not_one_answer"  # several turns, or a tool's: no single text that could be put in other words
    if one.item.problem is not None:
        return "unusable_answer"  # no pattern, schema or call that anything could match; the ledger row says why
    if one.new:
        return NEW
    failed = [candidate.failed.name for candidate in one.candidates]
    return REPEATS if REPEATS in failed else failed[-1]  # a text that was right but for that tells more than the last
