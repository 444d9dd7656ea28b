"""Rules on the language of a document."""

from collections.abc import Sequence

import polars as pl

from .. import languages
from ..errors import InputError
from .counts import TEXT
from .rule import Rule


def language_rules(keep: Sequence[str] = (), min_score: float | None = None) -> tuple[Rule, ...]:
    """Rules that let some languages through, and only where they are told with enough confidence; inclusive.

    Args:
        keep: ISO 639 codes as in `lang`, `und` for none that could be told; () for all.
        min_score: smallest confidence; see `languages.identify` for what it is.

    Raises:
        InputError: for languages that are not codes of two or three lower-case letters.
    """
    if isinstance(keep, str) or not all(isinstance(code, str) for code in keep):
        raise InputError(f"rules.languages.keep: found {keep!r}, expected a list of codes such as ['ko', 'en']")
    for code in keep:
        if not (len(code) in (2, 3) and code.isascii() and code.isalpha() and code.islower()):
            raise InputError(f"rules.languages.keep: found {code!r}, expected an ISO 639 code such as 'ko'")
    score = TEXT.map_batches(languages.confidence, return_dtype=pl.Float64, is_elementwise=True)
    rules = [
        Rule(
            "language.score",
            score,
            min_score,
            None,
            definition="confidence in the language: of the small fastText model, or where script and words decide one "
            "less the share of letters of other scripts; 0 where no language could be told",
        )
    ]
    if keep:
        kept = pl.col("lang").is_in(list(keep)).fill_null(False).cast(pl.Float64)
        rules.insert(0, Rule("language.kept", kept, 1, None, definition=f"1 where lang is one of {', '.join(keep)}"))
    return tuple(rules)
