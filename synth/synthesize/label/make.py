"""Labels for texts: guided answers in several prompt forms, with a confidence, and none where that is too low."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from curation.checks.typed_result import CheckResult, graded
from curation.errors import InputError
from curation.model import Generator, Scorer

from ...drop import Drop
from ...synthesised import Synthesised
from ..account import accounted, sample
from ..attempt import source_of
from .ask import Answers, Text, ask
from .decide import Decision, decide, measured
from .options import LabelOptions

METHOD = ORIGIN = "label"


def label(
    rows: pl.DataFrame,
    generator: Generator,
    scorer: Scorer | None,
    options: LabelOptions,
    seed: int,
    labelled: pl.DataFrame | None = None,
) -> Synthesised:
    """Give every text one of the labels, or none.

    The answer of the model is guided to be a label, so it can say nothing else; an engine that lets it is a rejection.
    A label's confidence is its probability among the labels, mean over the prompt forms.

    Args:
        rows: `tables.DOCUMENTS`, whose text is labelled, or `synth.rows.ROWS`, of which the last turn of the prompt is.
        generator: the model that labels.
        scorer: the same model as a scorer, for probabilities and calibration; without one confidence is agreement.
        options: see `LabelOptions`.
        seed: unused: answers are greedy.
        labelled: `synth.rows.ROWS` whose `answer` is the right label: they are labelled in the same way, and only
            measured. They are in no sample; their requests are in the ledger as `label.measured`.

    Returns:
        Samples of kind `prompt_completion`: the row's prompt, or the text as a user's turn, and the label. Checks
        `confidence` and `agreement`.

    Raises:
        InputError: when there are no rows, calibration without a scorer, or a labelled row with another label.
    """
    if options.calibrate and scorer is None:
        raise InputError("label option calibrate is on but there is no scorer, expected one")
    if not rows.height:
        raise InputError(f"{METHOD}: found no rows, expected at least one")
    known_texts = _known(labelled, options) if labelled is not None else []
    every = list(rows.iter_rows(named=True))
    texts = [Text(source_of(row), _text(row)) for row in every]
    answers = ask(texts, generator, scorer, options, METHOD)
    decisions = [decide(one, scorer is not None, options) for one in answers]
    samples, unused = [], {}
    for row, one, decision in zip(every, answers, decisions, strict=True):
        for attempt in one.attempts:
            attempt.settle(decision.drop)
        if decision.drop is None:
            samples.append(_sample(row, one, decision, options))
        else:
            unused[one.text.source.id] = decision.drop
    known = _measure(known_texts, generator, scorer, options) if known_texts else []
    attempts = [attempt for one in (*answers, *(one for one, _ in known)) for attempt in one.attempts]
    report = _report(decisions, options, scorer is not None)
    report["labelled"] = measured(known) if known else None
    return accounted(METHOD, "prompt_completion", [one.source for one in texts], attempts, samples, unused, report)


def _text(row: dict[str, Any]) -> str:
    return str(row["text"]) if "doc_id" in row else str(row["prompt"][-1]["content"])


def _known(labelled: pl.DataFrame, options: LabelOptions) -> list[Text]:
    """The labelled rows with what is right."""
    texts = []
    for row in labelled.iter_rows(named=True):
        source = source_of(row)
        if row["answer"] not in options.labels:
            where = f"{source.file}, record {source.record}" if source.file else source.id
            raise InputError(f"{where}: the label is {row['answer']!r}, expected one of {', '.join(options.labels)}")
        texts.append(Text(source, _text(row), row["answer"]))
    return texts


def _measure(
    texts: Sequence[Text], generator: Generator, scorer: Scorer | None, options: LabelOptions
) -> list[tuple[Answers, Decision]]:
    """The labelled rows as they would be labelled; their requests are dropped as `measured`."""
    answers = ask(texts, generator, scorer, options, "labelled")
    decided = [(one, decide(one, scorer is not None, options)) for one in answers]
    for one, decision in decided:
        for attempt in one.attempts:
            attempt.settle(Drop("measured", detail={"label": decision.label, "truth": one.text.truth}))
    return decided


def _sample(row: dict[str, Any], answers: Answers, decision: Decision, options: LabelOptions) -> dict[str, Any]:
    said = next(one for one in answers.attempts if one.drop is None)
    prompt = [{"role": "user", "content": row["text"]}] if "doc_id" in row else row["prompt"]
    content = {"prompt": prompt, "completion": [{"role": "assistant", "content": decision.label}]}
    generation = said.generation(
        METHOD,
        prefill=options.prefill,
        votes=answers.votes,
        probabilities=decision.probabilities,
        requests=[attempt.key for attempt in answers.attempts],
    )
    checks: list[CheckResult] = [
        graded("confidence", decision.confidence, options.min_confidence, "mean probability of the label"),
        graded("agreement", decision.agreement, options.min_agreement, "share of the prompt forms"),
    ]
    return sample(ORIGIN, answers.text.source, content, generation, checks)


def _report(decisions: Sequence[Decision], options: LabelOptions, scored: bool) -> dict[str, Any]:
    given = [one for one in decisions if one.drop is None]
    counted = Counter(one.label for one in given)
    return {
        "labels": {label: counted[label] for label in options.labels},
        "abstained": len(decisions) - len(given),
        "forms": len(options.templates) or options.prompts,
        "confidence_from": "probabilities" if scored else "agreement",
        "calibrated": options.calibrate,
        "mean_confidence": sum(one.confidence for one in decisions) / len(decisions),
        "mean_agreement": sum(one.agreement for one in decisions) / len(decisions),
    }
