"""Is a text fit to stand in for the reference of a row? Every check that says so, with its score and threshold."""

from collections.abc import Sequence

from curation.checks import beside, typed
from curation.checks.typed_result import CheckResult

from . import fluency, open_text
from .item import Item
from .options import DistillOptions


def verify(item: Item, text: str, finish_reason: str, options: DistillOptions) -> tuple[CheckResult, ...]:
    """All checks of a text for a row, form before content; the first that fails is the reason of a rejection.

    A pure function of its arguments: canaries go through it exactly as candidates do.

    Args:
        item: the row, with the reference and, unless it is open text, the bare answer.
        text: the candidate.
        finish_reason: why generation ended; only `stop` is whole.
        options: limits of length, language and open-text content.
    """
    form = _form(item, text, finish_reason, options)
    if item.runs and not passed(form):
        return tuple(form)  # a program that is refused already is not run
    return (*form, *_content(item, text, options))


def _form(item: Item, text: str, finish_reason: str, options: DistillOptions) -> list[CheckResult]:
    """Whether it is a whole, plain answer: not cut off, no refusal, no loop, in the right script, of a fit length."""
    reference = item.reference
    # Where there is a bare answer, an answer of only that is short and right.
    shortest = 0.0 if item.answer is not None else options.shortest
    form = [
        typed.check("finish", reference, text, finish_reason=finish_reason),
        typed.check("refusal", reference, text),
        *(typed.check(kind, reference, text, prompt=item.question) for kind in ("markers", "orders", "leak", "remark")),
        typed.check("repetition", reference, text),
        typed.check("language", reference, text, prompt=item.question, threshold=options.min_language),
        typed.check("length", reference, text, shortest=shortest, longest=options.longest),
    ]
    return [*form, fluency.check(reference, text)] if options.fluency else form


def _content(item: Item, text: str, options: DistillOptions) -> list[CheckResult]:
    """Whether it says what the reference says."""
    if item.answer is None:
        if not options.signs:
            return []
        limits = open_text.OpenLimits(options.min_recall, options.min_precision, options.min_kept, options.min_grounded)
        return open_text.checks(item.references, text, item.question, limits)
    # For `regex` the answer of a row is the pattern.
    pattern = item.answer if item.kind == "regex" else None
    return [
        typed.check(
            item.kind,
            item.answer,
            text,
            choices=item.choices,
            pattern=pattern,
            prompt=item.question,
            seconds=options.code_seconds,
            memory_mb=options.code_memory_mb,
        )
    ]


def verify_each(answers: Sequence[tuple[Item, str, str]], options: DistillOptions) -> list[tuple[CheckResult, ...]]:
    """`verify` of row, text and finish reason of each, in their order; programs are run beside each other."""
    return beside.each(lambda one: verify(*one, options), answers, lambda one: one[0].runs)


def passed(checks: Sequence[CheckResult]) -> bool:
    """Whether every check passed."""
    return all(check.passed for check in checks)
