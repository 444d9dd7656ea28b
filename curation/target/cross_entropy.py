"""Cross-entropy difference (Moore and Lewis 2010, section 2): what a target model finds easier than a general one.

With two models behind a scorer, each over all partitions, anywhere:

    scored = differences(perplexity_scores(documents, target), perplexity_scores(documents, general))

Without any weights, by two small character models that are counted from the texts themselves:

    target = learn(texts of the target, options.model)
    sample = sample.merged(concat(sample.candidates(partition, options.sample, options.seed) for each), options.sample)
    general = general_models(sample, target, options)
    scored = concat(scores(partition, target, general, options) for each partition)
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..errors import InputError
from ..sample import hashes
from .character_model import CharacterModel, CharacterOptions, learn, nats

_FOLDS = 2
_MODEL = CharacterOptions()


@dataclass(frozen=True)
class CrossEntropyOptions:
    """How the models that need no weights are made.

    Attributes:
        sample: texts of the pool that the general models may be counted from; as many of them as together are as long
            as the target's texts are used for each, since models of unlike amounts of text do not compare.
        seed: of the sample and its parts.
        model: shape of the character models.
    """

    sample: int = 5000
    seed: int = 0
    model: CharacterOptions = _MODEL

    def __post_init__(self) -> None:
        if self.sample < _FOLDS:
            raise InputError(f"cross entropy: sample is {self.sample}, expected at least {_FOLDS}")


def differences(target: pl.DataFrame, general: pl.DataFrame) -> pl.DataFrame:
    """Bits a byte that the general model needs more than the target's, for each document.

    Args:
        target: `doc_id`, `score` in bits or nats a byte under a model of the target: `quality.perplexity_scores`.
        general: the same under a general model, in the same unit, of the same documents in any order.

    Returns:
        `doc_id`, `score`, in the order of `target`; null where one model has no score.

    Raises:
        ValueError: when the documents are not the same.
    """
    joined = target.select("doc_id", mine="score").join(
        general.select("doc_id", theirs="score"), on="doc_id", how="inner", maintain_order="left"
    )
    if not joined.height == target.height == general.height:
        raise ValueError(f"{target.height} and {general.height} documents scored, {joined.height} of them by both")
    return joined.select("doc_id", score=pl.col("theirs") - pl.col("mine"))


def general_models(
    sample: pl.DataFrame, target: CharacterModel, options: CrossEntropyOptions
) -> tuple[CharacterModel, ...]:
    """Models of the pool, one without each part of it, so that no document is scored by a model that has read it.

    Args:
        sample: `doc_id`, `text`, `hash`: what `sample.merged` returned.
        target: model of the target's texts, whose length each general model's texts have, or as near as there are.
        options: as they were.
    """
    models = []
    for fold in range(_FOLDS):
        others = sample.filter(pl.col("hash") % _FOLDS != fold)
        before = others.select(pl.col("text").str.len_chars().cum_sum().shift(1, fill_value=0)).to_series()
        models.append(learn(others.filter(before < target.characters)["text"], options.model))
    return tuple(models)


def scores(
    documents: pl.DataFrame, target: CharacterModel, general: tuple[CharacterModel, ...], options: CrossEntropyOptions
) -> pl.DataFrame:
    """Bits a character that the general model needs more than the target's: `doc_id`, `score`; 0 for an empty text.

    Args:
        documents: `doc_id`, `text`.
        target: model of the target's texts.
        general: what `general_models` returned.
        options: as they were for it.
    """
    folds = hashes(documents["doc_id"], options.seed).to_numpy() % np.uint64(_FOLDS)
    texts = documents["text"]
    under_general = np.empty(documents.height)
    for fold, model in enumerate(general):
        rows = np.flatnonzero(folds == fold)
        under_general[rows] = nats(texts.gather(rows), model)
    # Lengths as the models read them: after NFC.
    lengths = documents.select(pl.col("text").str.normalize("NFC").str.len_chars()).to_series().to_numpy()
    difference = (under_general - nats(texts, target)) / np.maximum(lengths, 1) / np.log(2)
    return documents.select("doc_id", score=pl.Series(difference, dtype=pl.Float64))
