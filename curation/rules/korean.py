"""Rules for Korean text on white-space words: no morphological analyser, hence no dependence on its segmentation.

Thresholds were measured on running prose (4 647 legal answers, 1 404 encyclopedia paragraphs), on 25 960 single
sentences (similarity pairs, question pairs, chat) and on 712 383 raw film reviews, and set so that they pass at least
99.9 % of the prose; quantiles stand beside each threshold. Published thresholds for Korean are tuned on morphemes and
do not fit: prose has words of 3.4 characters in the mean, so that Gopher's lower bound of 3 would drop a tenth of it.
"""

import polars as pl

from .. import languages
from .counts import CHARACTERS, LINES, TEXT, WORDS, share
from .rule import Rule

# With one of these a word stands in a sentence, not in a list of keywords.
PARTICLES = "은|는|이|가|을|를|의|에|로|도|만|과|와|랑|에서|에게|한테|께|까지|부터|보다|처럼|마다|조차|밖에"
VERB_ENDINGS = "다|고|며|면|서|지|게|네|요|죠|니|까|나|라|자|든|던|한|할|된|될|인|적|해|데|듯|야|어|아|여|들|음|임|함"

# What ends a sentence: its marks, closing quotes and brackets, and in Korean the endings themselves.
_SENTENCE_END = r"""(?:[.!?。…~」』”’"')\]]|다|요|죠|까|네|음|임|함|됨)"""


def korean(
    min_words: float | None = 3,
    max_words: float | None = 100_000,
    min_word_length: float | None = 1.5,
    max_word_length: float | None = 10,
    min_hangul: float | None = 0.4,
    max_jamo: float | None = 0.2,
    min_endings: float | None = 0.2,
    endings_from_words: float = 10,
    min_sentence_lines: float | None = 0.12,
    sentences_from_lines: float = 3,
    korean_from: float = languages.HANGUL_FROM,
) -> tuple[Rule, ...]:
    """Rules where the share of Hangul is at least `korean_from`; thresholds inclusive.

    Args:
        min_words, max_words: below three words there is no sentence (reviews: 12 %, prose: below 0.1 %).
        min_word_length, max_word_length: characters a word. Prose: 2.6 to 5.5 for 99.8 % of documents; single
            sentences from 1.2; reviews written without spaces above 10: 3.5 %.
        min_hangul: Hangul syllables among characters that are not white space. Prose: at least 0.47 for 99.9 %.
        max_jamo: lone jamo (ㅋㅋㅋ, ㅠㅠ) among them, after runs were cut. Prose: none; reviews above 0.2: 2.5 %.
        min_endings: words that end in a particle or verb ending. Prose: at least 0.35 for 99.9 %.
        endings_from_words: the rule before applies from so many words on; in a short text chance is too large.
        min_sentence_lines: lines that end like a sentence, with or without a full stop (FineWeb's .12).
        sentences_from_lines: the rule before applies from so many lines on.
        korean_from: share of Hangul from which a text is Korean.
    """
    applies = languages.is_korean(korean_from)
    syllables = TEXT.str.count_matches(r"[가-힣]")
    jamo = TEXT.str.count_matches(r"[ㄱ-ㅣ\u{1100}-\u{1112}\u{1161}-\u{1175}]")
    inflected = TEXT.str.count_matches(rf"[가-힣](?:{PARTICLES}|{VERB_ENDINGS})\p{{P}}*(?:\s|\z)")
    ended = TEXT.str.count_matches(rf"(?m){_SENTENCE_END}[^\S\n]*$")
    return (
        Rule("korean.words", WORDS, min_words, max_words, applies, "words"),
        Rule(
            "korean.mean_word_length",
            share(CHARACTERS, WORDS),
            min_word_length,
            max_word_length,
            applies,
            "characters that are not white space, per word",
        ),
        Rule(
            "korean.hangul",
            share(syllables, CHARACTERS),
            min_hangul,
            None,
            applies,
            "share of Hangul syllables among characters that are not white space",
        ),
        Rule(
            "korean.jamo",
            share(jamo, CHARACTERS),
            None,
            max_jamo,
            applies,
            "share of jamo that stand alone among characters that are not white space",
        ),
        Rule(
            "korean.endings",
            _from(WORDS, endings_from_words, share(inflected, WORDS)),
            min_endings,
            None,
            applies,
            f"share of words that end in Hangul with a particle or verb ending, from {endings_from_words:g} words on",
        ),
        Rule(
            "korean.sentence_lines",
            _from(LINES, sentences_from_lines, share(ended, LINES)),
            min_sentence_lines,
            None,
            applies,
            f"share of lines that end like a sentence, full stop or not, from {sentences_from_lines:g} lines on",
        ),
    )


def _from(count: pl.Expr, least: float, score: pl.Expr) -> pl.Expr:
    """The score where there is enough to count, null (which passes) elsewhere."""
    return pl.when(count >= least).then(score)
