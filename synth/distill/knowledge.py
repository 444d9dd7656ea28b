"""The knowledge gate: does the model know a row's answer before it is trained on it?

k closed-book answers are asked for, over several forms of the prompt. A row counts as known when both hold:

1. at least m of its k answers are right;
2. it is likelier that they are right because the model knows than by luck. How often luck passes the first test is
   measured, not assumed: it is the share of other questions of the task whose answers would have passed as answers to
   this one (for `choice` at least one over the number of choices). A model that always says `yes` passes on every row
   with that answer, and would have passed with its answers to any other: that is luck. From the share a of rows of a
   task that pass and the mean chance c, guessing corrected for, a share (a - c) / (1 - c) of the rows is known, or none
   where the 95 % interval of a does not lie above c; Bayes' rule gives the probability for a row with its own chance.

The grades are those of Gekhman et al. 2024 (arXiv 2405.05904, section 3): `highly` when all greedy answers are right,
`maybe` when some are, `weakly` when only sampled ones are, `unknown` when none is.

Open text has no bare answer that could be right or wrong: such rows are not measured, and stay on the ladder.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from curation import tables
from curation.checks import beside, typed
from curation.errors import InputError
from curation.languages import HANGUL_FROM
from curation.metrics.intervals import wilson
from curation.model import Generator, Request, Response, Sampling

from .. import bounds, prompts
from ..answers import answered
from ..script import hangul_share
from .item import Item, Turns, order

ASKED = "asked"  # the form that shows the prompt as it is
FORMS = (ASKED, "brief", "question")
RULE = "distill.knowledge_sample"
GRADES = ("highly", "maybe", "weakly", "unknown")


@dataclass(frozen=True)
class KnowledgeOptions:
    """When a row's answer counts as known to the model.

    Attributes:
        samples: closed-book answers of a row (k), 0 to leave the gate out. They go round the forms; the first answer
            of each form is greedy, the others are sampled.
        right: right answers from which a row can be known (m), at most `samples`.
        confidence: probability of knowing against having guessed, from which a row that has them is known.
        forms: how the prompt is put: `asked` (as it is), `brief` (with a request for a short answer from memory),
            `question` (as `Question: ... Answer:`); forms other than `asked` are in the language of the prompt.
        partners: other rows of the task whose answers show how often luck is right, at most.
        temperature, top_p: of the sampled answers.
        max_tokens: longest answer.
    """

    samples: int = 6
    right: int = 2
    confidence: float = 0.5
    forms: tuple[str, ...] = FORMS
    partners: int = 40
    temperature: float = 0.7
    top_p: float = 0.9
    max_tokens: int = 256

    def __post_init__(self) -> None:
        object.__setattr__(self, "forms", tuple(self.forms))
        right = self.right >= 1 and (not self.samples or self.right <= self.samples)
        bounds.expect("knowledge", self, {
            **bounds.count(self, 0, "samples"),
            "right": (f"at least 1 and at most samples, {self.samples}", right),
            **bounds.share(self, "confidence"),
            **bounds.count(self, 1, "partners"),
            **bounds.sampling(self),
        })  # fmt: skip
        if not self.forms or len(set(self.forms)) < len(self.forms) or not set(self.forms) <= set(FORMS):
            raise InputError(f"knowledge option forms is {list(self.forms)}, expected different ones of {list(FORMS)}")


@dataclass(frozen=True)
class Sample:
    """One closed-book answer."""

    form: str
    request: Request
    response: Response
    right: bool

    @property
    def greedy(self) -> bool:
        """Whether it is the model's likeliest answer in its form."""
        return self.request.sampling.temperature == 0


@dataclass(frozen=True)
class Knowledge:
    """What the closed-book answers of a row say.

    Attributes:
        samples: all of them.
        passed: whether at least m of them are right, the first test.
        chance: probability that luck passes that test, 0..1.
        confidence: probability that the model knows, given that it is passed; 0 where it is not.
        known: the decision.
    """

    samples: tuple[Sample, ...]
    passed: bool
    chance: float
    confidence: float
    known: bool

    @property
    def right(self) -> int:
        """Right answers among the samples."""
        return sum(sample.right for sample in self.samples)

    @property
    def grade(self) -> str:
        """One of `GRADES`."""
        greedy = [sample.right for sample in self.samples if sample.greedy]
        if greedy and all(greedy):
            return "highly"
        return "maybe" if any(greedy) else "weakly" if self.right else "unknown"


def measure(items: Sequence[Item], generator: Generator, options: KnowledgeOptions, seed: int) -> dict[str, Knowledge]:
    """Ask the model, without the references, and decide for every row that has a bare answer; by row id.

    Independent of the order of the rows. Rows without a bare answer or without a reference are not in the result.
    """
    measured = [item for item in items if item.answer is not None and item.reference.strip()] if options.samples else []
    asks = {item.id: [_ask(item, number, options, seed) for number in range(options.samples)] for item in measured}
    responses = answered([request for asked in asks.values() for _, request in asked], generator)
    given = [(item, form, request) for item in measured for form, request in asks[item.id]]
    found = iter(beside.each(lambda one: _sample(*one, responses), given, lambda one: one[0].runs))
    samples = {item.id: tuple(next(found) for _ in asks[item.id]) for item in measured}
    return decide(measured, samples, options, seed)


def decide(
    items: Sequence[Item], samples: Mapping[str, tuple[Sample, ...]], options: KnowledgeOptions, seed: int
) -> dict[str, Knowledge]:
    """The decision for each row from its samples and those of the other rows of its task; a pure function.

    Args:
        items: rows with a bare answer.
        samples: of each row, by its id.
        options: m, the confidence, the partners.
        seed: of the draw of partners.
    """
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in sorted(items, key=lambda one: order(one.id, seed)):
        groups.setdefault((item.row["task"], item.kind), []).append(item)
    found: dict[str, Knowledge] = {}
    for group in groups.values():
        passes = {item.id: sum(one.right for one in samples[item.id]) >= options.right for item in group}
        chances = {item.id: _chance(place, group, samples, options) for place, item in enumerate(group)}
        share = known_share(sum(passes.values()), len(group), sum(chances.values()) / len(group))
        for item in group:
            confidence = posterior(share, chances[item.id]) if passes[item.id] else 0.0
            known = passes[item.id] and confidence >= options.confidence
            found[item.id] = Knowledge(samples[item.id], passes[item.id], chances[item.id], confidence, known)
    return {item.id: found[item.id] for item in items}


def known_share(passed: int, of: int, chance: float) -> float:
    """Share of the rows of a task whose answers the model knows, guessing corrected for: (a - c) / (1 - c).

    0 where a, the share that passed, is not above c with confidence (its Wilson 95 % interval).

    Args:
        passed: rows that pass the test of m in k.
        of: rows in all.
        chance: mean probability that luck passes it, 0..1.
    """
    at_least, _ = wilson(passed, of)
    return (passed / of - chance) / (1 - chance) if at_least > chance else 0.0


def posterior(share: float, chance: float) -> float:
    """Probability that a row which passed is known: share / (share + (1 - share) * chance); 1 where luck cannot pass.

    Luck is taken at its worst: a guess that is right once is right every time.
    """
    return share / (share + (1 - share) * chance) if chance > 0 else 1.0


def right(item: Item, text: str) -> bool:
    """Whether an answer says what the bare answer of its row says, however it says it."""
    if item.answer is None or not text.strip():
        return False
    pattern = item.answer if item.kind == "regex" else None
    return typed.check(
        item.kind, item.answer, text.strip(), choices=item.choices, pattern=pattern, prompt=item.question
    ).passed


def report(items: Iterable[Item], knowledge: Mapping[str, Knowledge]) -> dict[str, Any]:
    """The gate in figures: rows known, new and not measured, grades, right answers by form, and every task.

    `guessed` are rows that passed the first test and not the second. Of each task: rows, rows that passed, rows known,
    and the mean chance of passing by luck.
    """
    every = list(items)
    tasks: dict[str, list[Knowledge]] = {}
    for item in every:
        if item.id in knowledge:
            tasks.setdefault(item.row["task"], []).append(knowledge[item.id])
    found = [one for task in tasks.values() for one in task]
    asked = Counter(sample.form for one in found for sample in one.samples)
    rights = Counter(sample.form for one in found for sample in one.samples if sample.right)
    grades = Counter(one.grade for one in found)
    return {
        "measured": len(found),
        "not_measured": len(every) - len(found),
        "known": sum(one.known for one in found),
        "new": sum(not one.known for one in found),
        "guessed": sum(one.passed and not one.known for one in found),
        "grades": {grade: grades[grade] for grade in GRADES},
        "right_by_form": {form: {"right": rights[form], "of": asked[form]} for form in sorted(asked)},
        "samples": asked.total(),
        "tasks": {
            task: {
                "rows": len(rows),
                "passed": sum(one.passed for one in rows),
                "known": sum(one.known for one in rows),
                "chance": sum(one.chance for one in rows) / len(rows),
            }
            for task, rows in sorted(tasks.items())
        },
    }


def events(item: Item, knowledge: Knowledge) -> list[dict[str, Any]]:
    """A row for the ledger for each answer of the gate, none of which is ever a sample: what was said, and if right."""
    return [
        {
            "row_id": f"{sample.request.id}-{sample.request.sample}",
            "file": item.row.get("file"),
            "record": item.row.get("record"),
            "rule": RULE,
            "value": float(sample.right),
            "threshold": None,
            "detail": tables.canonical_json({"row": item.id, "form": sample.form, "text": sample.response.text}),
        }
        for sample in knowledge.samples
    ]


def _ask(item: Item, number: int, options: KnowledgeOptions, seed: int) -> tuple[str, Request]:
    """The form and the request of one sample: forms in turn, each greedily first."""
    form, turn = options.forms[number % len(options.forms)], number // len(options.forms)
    sampling = Sampling(options.max_tokens, seed=seed)
    if turn:
        sampling = Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed)
    return form, Request(f"{item.id}/known-{form}", _shown(item, form), sampling, turn)


def _shown(item: Item, form: str) -> Turns:
    if form == ASKED:
        return item.prompt
    language = "ko" if hangul_share(item.question) >= HANGUL_FROM else "en"
    return item.about(prompts.load(f"knowledge_{form}.{language}").render({"prompt": item.question}))


def _sample(item: Item, form: str, request: Request, responses: Mapping[tuple[str, int], Response]) -> Sample:
    response = responses[request.id, request.sample]
    return Sample(form, request, response, response.finish_reason != "refused" and right(item, response.text))


def _chance(
    place: int, group: Sequence[Item], samples: Mapping[str, tuple[Sample, ...]], options: KnowledgeOptions
) -> float:
    """Share of the next rows of the group, which is in a drawn order, whose answers pass as this row's.

    0 for programs, which are not right by luck: what others wrote is not run to see it.
    """
    item = group[place]
    if item.runs:
        return 0.0
    following = (group[(place + shift) % len(group)] for shift in range(1, len(group)))
    # An answer to the same question is no luck.
    strangers = islice((other for other in following if other.question != item.question), options.partners)
    others = [samples[other.id] for other in strangers]
    texts = {one.response.text for other in others for one in other}  # few, where luck is likely
    fits = {text for text in texts if right(item, text)}
    lucky = sum(sum(one.response.text in fits for one in other) >= options.right for other in others)
    measured = lucky / len(others) if others else 0.0
    return max(measured, 1 / len(item.choices)) if item.kind == "choice" else measured
