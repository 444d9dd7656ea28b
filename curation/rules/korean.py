"""Rules for Korean text on white-space words: no morphological analyser, hence no dependence on its segmentation.

Thresholds were measured on running prose (3 098 legal answers, 1 549 legal questions, 1 404 encyclopedia paragraphs),
on 11 823 chat turns and on 712 383 raw film reviews, and set so that they pass at least 99.9 % of the prose; quantiles
stand beside each threshold, and `python -m benchmarks.korean_thresholds` prints them all with what each one drops.
Published thresholds for Korean are tuned on morphemes and do not fit: prose has words of 3.4 characters in the mean, so
that Gopher's lower bound of 3 would drop a tenth of it, and FineWeb-2's `kor_Hang` bounds count the morphemes of Kiwi
(mean word length 1 to 6, duplicate 10-grams .127, lines .374).
"""

from collections.abc import Callable

import polars as pl

from .. import languages
from . import korean_repetition
from .counts import CHARACTERS, LINES, TEXT, WORDS, share
from .rule import Rule

# With one of these a word stands in a sentence, not in a list of keywords.
PARTICLES = "은|는|이|가|을|를|의|에|로|도|만|과|와|랑|에서|에게|한테|께|까지|부터|보다|처럼|마다|조차|밖에"
VERB_ENDINGS = "다|고|며|면|서|지|게|네|요|죠|니|까|나|라|자|든|던|한|할|된|될|인|적|해|데|듯|야|어|아|여|들|음|임|함"

# What ends a sentence: its marks, closing quotes and brackets, and in Korean the endings themselves.
_SENTENCE_END = r"""(?:[.!?。…~」』”’"')\]]|다|요|죠|까|네|음|임|함|됨)"""

# Emoji, faces typed with signs and jamo (jamo alone are `jamo`), hearts and stars, runs of marks.
_EMOTICON = (
    r"(?:[\p{Extended_Pictographic}&&[^0-9#*©®™]]\u{fe0f}?|[\^ㅡ\-=;][_.ㅅㅁ]?[\^ㅡ=;]|[ㅇㅎㅠㅜㅍTㅡ][ㅅㅁ_.][ㅇㅎㅠㅜㅍTㅡ]"
    r"|[:;=]-?[()DPp]|[♥♡★☆♪♬]|[!?~^;]{2,})"
)
_SYLLABLES = TEXT.str.count_matches(r"[가-힣]")
_FOREIGN = r"[\p{L}--[\p{Hangul}\p{Latin}\p{Han}]]"


def korean(
    min_words: float | None = 3,
    max_words: float | None = 100_000,
    min_word_length: float | None = 1.5,
    max_word_length: float | None = 10,
    min_hangul: float | None = 0.4,
    max_jamo: float | None = 0.2,
    max_emoticons: float | None = 0.3,
    max_foreign: float | None = 0.2,
    min_spacing: float | None = 0.1,
    max_spacing: float | None = 0.6,
    spacing_from_syllables: float = 20,
    min_endings: float | None = 0.2,
    endings_from_words: float = 10,
    min_sentence_lines: float | None = 0.12,
    max_duplicate_lines: float | None = 0.3,
    max_duplicate_line_characters: float | None = 0.2,
    lines_from: float = 3,
    max_duplicate_grams: float | None = 0.4,
    max_top_gram: float | None = 0.3,
    repetition_from_characters: float = 100,
    max_runs: float | None = 0.5,
    korean_from: float = languages.HANGUL_FROM,
) -> tuple[Rule, ...]:
    """Rules where the share of Hangul is at least `korean_from`; thresholds inclusive.

    Args:
        min_words, max_words: below three words there is no sentence (reviews: 12 %, prose: below 0.1 %).
        min_word_length, max_word_length: characters a word. Prose: 2.6 to 5.5 for 99.8 % of documents; single
            sentences from 1.2; reviews written without spaces above 10: 3.5 %.
        min_hangul: Hangul syllables among characters that are not white space. Prose: at least 0.47 for 99.9 %.
        max_jamo: lone jamo (ㅋㅋㅋ, ㅠㅠ) among them, after runs were cut. Prose: none; reviews above 0.2: 2.5 %.
        max_emoticons: characters in emoji, typed faces, hearts and runs of marks (!!, ~~, ^^) among them. Prose: none;
            chat: at most 0.15 for 99.9 %; reviews above: 0.8 %.
        max_foreign: letters that are neither Hangul, Latin nor Chinese among letters. Prose: at most 0.09 for 99.9 %.
        min_spacing, max_spacing: runs of Hangul per Hangul syllable: low where spaces were left out, 1 where every
            syllable stands alone. Prose: 0.20 to 0.44 for 99.8 %; reviews below: 0.8 %.
        spacing_from_syllables: the rule before applies from so many syllables on.
        min_endings: words that end in a particle or verb ending. Prose: at least 0.35 for 99.9 %.
        endings_from_words: the rule before applies from so many words on; in a short text chance is too large.
        min_sentence_lines: lines that end like a sentence, with or without a full stop (FineWeb's .12).
        max_duplicate_lines, max_duplicate_line_characters: lines that occurred before (Gopher's .30 and .20).
        lines_from: the three rules before apply from so many lines on.
        max_duplicate_grams: letters in runs of 20 that occurred before. Prose: at most 0.39 for 99.9 %, 0 for 90 %;
            above stand answers that loop.
        max_top_gram: letters in the occurrences of the most frequent run of 4. Prose: at most 0.24 for 99.9 %.
        repetition_from_characters: the two rules before apply from so many characters on.
        max_runs: letters in runs of four and more of the same. Prose: at most 0.1.
        korean_from: share of Hangul from which a text is Korean.
    """
    applies, where = languages.is_korean(korean_from), languages.said_from(korean_from)
    letters = TEXT.str.count_matches(r"\p{L}")

    def rule(name: str, score: pl.Expr, low: float | None, high: float | None, definition: str) -> Rule:
        return Rule(f"korean.{name}", score, low, high, applies, definition, where)

    def after(pattern: str) -> pl.Expr:
        """Characters that a pattern takes."""
        return TEXT.str.len_chars() - TEXT.str.replace_all(pattern, "").str.len_chars()

    jamo = TEXT.str.count_matches(r"[ㄱ-ㅣ\u{1100}-\u{1112}\u{1161}-\u{1175}]")
    inflected = TEXT.str.count_matches(rf"[가-힣](?:{PARTICLES}|{VERB_ENDINGS})\p{{P}}*(?:\s|\z)")
    ended = TEXT.str.count_matches(rf"(?m){_SENTENCE_END}[^\S\n]*$")
    spacing = share(TEXT.str.count_matches(r"[가-힣]+"), _SYLLABLES)
    line_characters, duplicate_lines = pl.col("line_characters"), pl.col("duplicate_line_characters")
    of_characters = "among characters that are not white space"
    from_lines = f"from {lines_from:g} lines on"
    from_characters = f"from {repetition_from_characters:g} characters on"
    return (
        rule("words", WORDS, min_words, max_words, "words"),
        rule("mean_word_length", share(CHARACTERS, WORDS), min_word_length, max_word_length,
             "characters that are not white space, per word"),
        rule("hangul", share(_SYLLABLES, CHARACTERS), min_hangul, None, f"share of Hangul syllables {of_characters}"),
        rule("jamo", share(jamo, CHARACTERS), None, max_jamo, f"share of jamo that stand alone {of_characters}"),
        rule("emoticons", share(after(_EMOTICON), CHARACTERS), None, max_emoticons,
             f"share of emoji, typed faces, hearts, stars and runs of ! ? ~ ^ ; {of_characters}"),
        rule("foreign", share(TEXT.str.count_matches(_FOREIGN), letters), None, max_foreign,
             "share of letters that are neither Hangul, Latin nor Chinese"),
        rule("spacing", _from(_SYLLABLES, spacing_from_syllables, spacing), min_spacing, max_spacing,
             f"runs of Hangul syllables per syllable, from {spacing_from_syllables:g} syllables on"),
        rule("endings", _from(WORDS, endings_from_words, share(inflected, WORDS)), min_endings, None,
             "share of words that end in Hangul with a particle or verb ending, from "
             f"{endings_from_words:g} words on"),
        rule("sentence_lines", _from(LINES, lines_from, share(ended, LINES)), min_sentence_lines, None,
             f"share of lines that end like a sentence, full stop or not, {from_lines}"),
        rule("duplicate_lines", _from(LINES, lines_from, share(pl.col("duplicate_lines"), LINES)), None,
             max_duplicate_lines, f"share of lines that occurred before, {from_lines}"),
        rule("duplicate_line_characters", _from(LINES, lines_from, share(duplicate_lines, line_characters)), None,
             max_duplicate_line_characters,
             f"share of the characters of lines that are in lines that occurred before, {from_lines}"),
        rule("duplicate_grams", _long(repetition_from_characters, korean_repetition.duplicate_share), None,
             max_duplicate_grams, f"share of letters and digits in {korean_repetition.DUPLICATE_GRAM} in a row, spaces "
             f"and marks aside, that occurred before, each counted once, {from_characters}"),
        rule("top_gram", _long(repetition_from_characters, korean_repetition.top_share), None, max_top_gram,
             f"share of letters and digits in the occurrences of the most frequent {korean_repetition.TOP_GRAM} in a "
             f"row, 0 when none occurs twice, {from_characters}"),
        rule("runs", _long(0, korean_repetition.run_share), None, max_runs,
             f"share of letters and digits in runs of {korean_repetition.RUN} and more of the same"),
    )  # fmt: skip


def _long(least: float, measure: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    """What a kernel measures of the text, null in texts of fewer characters."""
    return _from(CHARACTERS, least, TEXT.map_batches(measure, return_dtype=pl.Float64, is_elementwise=True))


def _from(count: pl.Expr, least: float, score: pl.Expr) -> pl.Expr:
    """The score where there is enough to count, null (which passes) elsewhere."""
    return pl.when(count >= least).then(score)
