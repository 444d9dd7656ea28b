"""Scores that a language model gives to documents, from an engine in a process of its own.

The model is loaded once for all partitions that have no scores yet. Bounds are not part of what a score depends on, so
moving them asks the model nothing.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from curation import chat, tokens
from curation.errors import InputError
from curation.model import Scorer
from curation.quality import GradeOptions, PerplexityOptions, grade, perplexity_scores
from curation.rules.rule import Rule

from ...progress import Advance
from ...run import Made
from ...settings import EngineSettings
from ...settings.grading import GradeSettings, PerplexitySettings
from .asking import ModelChild, model_there, opened
from .shelf import Curation, Shelf

if TYPE_CHECKING:
    from synth.engines import Engine

PERPLEXITY, GRADE = "perplexity", "grade"  # prefixes of files of work/
COLUMNS = {PERPLEXITY: "perplexity.bits", GRADE: "grade.score"}  # of scores/
Measure = Callable[[pl.DataFrame, Scorer, Any], pl.DataFrame]  # documents, engine, options -> doc_id, score, error


def score_with_models(
    job: Curation, perplexity: PerplexitySettings | None, grading: GradeSettings | None, parts: list[str], text: str
) -> list[str]:
    """Score every document, each kind of score in work/NAME-PART; the names of those in force.

    A document that cannot be scored, or is empty, has no score: it passes the bounds and is counted in the fact
    `unscored` of its task; work/ says why.

    Args:
        job: the step.
        perplexity: how well a model predicts documents, none to leave it out.
        grading: what a model thinks of them, none to leave it out.
        parts: names of the partitions.
        text: name of the files of work/ that hold the texts.

    Raises:
        InputError: for a model or tokenizer that is not there, or when no document can be scored.
    """
    asked: list[tuple[str, PerplexitySettings | GradeSettings]] = []
    if perplexity is not None:
        asked.append((PERPLEXITY, perplexity))
    if grading is not None:
        asked.append((GRADE, grading))
    models = [
        model_there(job.step, name, settings.model) for name, settings in asked
    ]  # all of them before any is asked
    for (name, settings), model in zip(asked, models, strict=True):
        _score_all(job, name, settings, model, parts, text)
    return [name for name, _ in asked]


def extra_scores(shelf: Shelf, part: str, names: Sequence[str], scores: pl.DataFrame) -> pl.DataFrame:
    """The scores of a partition with a column for each of the models' scores, see `score_with_models`."""
    for name in names:
        given = shelf.load("work", f"{name}-{part}", ["doc_id", "score"]).rename({"score": COLUMNS[name]})
        scores = scores.join(given, on="doc_id", how="left", maintain_order="left", validate="1:1")
    return scores


def extra_rules(perplexity: PerplexitySettings | None, grading: GradeSettings | None) -> tuple[Rule, ...]:
    """The bounds of the models' scores, those that are set."""
    rules = []
    if perplexity is not None and (perplexity.low is not None or perplexity.high is not None):
        column = COLUMNS[PERPLEXITY]
        said = "minus the log-likelihood of the text under the model, base 2, over its bytes of UTF-8"
        rules.append(Rule(column, pl.col(column), perplexity.low, perplexity.high, definition=said))
    if grading is not None and grading.low is not None:
        column = COLUMNS[GRADE]
        said = "mean of the grades 0 to 5 by the probability that the model gives each as its answer"
        rules.append(Rule(column, pl.col(column), grading.low, definition=said))
    return tuple(rules)


def _score_all(
    job: Curation, name: str, settings: PerplexitySettings | GradeSettings, model: Path, parts: list[str], text: str
) -> None:  # fmt: skip
    measure, options, tokenizer = _asked(settings)
    engine = settings.engine.model_dump(mode="json", exclude={"gpu_memory_utilization"})
    bounds = {"model", "low", "high", "tokenizer", "engine"}
    config = [name, chat.model_fingerprint(model), settings.model_dump(mode="json", exclude=bounds), engine, tokenizer]
    works = [
        job.work(f"{name}/{part}", config, [("work", f"{text}-{part}")], _score, name, part, text,
                 settings.engine.chunk, measure, options)
        for part in parts
    ]  # fmt: skip
    title = f"{job.step}: {name}"
    child = ModelChild(title, "requests", _open, title, str(model), settings.engine)
    records = job.note(job.run.tasks(works, child, lambda record: None))
    errors = [record.facts["first_error"] for record in records if record.facts["first_error"] is not None]
    if errors and not any(record.facts["scored"] for record in records):
        raise InputError(f"{job.step}: {name}: the model could score no document, expected texts that fit: {errors[0]}")


def _asked(settings: PerplexitySettings | GradeSettings) -> tuple[Measure, Any, str | None]:
    """The function that asks, its options, and the fingerprint of the tokenizer that it uses."""
    if isinstance(settings, GradeSettings):
        asking = GradeOptions(characters=settings.characters, chat=settings.chat)
        if settings.prompt is not None:
            asking = GradeOptions(settings.prompt, characters=settings.characters, chat=settings.chat)
        return grade, asking, None
    tokenizer = None if settings.tokenizer is None else tokens.load(Path(settings.tokenizer))
    windows = _Windows(PerplexityOptions(settings.window, settings.context), tokenizer)
    return _perplexity, windows, None if tokenizer is None else tokenizer.fingerprint


@dataclass(frozen=True)
class _Windows:
    options: PerplexityOptions
    tokenizer: tokens.JsonTokenizer | None


def _perplexity(documents: pl.DataFrame, scorer: Scorer, windows: _Windows) -> pl.DataFrame:
    return perplexity_scores(documents, scorer, windows.options, windows.tokenizer)


def _score(shelf: Shelf, name: str, part: str, text: str, chunk: int | None, measure: Measure, options: Any) -> Made:
    """In the child: score a partition. What the engine gave is kept until then, for a run that is killed within it."""
    from synth.engines import cached

    (engine, advance), path = opened[-1], shelf.folder / "work" / shelf.step / f"{name}-{part}.sqlite"
    with contextlib.closing(cached(engine, path, chunk, lambda done, _: advance(done))) as kept:
        found = measure(shelf.load("work", f"{text}-{part}", ["doc_id", "text"]), kept, options)
    saved = shelf.save(found, "work", f"{name}-{part}")
    path.unlink()  # it is as large as the texts
    errors = found["error"].drop_nulls()
    scored = found.height - found["score"].null_count()
    facts = {"scored": scored, "unscored": found.height - scored, "first_error": errors[0] if errors.len() else None}
    return Made((saved,), facts)


@contextlib.contextmanager
def _open(advance: Advance, title: str, model: str, settings: EngineSettings) -> "Iterator[Engine]":
    from ..engine import loaded

    with loaded(title, model, settings) as engine:
        yield engine
