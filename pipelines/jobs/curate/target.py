"""The documents most like a target domain: all are scored by its texts, and a part of them is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curation import ngrams, sample, stage, tables
from curation.embedding import tfidf
from curation.embedding.tfidf import TfidfModel, TfidfOptions
from curation.target import character_model, choose, cross_entropy, importance, neighbours, texts
from curation.target.character_model import CharacterModel

from ...digests import FileDigests
from ...run import Made, Work
from ...settings.embedding import EmbeddingSettings
from ...settings.target import TargetSettings
from . import arrays, drops, vectors
from .embedding import embed_texts
from .shelf import Curation, Shelf

STAGE, TEXTS, VECTORS, MODEL = "target", "target-texts", "target-vectors", "target-model"  # also files of work/
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

Arrays = dict[str, np.ndarray]


def select_for_target(
    job: Curation, pending: drops.Pending, settings: TargetSettings, embedding: EmbeddingSettings
) -> None:
    """Keep the documents most like the target texts; see `curation.target`.

    Nearest neighbours are those by the step's vectors, unless the target names its own TF-IDF.

    The score of every document stands in work/ (`target-scores-PART`); the last record has its quantiles over those
    that are kept and those that are dropped as the fact `target`.

    Raises:
        InputError: for target files that cannot be read or hold no text.
    """
    _read_texts(job, settings)
    if settings.by_model(embedding):
        files = _score_by_model(job, pending, settings, embedding)
    else:
        files = _score_by_methods(job, pending, settings.with_tfidf(embedding))
    config = settings.model_dump(mode="json", include={"method", "number", "share", "threshold", "gumbel", "seed"})
    reads = [("work", file) for file in files]
    job.carry_out([job.work(STAGE, [STAGE, config], reads, _decide, files, settings)], STAGE, "decisions")
    pending.decisions.append(drops.Decision(STAGE))


def _score_by_methods(job: Curation, pending: drops.Pending, settings: TargetSettings) -> list[str]:
    """Learn from the target texts and from what is left, and score that; files of work/ with the scores."""
    used = [STAGE, settings.used()]
    works = [
        job.work(f"target-pool/{part}", used, pending.reads(part), _pool, part, pending.source,
                 list(pending.decisions), settings)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "target, what there is")
    pools = [f"target-pool-{part}" for part in pending.parts]
    reads = [("work", file) for file in [TEXTS, *pools]]
    job.carry_out([job.work(MODEL, used, reads, _learn, pools, settings)], "target, learning", "models")
    works = [
        job.work(f"target-scores/{part}", [*used, arrays.digest(job, MODEL)], pending.reads(part), _score, part,
                 pending.source, list(pending.decisions), settings)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "target, scoring")
    return [f"target-scores-{part}" for part in pending.parts]


def _score_by_model(
    job: Curation, pending: drops.Pending, settings: TargetSettings, embedding: EmbeddingSettings
) -> list[str]:
    """Score what is left by its vectors and those of the target texts, a model's; files of work/ with the scores."""
    vectors.ready(job, pending, embedding)
    embed_texts(job, TEXTS, VECTORS, embedding)
    used = [STAGE, "neighbours", settings.neighbours.k, *vectors.learned(job)]
    works = [
        job.work(f"target-scores/{part}", used,
                 [*pending.reads(part), *vectors.reads(pending, part, embedding), ("work", VECTORS)], _near, part,
                 pending.source, list(pending.decisions), settings.neighbours.k, embedding)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "target, scoring")
    return [f"target-scores-{part}" for part in pending.parts]


def _near(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], k: int, embedding: EmbeddingSettings
) -> Made:
    documents = drops.survivors(shelf, source, part, decisions)
    points = vectors.embedded(shelf, documents, embedding, source, part)
    targets = vectors.centred_alike(shelf, shelf.load("work", VECTORS))
    found = neighbours.scores(documents["doc_id"], points, targets, k)
    return Made((shelf.save(found, "work", f"target-scores-{part}"),))


def _read_texts(job: Curation, settings: TargetSettings) -> None:
    digests, paths = FileDigests(job.run), [Path(path) for path in settings.files]
    found = sorted((digests.of(file), file.name) for file in texts.files_of(paths))
    config = [TEXTS, settings.field, [name for _, name in found]]
    inputs = tuple(digest for digest, _ in found)
    gather = Work(f"{job.step}/{TEXTS}", config, inputs, _texts, (job.shelf, paths, settings.field))
    job.carry_out([gather], "target, texts", "files")


def _texts(shelf: Shelf, paths: list[Path], field: str) -> Made:
    found, without = texts.read(paths, field)
    return Made((shelf.save(found, "work", TEXTS),), {"target_texts": found.height, "rows_without_text": without})


def _pool(shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], settings: TargetSettings) -> Made:
    """What a method learns of a partition: n-grams in each bucket, or candidates for a sample."""
    documents = drops.survivors(shelf, source, part, decisions)
    if settings.method == "importance":
        found = pl.DataFrame({"ngrams": ngrams.totals(documents["text"], settings.importance.ngrams)})
    else:
        size, seed = _sampled(settings)
        found = sample.candidates(documents, size, seed)
    return Made((shelf.save(found, "work", f"target-pool-{part}"),))


def _sampled(settings: TargetSettings) -> tuple[int, int]:
    options: Any = _tfidf(settings) if settings.method == "neighbours" else settings.cross_entropy
    return options.sample, options.seed


def _tfidf(settings: TargetSettings) -> TfidfOptions:
    assert settings.neighbours.embedding is not None  # see `TargetSettings.with_tfidf`
    return settings.neighbours.embedding


def _learn(shelf: Shelf, files: list[str], settings: TargetSettings) -> Made:
    learn, _ = METHODS[settings.method]
    pools = [shelf.load("work", file) for file in files]
    return Made((arrays.save(shelf, learn(shelf.load("work", TEXTS)["text"], pools, settings), MODEL),))


def _score(shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], settings: TargetSettings) -> Made:
    _, score = METHODS[settings.method]
    documents = drops.survivors(shelf, source, part, decisions)
    return Made((shelf.save(score(documents, arrays.load(shelf, MODEL), settings), "work", f"target-scores-{part}"),))


def _decide(shelf: Shelf, files: list[str], settings: TargetSettings) -> Made:
    scored = pl.concat([shelf.load("work", file) for file in files])
    gone = tables.check(choose.decide(scored, settings.choice(), f"target.{settings.method}"), stage.DROPS, "doc_id")
    dropped = scored.join(gone, on="doc_id", how="semi")
    kept = scored.join(gone, on="doc_id", how="anti")
    facts = [{"outcome": "kept", **_spread(kept["score"])}, {"outcome": "dropped", **_spread(dropped["score"])}]
    return Made((shelf.save(gone, "work", STAGE),), {"target": facts})


def _spread(scores: pl.Series) -> dict[str, Any]:
    """How many documents and their scores: `p05` is the value at the nearest rank of the quantile 0.05, and so on."""
    quantiles = {f"p{100 * q:02.0f}": scores.quantile(q, "nearest") for q in QUANTILES}
    return {"documents": len(scores), "least": scores.min(), **quantiles, "largest": scores.max()}


def _learn_importance(targets: pl.Series, pools: list[pl.DataFrame], settings: TargetSettings) -> Arrays:
    options = settings.importance_options()
    pool = np.sum([one["ngrams"].to_numpy() for one in pools], axis=0)
    return {"ratios": importance.log_ratios(ngrams.totals(targets, options.ngrams), pool, options)}


def _importance(documents: pl.DataFrame, model: Arrays, settings: TargetSettings) -> pl.DataFrame:
    return importance.scores(documents, model["ratios"], settings.importance_options())


def _learn_neighbours(targets: pl.Series, pools: list[pl.DataFrame], settings: TargetSettings) -> Arrays:
    options = _tfidf(settings)
    known = sample.merged(pl.concat(pools), options.sample)["text"]
    model = tfidf.fit(pl.concat([known, targets]), options)
    arrays_of = {"rarity": model.rarity, "directions": model.directions, "middle": model.middle}
    return {**arrays_of, "targets": tfidf.embed(targets, model)}


def _neighbours(documents: pl.DataFrame, model: Arrays, settings: TargetSettings) -> pl.DataFrame:
    embedding = TfidfModel(model["rarity"], model["directions"], model["middle"], _tfidf(settings).ngrams)
    points = tfidf.embed(documents["text"], embedding)
    return neighbours.scores(documents["doc_id"], points, model["targets"], settings.neighbours.k)


def _learn_cross_entropy(targets: pl.Series, pools: list[pl.DataFrame], settings: TargetSettings) -> Arrays:
    options = settings.cross_entropy
    target = character_model.learn(targets, options.model)
    general = cross_entropy.general_models(sample.merged(pl.concat(pools), options.sample), target, options)
    models = [target, *general]
    return {
        "counts": np.stack([model.counts for model in models]),
        "characters": np.array([model.characters for model in models], np.int64),
    }


def _cross_entropy(documents: pl.DataFrame, model: Arrays, settings: TargetSettings) -> pl.DataFrame:
    options = settings.cross_entropy
    target, *general = (
        CharacterModel(counts, int(characters), options.model)
        for counts, characters in zip(model["counts"], model["characters"], strict=True)
    )
    return cross_entropy.scores(documents, target, tuple(general), options)


Learn = Callable[[pl.Series, list[pl.DataFrame], TargetSettings], Arrays]  # target texts, pools, settings
Score = Callable[[pl.DataFrame, Arrays, TargetSettings], pl.DataFrame]

METHODS: dict[str, tuple[Learn, Score]] = {
    "importance": (_learn_importance, _importance),
    "neighbours": (_learn_neighbours, _neighbours),
    "cross_entropy": (_learn_cross_entropy, _cross_entropy),
}
