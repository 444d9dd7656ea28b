"""Grounded questions: made up from a passage, answered again with it and without it, kept where they hold."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from curation.checks import typed
from curation.checks.typed_result import CheckResult, graded, shown, verdict
from curation.dedup import exact
from curation.metrics.text import contains
from curation.model import Generator, Request, Sampling
from curation.tokens import Tokenizer

from ...drop import Drop
from ...synthesised import Synthesised
from .. import own, parsed, plain
from ..account import accounted, sample
from ..attempt import Ask, Attempt, attempted
from ..form import roles
from ..passages import Passage, asked, passages, points, sources
from .match import answers_alike
from .options import QaOptions
from .relevance import relevances

METHOD = "qa"
ORIGIN = "question_answer"


@dataclass
class Pair:
    """A request for a question, and what it became: empty until the answer is parsed."""

    passage: Passage
    language: str
    attempt: Attempt
    question: str = ""
    answer: str = ""
    checks: tuple[CheckResult, ...] = ()
    with_document: Attempt | None = None
    without: Attempt | None = None

    @property
    def left(self) -> bool:
        """Whether nothing has been found against it so far."""
        return self.attempt.drop is None

    def drop(self, check: CheckResult) -> None:
        """Drop it for a check that failed."""
        said = {"question": self.question, "answer": self.answer, "found": check.detail}
        self.attempt.settle(Drop(check.name, check.score, check.threshold, detail=said))


def qa(
    documents: pl.DataFrame, generator: Generator, options: QaOptions, seed: int, tokenizer: Tokenizer | None = None
) -> Synthesised:
    """Make up questions about documents and keep those that their documents answer.

    What pre-instruction tuning needs (PIT, arXiv 2402.12847, section 4). A question is kept when it is whole, speaks of
    no document, does not hold its answer, is about its passage (`relevances`), and the model, asked again with the
    passage before it, answers the same: by a typed check, never by what a text says of itself. Whether the model
    answers right without the passage is stored.

    Args:
        documents: table `documents`; a document's `source` is the task of its questions.
        generator: makes up questions and answers them.
        options: see `QaOptions`.
        seed: of everything drawn.
        tokenizer: the model's, to cut long documents; without one they are shown whole.

    Returns:
        Prompt and completion rows with the whole document as parent; a ledger row for each request without a row and
        each document without one; the report.

    Raises:
        InputError: when there are no documents.
    """
    shown = passages(documents, tokenizer, options.passage_tokens, METHOD)
    guide = parsed.guide(("question", "answer")) if options.guided else None
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed, guide=guide)
    asks = asked(METHOD, shown, generator, sampling, options.questions, options.language, options.templates)
    pairs = [Pair(passage, language, one) for passage, language, one in asks]
    for one in pairs:
        _read(one, options)
    _relevant(pairs, shown, options)
    _distinct(pairs)
    _answer_with(pairs, generator, options, seed)
    _answer_without(pairs, generator, options, seed)
    kept = [one for one in pairs if one.left]
    for one in kept:
        one.attempt.settle(None)
    rows = [_row(one) for one in kept]
    return accounted(
        METHOD,
        "prompt_completion",
        sources(documents),
        [one.attempt for one in pairs],
        rows,
        report=_report(pairs, shown),
    )


def _read(one: Pair, options: QaOptions) -> None:
    """Parse question and answer and check their form."""
    found = parsed.fields(one.attempt, ("question", "answer"))
    if isinstance(found, Drop):
        one.attempt.settle(found)
        return
    one.question, one.answer = found["question"], found["answer"]
    one.checks = tuple(_form(one, options))
    failed = next((check for check in one.checks if not check.passed), None)
    if failed is not None:
        one.drop(failed)


def _form(one: Pair, options: QaOptions) -> list[CheckResult]:
    document, question, answer = one.passage.text, one.question, one.answer
    pointed = points(question)
    held = typed.check("short_answer", answer, question).passed and not _yes_or_no(answer)
    stands = contains(answer, document)
    return [
        roles(f"{question}\n{answer}"),
        verdict("one_line", "\n" not in question, "a question is one line"),
        typed.check("language", document, question, threshold=options.min_language),
        verdict("self_contained", pointed is None, f"speaks of {pointed!r}" if pointed else "speaks of no document"),
        graded("answer_length", -float(len(answer)), -float(options.longest_answer), f"{len(answer)} characters"),
        typed.check("refusal", "", answer),
        verdict("answer_in_question", not held, f"{shown(answer)} {'is' if held else 'is not'} in the question"),
        graded("verbatim", stands, 1.0 if options.verbatim else 0.0, f"{shown(answer)} in the document: {stands:g}"),
    ]


def _yes_or_no(answer: str) -> bool:
    return answer.strip(" .。").lower() in ("yes", "no", "예", "네", "아니요", "아니오")


def _relevant(pairs: list[Pair], shown: list[Passage], options: QaOptions) -> None:
    """Drop questions about other passages, before they stand for equal ones of the passage that they are about."""
    left = [one for one in pairs if one.left]
    texts = {passage.id: passage.text for passage in shown}
    found = relevances(texts, [(one.passage.id, one.question) for one in left])
    for one, share in zip(left, found, strict=True):
        check = graded("relevant", share, options.min_relevance, f"{share:.2f} of what it is about is in the passage")
        one.checks += (check,)
        if not check.passed:
            one.drop(check)


def _distinct(pairs: list[Pair]) -> None:
    """Drop questions that are equal to an earlier one, in the order of passages and samples."""
    left = [one for one in pairs if one.left]
    frame = pl.DataFrame(
        {"doc_id": [f"{place:032d}" for place in range(len(left))], "text": [one.question for one in left]},
        schema={"doc_id": pl.String, "text": pl.String},
    )
    for row in exact.decide(exact.keys(frame), ("doc_id",)).iter_rows(named=True):
        first = left[int(row["duplicate_of"])].attempt.key
        one = left[int(row["doc_id"])]
        detail = {"question": one.question, "answer": one.answer}
        one.attempt.settle(Drop("duplicate", 1.0, 1.0, first, 1.0, detail))


def _answer_with(pairs: list[Pair], generator: Generator, options: QaOptions, seed: int) -> None:
    """Ask every question again with its passage: the answer must be the one that was made up."""
    left = [one for one in pairs if one.left]
    found = _answered(left, "answer", generator, options, seed)
    for one, reply in zip(left, found, strict=True):
        one.with_document = reply
        check = answers_alike("answerable", one.answer, reply)
        one.checks += (check,)
        if not check.passed:
            one.drop(check)


def _answer_without(pairs: list[Pair], generator: Generator, options: QaOptions, seed: int) -> None:
    """Ask every question without its passage; what the model knows is recorded, and dropped where that is wanted."""
    left = [one for one in pairs if one.left]
    found = _answered(left, "closed", generator, options, seed)
    for one, reply in zip(left, found, strict=True):
        one.without = reply
        right = answers_alike("closed_book", one.answer, reply)
        one.checks += (graded("closed_book", right.score, 0.0, right.detail),)
        if right.passed and options.drop_known:
            one.drop(CheckResult("known", 1.0, 0.0, False, "answered right without the document"))


def _answered(left: list[Pair], name: str, generator: Generator, options: QaOptions, seed: int) -> list[Attempt]:
    asks = []
    for one in left:
        template = own.form(METHOD, name, one.language, options.templates)
        values = {"question": one.question} | ({"document": one.passage.text} if name == "answer" else {})
        request = Request(
            parsed.named(METHOD, f"{METHOD}_{name}", one.attempt.key),
            plain.prompt(template, values),
            Sampling(options.answer_tokens, seed=seed),
        )
        asks.append(Ask(one.passage.source, request, template))
    return attempted(asks, generator)


def _row(one: Pair) -> dict[str, Any]:
    content = {
        "prompt": [{"role": "user", "content": one.question}],
        "completion": [{"role": "assistant", "content": one.answer}],
    }
    replies = {
        name: {"request": reply.key, "text": reply.text}
        for name, reply in (("with_document", one.with_document), ("closed_book", one.without))
        if reply is not None
    }
    generation = one.attempt.generation(METHOD, passage=one.passage.id, replies=replies)
    return sample(ORIGIN, one.passage.source, content, generation, one.checks)


def _report(pairs: list[Pair], shown: list[Passage]) -> dict[str, Any]:
    judged = [one for one in pairs if one.without is not None]
    known = sum(check.score == 1 for one in judged for check in one.checks if check.name == "closed_book")
    kept = [one for one in pairs if one.attempt.used]
    stands = sum(check.score == 1 for one in kept for check in one.checks if check.name == "verbatim")
    return {
        "passages": len(shown),
        "answerable": {"asked": sum(one.with_document is not None for one in pairs), "right": len(judged)},
        "closed_book": {"asked": len(judged), "right": known, "share": known / len(judged) if judged else None},
        "verbatim": {"of": len(kept), "stand": stands},
    }
