"""Rules on abuse, and scores of sensitive topics, for which nothing is dropped."""

from functools import partial
from pathlib import Path

import polars as pl

from .. import quality
from .. import toxicity as lists
from .counts import TEXT
from .rule import Rule


def toxicity(max_score: float | None = 0.5, model: str | None = None, topics: bool = True) -> tuple[Rule, ...]:
    """Rules against abuse in English and Korean; thresholds inclusive.

    Args:
        max_score: largest `toxicity.score`. Without a model one abuse in forty words scores .5.
        model: folder of a model that `toxicity.train` made and `quality.save` wrote; none for the density of abuse.
        topics: also count the places on each sensitive topic (`sensitive.self_harm`, ...): scores without a bound, by
            which a review takes rows first.

    Raises:
        InputError: when there is no model in the folder.
    """
    score: pl.Expr
    if model is None:
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
