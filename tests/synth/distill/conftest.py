"""Rows of one question each, and answers to them as an engine gave them, written down."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from curation.checks.typed_result import CheckResult, verdict
from curation.model import Request, Response, Sampling
from synth.distill.item import Candidate, Item, Tried
from synth.distill.knowledge import Knowledge, Sample
from synth.prompts import load

Answer = tuple[str, bool]  # text, and whether its checks passed


def item(number: int = 0, reference: str = "RESULT >>> 22 <<<", answer: str | None = "22", **other: Any) -> Item:
    """The row of a sum; `other` are columns of the row, and `question`."""
    question = other.pop("question", "What is 11 + 11?")
    name = f"{number:032x}"
    row = {
        "sample_id": name,
        "task": "sums",
        "prompt": [{"role": "user", "content": question}],
        "completion": [{"role": "assistant", "content": reference}],
        "answer": answer,
        "check": None,
        "choices": None,
        "file": "sums.jsonl",
        "record": number,
        **other,
    }
    return Item(name, row, question, reference, answer, row["check"] or "short_answer", tuple(row["choices"] or ()))


def candidate(
    of: Item, rung: str, round_: int, text: str, failing: str | None = None, finish_reason: str = "stop"
) -> Candidate:
    """An answer on a rung; its checks passed unless the name of a failing one is given."""
    name = f"{of.id}/self" if rung == "self" else f"{of.id}/rewrite-{round_}"
    checks: tuple[CheckResult, ...] = (verdict("finish", True, "stop"),)
    if failing is not None:
        checks += (verdict(failing, False, "no"), verdict("later", False, "no"))
    response = Response(name, 0, text, tuple(range(len(text.split()))), finish_reason, 9)
    template = None if rung == "self" else load(f"rewrite_{round_ % 2 + 1}.en")
    return Candidate(of, rung, round_, Request(name, of.prompt, Sampling(64)), response, template, checks)


def tried(of: Item, own: Answer | None, rewrites: Sequence[Answer], known: int | None = None) -> Tried:
    """A row with its closed-book answer, where one was asked for, and its rewrites in rounds."""
    found = [candidate(of, "self", 0, own[0], None if own[1] else "number")] if own is not None else []
    found += [
        candidate(of, "rewrite", at, text, None if good else "number") for at, (text, good) in enumerate(rewrites)
    ]
    return Tried(of, found, known_right(of, known, 3) if known is not None else None)


def known_right(of: Item, right: int, samples: int) -> Knowledge:
    """What the gate found: so many right answers among its samples, known from one on."""
    asked = tuple(
        Sample("asked", Request(f"{of.id}/known-asked", of.prompt, Sampling(64), number),
               Response(f"{of.id}/known-asked", number, "22", (1,), "stop", 9), number < right)
        for number in range(samples)
    )  # fmt: skip
    return Knowledge(asked, right > 0, 0.0, float(right > 0), right > 0)


@pytest.fixture(scope="session")
def make_item() -> Callable[..., Item]:
    return item


@pytest.fixture(scope="session")
def make_candidate() -> Callable[..., Candidate]:
    return candidate


@pytest.fixture(scope="session")
def make_tried() -> Callable[..., Tried]:
    return tried
