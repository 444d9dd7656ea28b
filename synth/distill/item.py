"""A row on its way up the ladder, and what was written for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from curation import tables
from curation.checks import typed_spec
from curation.checks.beside import PROGRAMS
from curation.checks.typed_result import CheckResult
from curation.model import Request, Response

from ..prompts import Template

if TYPE_CHECKING:
    from .knowledge import Knowledge

Turns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Item:
    """One input row.

    Attributes:
        row: the row as it came, for what passes through unchanged.
        question: content of the prompt's last turn.
        reference: content of the completion, empty where the completion is not one assistant's turn.
        answer: the bare answer of the reference, none for open text.
        kind: how an answer is compared, a kind of `curation.checks.typed`.
        choices: the options of an answer of kind `choice`.
        others: further right answers, for open text.
        problem: why nothing could ever pass the check of its answer, none where something could.
    """

    id: str
    row: dict[str, Any]
    question: str
    reference: str
    answer: str | None
    kind: str
    choices: tuple[str, ...]
    others: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def references(self) -> tuple[str, ...]:
        """Every text that is right for an open question."""
        return (self.reference, *self.others)

    @property
    def runs(self) -> bool:
        """Whether the check of an answer runs it as a program."""
        return self.answer is not None and self.kind in PROGRAMS

    @property
    def prompt(self) -> Turns:
        """The prompt as an engine takes it."""
        return tuple((turn["role"], turn["content"]) for turn in self.row["prompt"])

    def about(self, question: str) -> Turns:
        """The prompt with another last turn; earlier turns stay."""
        return (*self.prompt[:-1], ("user", question))


@dataclass(frozen=True)
class Candidate:
    """One answer to one request for a row.

    Attributes:
        rung: `self` (closed book) or `rewrite`.
        round: number among the row's requests of this rung, from 0.
        template: that showed the reference, none for `self`.
        checks: every check of the text, or one called `refused` where the engine made none.
    """

    item: Item
    rung: str
    round: int
    request: Request
    response: Response
    template: Template | None
    checks: tuple[CheckResult, ...]

    @property
    def text(self) -> str:
        """What would be trained on."""
        return self.response.text.strip()

    @property
    def verified(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> CheckResult:
        """The first check that did not pass."""
        return next(check for check in self.checks if not check.passed)

    def generation(self, engine: str, model: str) -> dict[str, Any]:
        """Everything that made the text, for the generation column."""
        sampling = self.request.sampling
        return {
            "model": model,
            "adapter": self.request.adapter,
            "engine": engine,
            "method": "distill",
            "rung": self.rung,
            "template": self.template.name if self.template else None,
            "template_hash": self.template.hash if self.template else None,
            "sampling": sampling.record(),
            "request": self.request.id,
            "sample": self.request.sample,
            "prompt_tokens": self.response.prompt_tokens,
            "tokens": len(self.response.token_ids),
            "finish_reason": self.response.finish_reason,
        }


@dataclass
class Tried:
    """What was tried for a row so far, in the order of the ladder."""

    item: Item
    candidates: list[Candidate] = field(default_factory=list)
    knowledge: "Knowledge | None" = None  # what the gate found, none where it was left out or has nothing to compare

    def verified(self) -> list[Candidate]:
        """Candidates that passed every check."""
        return [candidate for candidate in self.candidates if candidate.verified]

    @property
    def new(self) -> bool:
        """Whether the model was found not to know the answer."""
        return self.knowledge is not None and not self.knowledge.known


def items(rows: pl.DataFrame) -> Iterator[Item]:
    """Items of a frame with `sample_id`, `task`, `prompt`, `completion`, and any of the columns of answers.

    These are `answer`, `check`, `choices`, and `references`: further right answers of open text.
    """
    for row in rows.iter_rows(named=True):
        completion = row["completion"]
        single = len(completion) == 1 and completion[0]["role"] == "assistant"
        answer, kind = row.get("answer"), row.get("check") or "short_answer"
        choices = tuple(row.get("choices") or ())
        yield Item(
            id=row["sample_id"],
            row=row,
            question=row["prompt"][-1]["content"],
            reference=completion[0]["content"] if single else "",
            answer=answer,
            kind=kind,
            choices=choices,
            others=tuple(row.get("references") or ()),
            problem=None if answer is None else typed_spec.problem(kind, answer, choices),
        )


def order(item_id: str, seed: int) -> str:
    """A sort key that shuffles ids by seed, whatever order they came in."""
    return tables.fingerprint([seed, item_id])
