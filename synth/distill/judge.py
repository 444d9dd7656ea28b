"""A model judges whether two texts say the same. It emits a label, is asked twice, and is tested on every row.

Guided output leaves it two labels, `A` and `B`; which of them means `the same` changes from one question to the next,
so that a text which tells the judge what label to emit contradicts itself. A text that talks the judge into finding
everything the same is found out by two controls on the same row: the candidate beside a foreign text, and the
reference beside one. A judge that calls either the same has no say on this row, and the candidate is rejected. So a
judge can only take away what the other checks let pass; of content that is all but nothing where `signs` are off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from curation.checks.typed_result import CheckResult, verdict
from curation.model import Generator, Guide, Request, Response, Sampling

from ..answers import answered
from ..script import language_of
from .claim import Claim, template

NAME = "open.judge"
TEMPLATE = "distill_judge"
LABELS = ("A", "B")
FOREIGN = {  # what no row says
    "en": "The lighthouse keeper of Orvanne counted eleven grey gulls before the ferry turned back at dusk.",
    "ko": "오르반 등대지기는 저녁 무렵 배가 돌아가기 전에 잿빛 갈매기 열한 마리를 세었다.",
}


@dataclass(frozen=True)
class _Question:
    """Two texts to compare, which label says that they are the same, and what the judge must say."""

    name: str
    first: str
    second: str
    a_is_same: bool
    same: bool


def judge(claims: Sequence[Claim], generator: Generator, seed: int) -> dict[str, CheckResult]:
    """The judge's verdict on each claim, by its key.

    Every claim costs four requests of one token each. Greedy.
    """
    questions = {claim.key: _questions(claim) for claim in claims}
    requests = {
        (claim.key, question.name): _request(claim, question, seed)
        for claim in claims
        for question in questions[claim.key]
    }
    responses = answered(list(requests.values()), generator)
    return {
        claim.key: _decide([(one, responses[requests[claim.key, one.name].id, 0]) for one in questions[claim.key]])
        for claim in claims
    }


def _questions(claim: Claim) -> list[_Question]:
    reference, text = claim.item.reference, claim.text
    foreign = FOREIGN[language_of(reference, "auto")]
    return [
        _Question("same", reference, text, True, True),
        _Question("same-turned", reference, text, False, True),
        _Question("control-text", foreign, text, True, False),
        _Question("control-reference", reference, foreign, False, False),
    ]


def _request(claim: Claim, question: _Question, seed: int) -> Request:
    prompt = template(TEMPLATE, claim.item).render(
        {
            "question": claim.item.question,
            "first": question.first,
            "second": question.second,
            "a_is_same": question.a_is_same,
        }
    )
    sampling = Sampling(max_tokens=2, seed=seed, guide=Guide(choice=LABELS))
    return Request(f"{claim.key}/judge-{question.name}", (("user", prompt),), sampling)


def _decide(answers: Sequence[tuple[_Question, Response]]) -> CheckResult:
    """Passed only when all four answers are labels and each is the expected one."""
    said: dict[str, bool] = {}
    for question, response in answers:
        label = response.text.strip()
        if response.finish_reason == "refused" or label not in LABELS:
            return verdict(NAME, False, f"no label to {question.name}: {response.text[:40]!r}")
        said[question.name] = (label == "A") == question.a_is_same
    for question, _ in answers:
        if not question.same and said[question.name]:
            return verdict(NAME, False, f"not to be relied on: calls a foreign text the same ({question.name})")
    if said["same"] != said["same-turned"]:
        return verdict(NAME, False, "not to be relied on: the order of the labels decides")
    return verdict(NAME, said["same"], "the same" if said["same"] else "something differs")
