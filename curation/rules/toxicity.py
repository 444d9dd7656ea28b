"""Rules on abuse, and scores of sensitive topics, for which nothing is dropped."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import polars as pl

from .. import quality
from .. import toxicity as lists
from ..errors import InputError
from .counts import TEXT
from .rule import Rule


def toxicity(
    max_score: float | None = 0.5, model: str | None = None, topics: bool = True, labelled: Sequence[str] = ()
) -> tuple[Rule, ...]:
    """Rules against abuse in English and Korean; thresholds inclusive.

    Args:
        max_score: largest `toxicity.score`. Without a model one abuse in forty words scores .5.
        model: folder of a model that `toxicity.train` made and `quality.save` wrote; none for the density of abuse.
        topics: also count the places on each sensitive topic (`sensitive.self_harm`, ...): scores without a bound, by
            which a review takes rows first.
        labelled: files of rows with `text` and `label`, 1 for abuse and 0 for none, on which a curate step trains a
            model, in place of `model`; rules that are scored without one cannot be.

    Raises:
        InputError: when there is no model in the folder, or both a model and labelled rows.
    """
    if isinstance(labelled, str) or not all(isinstance(file, str) for file in labelled):
        raise InputError(f"rules.toxicity.labelled: found {labelled!r}, expected a list of files")
    if model is not None and labelled:
        raise InputError("rules.toxicity: found model and labelled, expected one of the two")
    score: pl.Expr
    if labelled:
        score = TEXT.map_batches(_untrained, return_dtype=pl.Float64, is_elementwise=True)
        said = f"probability of abuse by a model trained on {', '.join(labelled)} where a list of abuse hits, else 0"
    elif model is None:
        score = TEXT.map_batches(lists.density, return_dtype=pl.Float64, is_elementwise=True)
        said = (
            "twenty times the places a word that lists of abuse hit in sentences which do not merely speak of abuse, "
            "at most 1"
        )
    else:
        fingerprint = quality.load(Path(model)).fingerprint
        learned = partial(lists.learned_from, folder=model, fingerprint=fingerprint)
        score = TEXT.map_batches(learned, return_dtype=pl.Float64, is_elementwise=True)
        said = f"probability of abuse by the model {fingerprint} where a list of abuse hits, else 0"
    hits = TEXT.map_batches(lists.candidates, return_dtype=pl.UInt32, is_elementwise=True)
    rules = [
        Rule("toxicity.candidates", hits, definition="places that lists of abuse hit, spoken of or not"),
        Rule("toxicity.score", score, None, max_score, definition=said),
    ]
    for topic in lists.topics() if topics else ():
        count = partial(lists.on_topic, topic=topic)
        expression = TEXT.map_batches(count, return_dtype=pl.UInt32, is_elementwise=True)
        rules.append(Rule(f"sensitive.{topic}", expression, definition=f"places on the topic {topic}: reviewed first"))
    return tuple(rules)


def _untrained(_: pl.Series) -> pl.Series:
    raise InputError("rules.toxicity.labelled: found no model yet, expected one: train it and give it as `model`")
