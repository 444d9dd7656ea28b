"""Instructions for documents: made up, checked for form, and kept where the document is likely to be their answer."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from curation.checks import typed
from curation.checks.typed_result import CheckResult, graded, verdict
from curation.errors import InputError
from curation.metrics.text import rouge_l
from curation.model import Generator, Request, Sampling, Score, Scorer, ScoreRequest
from curation.tokens import Tokenizer

from ...drop import Drop
from ...synthesised import Synthesised
from .. import own, parsed, plain
from ..account import accounted, sample
from ..attempt import Ask, Attempt, attempted
from ..form import roles
from ..passages import Passage, asked, passages, points, sources
from .options import BacktranslateOptions

METHOD = "backtranslate"
ORIGIN = "back_translation"


@dataclass
class Instruction:
    """A request for an instruction, and what it became."""

    passage: Passage
    language: str
    attempt: Attempt
    text: str = ""
    checks: tuple[CheckResult, ...] = ()
    worth: float = 0.0  # score of the round trip

    @property
    def left(self) -> bool:
        """Whether nothing has been found against it so far."""
        return self.attempt.drop is None

    def check(self, checks: tuple[CheckResult, ...]) -> None:
        """Add checks; the first that fails drops it."""
        self.checks += checks
        failed = next((check for check in checks if not check.passed), None)
        if failed is not None:
            self.attempt.settle(Drop.failed(failed))


def backtranslate(
    documents: pl.DataFrame,
    generator: Generator,
    scorer: Scorer | None,
    options: BacktranslateOptions,
    seed: int,
    tokenizer: Tokenizer | None = None,
) -> Synthesised:
    """Make up the instruction that a document answers, and keep it where a round trip leads back to the document.

    Instruction back-translation (arXiv 2308.06259, section 2.2). The paper has the model grade its own pairs; here what
    decides is how much likelier the instruction makes the document, or how like the document the model's own answer
    is: neither reads what a text says of itself.

    Args:
        documents: table `documents`; a document's `source` is the task of its rows.
        generator: makes up the instructions and, for the check `likeness`, answers them.
        scorer: for the check `likelihood`.
        options: see `BacktranslateOptions`.
        seed: of everything drawn.
        tokenizer: the model's, to cut long documents; without one they are shown whole.

    Returns:
        Prompt and completion rows, one a passage at most, with the whole document as parent; a ledger row for each
        request without a row and each document without one; the report.

    Raises:
        InputError: when there are no documents, or the check is `likelihood` and there is no scorer.
    """
    if options.check == "likelihood" and scorer is None:
        raise InputError("backtranslate option check is 'likelihood' without a scorer, expected one, or 'likeness'")
    shown = passages(documents, tokenizer, options.passage_tokens, METHOD)
    guide = parsed.guide(("instruction",)) if options.guided else None
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed, guide=guide)
    asks = asked(METHOD, shown, generator, sampling, options.instructions, options.language, options.templates)
    found = [Instruction(passage, language, one) for passage, language, one in asks]
    for one in found:
        _read(one, options)
    left = [one for one in found if one.left]
    if options.check == "likelihood" and scorer is not None:
        _by_likelihood(left, scorer, options)
    else:
        _by_likeness(left, generator, options, seed)
    rows = [_row(one, one.passage.number) for one in _best(found)]
    return accounted(
        METHOD,
        "prompt_completion",
        sources(documents),
        [one.attempt for one in found],
        rows,
        report=_report(found, shown, options),
    )


def _read(one: Instruction, options: BacktranslateOptions) -> None:
    """Parse an instruction and check its form."""
    found = parsed.fields(one.attempt, ("instruction",))
    if isinstance(found, Drop):
        one.attempt.settle(found)
        return
    one.text = found["instruction"]
    document, pointed = one.passage.text, points(one.text)
    spoken = "speaks of no document" if pointed is None else f"speaks of {pointed!r}"
    copied = rouge_l(document, one.text).recall
    longest = options.longest * len(document)
    one.check(
        (
            roles(one.text),
            typed.check("language", document, one.text, threshold=options.min_language),
            verdict("self_contained", pointed is None, spoken),
            graded("length", -float(len(one.text)), -longest, f"{len(one.text)} characters, expected {longest:g}"),
            graded("copied", -copied, -options.max_copied, f"{copied:.2f} of the document"),
            typed.check("repetition", "", one.text),
        )
    )


def _by_likelihood(left: list[Instruction], scorer: Scorer, options: BacktranslateOptions) -> None:
    """Nats a token that the instruction adds to the likelihood of the document."""
    requests: dict[str, ScoreRequest] = {}
    for one in left:
        neutral = own.form(METHOD, "neutral", one.language, options.templates)
        text = one.passage.text
        # Both as turns, so that all that differs is what is asked for.
        before = parsed.named(METHOD, "neutral", one.passage.id)
        requests[before] = ScoreRequest(before, plain.prompt(neutral, {}), text)
        after = one.attempt.key
        requests[after] = ScoreRequest(after, (("user", plain.plain(one.text)),), text)
    scores = {score.id: score for score in scorer.score(requests.values())}
    for one in left:
        with_it, without = scores[one.attempt.key], scores[parsed.named(METHOD, "neutral", one.passage.id)]
        fault = with_it.error or without.error or ("" if with_it.token_ids and without.token_ids else "no tokens")
        if fault:
            one.attempt.settle(Drop("unscored", detail={"text": one.text, "error": fault}))
            continue
        one.worth = _mean(with_it) - _mean(without)
        one.check((graded("gain", one.worth, options.min_gain, f"{one.worth:+.3f} nats a token"),))


def _mean(score: Score) -> float:
    return score.total / len(score.token_ids)


def _by_likeness(left: list[Instruction], generator: Generator, options: BacktranslateOptions, seed: int) -> None:
    """ROUGE-L of the model's own answer to the instruction with the document."""
    sampling = Sampling(options.answer_tokens, seed=seed)
    asks = [
        Ask(
            one.passage.source,
            Request(parsed.named(METHOD, "answer", one.attempt.key), (("user", plain.plain(one.text)),), sampling),
        )
        for one in left
    ]
    for one, reply in zip(left, attempted(asks, generator), strict=True):
        one.worth = rouge_l(one.passage.text, reply.text).f if reply.text else 0.0
        one.check((graded("likeness", one.worth, options.min_likeness, f"answered {reply.text[:80]!r}"),))


def _best(found: list[Instruction]) -> list[Instruction]:
    """The instruction of each passage with the best round trip, of equal ones the first; the others are dropped."""
    best: dict[str, Instruction] = {}
    for one in found:
        rival = best.get(one.passage.id)
        if one.left and (rival is None or one.worth > rival.worth):
            best[one.passage.id] = one
    for one in found:
        if one.left:
            chosen = best[one.passage.id]
            worse = Drop("not_best", one.worth, chosen.worth, detail={"text": one.text})
            one.attempt.settle(None if one is chosen else worse)
    return list(best.values())


def _row(one: Instruction, draw: int) -> dict[str, Any]:
    content = {
        "prompt": [{"role": "user", "content": one.text}],
        "completion": [{"role": "assistant", "content": one.passage.text}],
    }
    generation = one.attempt.generation(METHOD, passage=one.passage.id)
    return sample(ORIGIN, one.passage.source, content, generation, one.checks, draw)


def _report(found: list[Instruction], shown: list[Passage], options: BacktranslateOptions) -> dict[str, Any]:
    worths = sorted(check.score for one in found for check in one.checks if check.name in ("gain", "likeness"))
    middle = worths[len(worths) // 2] if worths else None
    trip = {"check": options.check, "tried": len(worths), "median": middle}
    return {"passages": len(shown), "round_trip": trip}
