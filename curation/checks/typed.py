"""One door to the typed checks: `check(kind, reference, candidate, ...)`."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ..errors import InputError
from . import typed_answers, typed_code, typed_form, typed_marks
from .typed_result import CheckResult

ANSWER_KINDS = (  # what the answer says
    "number", "choice", "regex", "json", "json_schema", "python_call", "python_code", "python_output", "short_answer",
)  # fmt: skip
FORM_KINDS = (  # how it is said
    "length", "language", "refusal", "repetition", "finish", "whole", "leak", "remark", "markers", "orders",
)  # fmt: skip
KINDS = ANSWER_KINDS + FORM_KINDS


def check(
    kind: str,
    reference: str,
    candidate: str,
    *,
    prompt: str = "",
    choices: Sequence[str] = (),
    pattern: str | None = None,
    schema: Mapping[str, Any] | None = None,
    finish_reason: str | None = None,
    tolerance: float = 0.0,
    shortest: float = 0.25,
    longest: float = 4.0,
    threshold: float | None = None,
    seconds: float = typed_code.SECONDS,
    memory_mb: int = typed_code.MEMORY_MB,
    strict: bool = False,
) -> CheckResult:
    """Check a candidate answer against a reference.

    Args:
        kind: one of `KINDS`.
        reference: the answer known to be right; for `json_schema` the schema as JSON text, for `python_code` tests
            that raise where the candidate is wrong, for `python_output` what the candidate prints.
        candidate: the answer to check.
        prompt: what was asked; `language` falls back on it, `leak`, `remark`, `markers` and `orders` allow its phrases.
        choices: the options, for `choice`.
        pattern: RE2 pattern of the whole answer, for `regex`.
        schema: JSON schema, for `json`.
        finish_reason: the engine's, for `finish`.
        tolerance: largest absolute difference, for `number`.
        shortest: least length as a multiple of the reference's, for `length`.
        longest: greatest length as a multiple of the reference's, for `length`.
        threshold: least score, for `language` (0.5) and `repetition` (0.7).
        seconds: of CPU time, for `python_code` and `python_output`.
        memory_mb: MiB, for the same.
        strict: any end without a final mark is none, for `whole`.

    Raises:
        InputError: for an unknown kind, or a kind without the setting that it needs.
    """
    graded = {} if threshold is None else {"threshold": threshold}
    checks: dict[str, Callable[[], CheckResult]] = {
        "number": lambda: typed_answers.number(reference, candidate, tolerance=tolerance),
        "choice": lambda: typed_answers.choice(reference, candidate, choices=choices),
        "regex": lambda: typed_answers.regex(candidate, pattern=_needed(kind, "pattern", pattern)),
        "json": lambda: typed_answers.json_value(reference, candidate, schema=schema),
        "json_schema": lambda: typed_answers.json_schema(reference, candidate),
        "python_call": lambda: typed_answers.python_call(reference, candidate),
        "python_code": lambda: typed_code.python_code(reference, candidate, seconds=seconds, memory_mb=memory_mb),
        "python_output": lambda: typed_code.python_output(reference, candidate, seconds=seconds, memory_mb=memory_mb),
        "short_answer": lambda: typed_answers.short_answer(reference, candidate),
        "length": lambda: typed_form.length(reference, candidate, shortest=shortest, longest=longest),
        "language": lambda: typed_form.language(reference, candidate, prompt=prompt, **graded),
        "refusal": lambda: typed_form.refusal(reference, candidate),
        "repetition": lambda: typed_form.repetition(reference, candidate, **graded),
        "finish": lambda: typed_form.finish(_needed(kind, "finish_reason", finish_reason)),
        "whole": lambda: typed_marks.whole(reference, candidate, strict=strict),
        "leak": lambda: typed_form.leak(reference, candidate, prompt=prompt),
        "remark": lambda: typed_marks.remark(reference, candidate, prompt=prompt),
        "markers": lambda: typed_marks.markers(reference, candidate, prompt=prompt),
        "orders": lambda: typed_marks.orders(reference, candidate, prompt=prompt),
    }
    if kind not in checks:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"; the nearest is {near[0]!r}" if near else ""
        raise InputError(f"check kind {kind!r} is unknown, expected one of {', '.join(KINDS)}{hint}")
    return checks[kind]()


def _needed(kind: str, name: str, value: str | None) -> str:
    if value is None:
        raise InputError(f"check {kind!r} has no {name!r}, which it needs")
    return value
