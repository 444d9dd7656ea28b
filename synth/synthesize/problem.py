"""Rows as questions with or without a known answer, the checks of an answer to them, and how they are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation.checks import beside, typed
from curation.checks.typed_result import CheckResult
from curation.errors import InputError

from ..distill.item import Item, items
from ..drop import Drop
from ..prompts import Template
from .attempt import Attempt, Source, source_of
from .form import form
from .plain import plain, prompt


@dataclass(frozen=True)
class Problem:
    """A row that is asked: `item` as self-distillation reads it, `source` as samples and ledger name it."""

    source: Source
    item: Item

    @property
    def checkable(self) -> bool:
        """Whether there is an answer that a typed check can compare with."""
        return self.item.answer is not None

    @property
    def prompt(self) -> tuple[tuple[str, str], ...]:
        """The row's own prompt as an engine takes it; marks of chat templates in it stay text (`plain`)."""
        return tuple((role, plain(content)) for role, content in self.item.prompt)

    def about(self, template: Template, values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """The prompt with another last turn, made by a template; earlier turns stay."""
        return (*self.prompt[:-1], *prompt(template, values))

    def right(self, text: str) -> CheckResult:
        """The typed check of what an answer says; only for a checkable problem."""
        item = self.item
        assert item.answer is not None
        pattern = item.answer if item.kind == "regex" else None  # for `regex` the answer of a row is the pattern
        return typed.check(item.kind, item.answer, text, choices=item.choices, pattern=pattern, prompt=item.question)

    def checks(self, text: str, finish_reason: str, min_language: float) -> tuple[CheckResult, ...]:
        """Form of an answer and, where it can be checked, what it says."""
        formal = form(text, finish_reason, self.item.question, self.item.reference, min_language)
        return (*formal, self.right(text)) if self.checkable else formal


def problems(rows: pl.DataFrame, method: str) -> list[Problem]:
    """The problems of a frame (`synth.rows.ROWS`), in its order.

    Raises:
        InputError: when there are none.
    """
    if not rows.height:
        raise InputError(f"{method}: found no rows, expected at least one")
    return [Problem(source_of(item.row), item) for item in items(rows)]


def checks_of_each(answers: Sequence[tuple[Problem, Attempt]], min_language: float) -> list[tuple[CheckResult, ...]]:
    """The checks of every answer to its problem, in their order; programs are run beside each other."""
    return beside.each(
        lambda one: one[0].checks(one[1].text, one[1].response.finish_reason, min_language),
        answers,
        lambda one: one[0].item.runs,
    )


def judge_form(attempt: Attempt, problem: Problem, min_language: float) -> bool:
    """Check the form of an attempt, drop it at the first check that fails; whether it is left."""
    if attempt.drop is None:
        response, item = attempt.response, problem.item
        attempt.checks = form(attempt.text, response.finish_reason, item.question, item.reference, min_language)
        failed = next((check for check in attempt.checks if not check.passed), None)
        attempt.drop = Drop.failed(failed) if failed is not None else None
    return attempt.drop is None
