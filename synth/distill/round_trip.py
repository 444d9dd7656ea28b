"""Can the answer be had from the rewrite alone? The model is asked again with only the rewrite to read."""

from collections.abc import Sequence

from curation.checks import typed
from curation.checks.typed_result import CheckResult, shown, verdict
from curation.model import Generator, Request, Response, Sampling

from ..answers import answered
from .claim import Claim, template

NAME = "round_trip"
TEMPLATE = "distill_round_trip"
KINDS = ("short_answer", "number", "choice")  # answers that can be asked for again


def round_trip(claims: Sequence[Claim], generator: Generator, max_tokens: int, seed: int) -> dict[str, CheckResult]:
    """For each claim with a bare answer of `KINDS`, by key: does the model's answer from the text alone verify?

    It stands beside the check of the text itself and never in its place: the model may know the answer anyhow. Greedy.
    """
    asked = [claim for claim in claims if claim.item.answer is not None and claim.item.kind in KINDS]
    requests = {claim.key: _request(claim, max_tokens, seed) for claim in asked}
    responses = answered(list(requests.values()), generator)
    return {claim.key: _decide(claim, responses[requests[claim.key].id, 0]) for claim in asked}


def _request(claim: Claim, max_tokens: int, seed: int) -> Request:
    prompt = template(TEMPLATE, claim.item).render({"text": claim.text, "question": claim.item.question})
    return Request(f"{claim.key}/round-trip", (("user", prompt),), Sampling(max_tokens, seed=seed))


def _decide(claim: Claim, response: Response) -> CheckResult:
    item = claim.item
    if response.finish_reason != "stop" or not response.text.strip():
        return verdict(NAME, False, f"no whole answer from the text alone: {response.error or response.finish_reason}")
    found = typed.check(item.kind, str(item.answer), response.text.strip(), choices=item.choices, prompt=item.question)
    return verdict(NAME, found.passed, f"from the text alone: {shown(response.text.strip())}; {found.detail}")
