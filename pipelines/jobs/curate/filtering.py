"""Score, decide and clean: the row-wise part of a curate step, a partition at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from curation import quality, tables
from curation.errors import InputError
from curation.quality import apply as learned
from curation.readers import rows
from curation.review import answers
from curation.rules import rule, sets
from curation.rules.detailed import with_details
from curation.rules.rule import Rule

from ...digests import FileDigests
from ...run import Made, Work
from ...settings import CurateSettings, QualitySettings
from . import grading
from .counts import by_rule, of_drops
from .drops import QUALITY
from .personal import Personal, personal_of
from .reading import LANGUAGE
from .shelf import Curation, Shelf

QUALITY_MODEL, TOXICITY_MODEL = "quality-model", "toxicity-model"  # folders of work/
TOXICITY = "toxicity"  # rule set
CLEAN = "clean"  # files of work/ that hold what the rules let through, personal data replaced


def filter_rows(job: Curation, settings: CurateSettings, parts: list[str], text: str) -> None:
    """Score every row, decide by the scores alone, and write what passes with its personal data replaced.

    The three are tasks apart: moving a threshold reads no text to decide, a new rule reads no input file.
    """
    settings = _with_toxicity_model(job, settings)
    _score_all(job, settings, parts, text)
    bound = None if settings.quality is None else _quality_bound(job, settings.quality, parts)
    extra = grading.extra_rules(settings.perplexity, settings.grade)
    limits = rule.thresholds([*sets.rules_from(settings.rules), *extra])
    decisions = [
        job.work(f"decide/{part}", ["decide", limits, bound], [("scores", part)], _decide, part, settings, bound)
        for part in parts
    ]
    job.carry_out(decisions, "deciding")
    job.carry_out([_cleaning(job, settings, part, text) for part in parts], "cleaning")


def _score_all(job: Curation, settings: CurateSettings, parts: list[str], text: str) -> None:
    model = None if settings.quality is None else _model(job, settings.quality)
    config = [
        "score",
        rule.definitions(sets.rules_from(settings.rules)),
        None if model is None else quality.load(Path(model)).fingerprint,
    ]
    names = grading.score_with_models(job, settings.perplexity, settings.grade, parts, text)
    works = []
    for part in parts:
        beside = [*(f"{name}-{part}" for name in names), f"language-{part}"]
        known = [file for file in beside if job.shelf.path("work", file) in job.digests]
        reads = [("work", file) for file in (f"{text}-{part}", *known)]
        told = f"language-{part}" in known
        works.append(job.work(f"score/{part}", config, reads, _score, part, text, settings.rules, model, told, names))
    job.carry_out(works, "scoring")


def _with_toxicity_model(job: Curation, settings: CurateSettings) -> CurateSettings:
    """The settings with a model in place of the labelled rows of abuse that it is trained on."""
    given = settings.rules.get(TOXICITY, {})
    if not given.get("labelled"):
        return settings
    folder = _trained(job, TOXICITY_MODEL, given["labelled"])
    rest = {key: value for key, value in given.items() if key != "labelled"}
    return settings.model_copy(update={"rules": {**settings.rules, TOXICITY: {**rest, "model": folder}}})


def _model(job: Curation, settings: QualitySettings) -> str:
    """Folder of the model that scores; trained on labelled rows where the settings name some."""
    return _trained(job, QUALITY_MODEL, settings.labelled) if settings.model is None else settings.model


def _trained(job: Curation, name: str, labelled: Sequence[str]) -> str:
    """Folder of a model trained on labelled rows, text and label, of files."""
    digests = FileDigests(job.run)
    paths = [Path(path) for path in labelled]
    inputs = tuple(digests.of(file) for path in paths for file, _ in rows.files_of(path))
    train = Work(f"{job.step}/{name}", [name], inputs, _train, (job.shelf, name, paths))
    job.carry_out([train], name.replace("-", " "), "models")
    return str(job.run.folder / "work" / job.step / name)


def _train(shelf: Shelf, name: str, paths: list[Path]) -> Made:
    found: list[dict[str, Any]] = []
    for file in (file for path in paths for file, _ in rows.files_of(path)):
        for number, record in rows.sound_records(file):
            if not isinstance(record.get("text"), str) or record.get("label") not in (0, 1):
                raise InputError(f"{rows.where(file, number)}: expected a text and a label of 0 or 1")
            found.append({"text": record["text"], "label": int(record["label"])})
    model = quality.train(pl.DataFrame(found))
    folder = shelf.folder / "work" / shelf.step / name
    quality.save(model, folder)
    written = sorted(path.relative_to(shelf.folder) for path in folder.iterdir())
    return Made(tuple(str(path) for path in written), {name.replace("-", "_"): model.card()})


def _score(
    shelf: Shelf,
    part: str,
    text: str,
    rules: dict[str, dict[str, Any]],
    model: str | None,
    told: bool,
    names: list[str],
) -> Made:
    """Every score of every row, kept or not, beside the documents."""
    documents = shelf.load("work", f"{text}-{part}")
    scores = rule.score(documents, sets.rules_from(rules), shelf.threads)
    if told and LANGUAGE not in scores.columns:
        scores = scores.join(shelf.load("work", f"language-{part}"), on="doc_id", how="left", maintain_order="left")
    scores = grading.extra_scores(shelf, part, names, scores)
    if model is not None:
        given = learned.score(documents, quality.load(Path(model)))
        scores = scores.with_columns(given.alias(QUALITY))
    return Made((shelf.save(scores, "scores", part),))


def _quality_bound(job: Curation, settings: QualitySettings, parts: list[str]) -> float | None:
    """Least learned score that passes: as given, or what keeps the wanted share of all rows; none to only score."""
    if settings.keep_rate is None:
        return settings.threshold
    reads = [("scores", part) for part in parts]
    config = ["quality-threshold", settings.keep_rate]
    deciding = job.work("quality-threshold", config, reads, _threshold, parts, settings.keep_rate)
    (record,) = job.carry_out([deciding], "quality threshold", "decisions")
    return float(record.facts["quality_threshold"])


def _threshold(shelf: Shelf, parts: list[str], keep_rate: float) -> Made:
    scores = pl.concat([shelf.load("scores", part, [QUALITY]) for part in parts])[QUALITY]
    return Made((), {"quality_threshold": learned.threshold_for(scores, keep_rate)})


def _decide(shelf: Shelf, part: str, settings: CurateSettings, bound: float | None) -> Made:
    """The first failing rule of each row, from scores alone."""
    extra = grading.extra_rules(settings.perplexity, settings.grade)
    best = [Rule(QUALITY, pl.col(QUALITY), low=bound)] if bound is not None else []
    in_force = [*sets.rules_from(settings.rules), *extra, *best]
    return Made((shelf.save(rule.decide(shelf.load("scores", part), in_force), "work", f"decision-{part}"),))


def _cleaning(job: Curation, settings: CurateSettings, part: str, text: str) -> Work:
    personal = personal_of(settings)
    config: list[Any] = ["clean", *personal.config, settings.keep_dropped]
    reads = [("work", f"{text}-{part}"), ("work", f"decision-{part}")]
    return job.work(f"clean/{part}", config, reads, _clean, part, text, settings.rules,
                    personal, settings.keep_dropped)  # fmt: skip


def _clean(
    shelf: Shelf, part: str, text: str, rules: dict[str, dict[str, Any]], personal: Personal, keep_dropped: bool
) -> Made:
    """Drop what a rule failed and replace personal data in what is left."""
    documents = shelf.load("work", f"{text}-{part}")
    split = rule.split(documents, shelf.load("work", f"decision-{part}"), "rules")
    split = answers.spare(documents, with_details(split, sets.rules_from(rules)), shelf.overrides())
    tables.conserve(f"{shelf.step}/rules", documents.height, split.kept.height, split.dropped.height, 0)
    outputs = [shelf.save(split.dropped, "dropped", f"rules-{part}")] if keep_dropped else []
    kept, ledger = split.kept, split.ledger
    del documents, split  # texts that nobody looks at any more are half of the memory
    edited = personal.replace_everywhere(kept)
    tables.conserve(f"{shelf.step}/personal_data", kept.height, edited.rows.height, 0, 0)
    outputs.append(shelf.save(edited.rows, "work", f"{CLEAN}-{part}"))
    outputs.append(shelf.save(pl.concat([ledger, edited.ledger]), "ledger", f"rules-{part}"))
    return Made(tuple(outputs), {**of_drops(ledger), "edited": by_rule(edited.ledger)})
