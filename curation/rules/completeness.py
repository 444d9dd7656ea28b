"""Whether a document is all there: fields that must be filled, and an end that is the end of a sentence.

A text that a crawler, a column limit or a token limit cut stops somewhere, mostly within a sentence and often within a
word, which only a dictionary would see. What can be seen without one is graded, so that the threshold says how much
evidence is asked for; `python -m benchmarks.completeness` measures precision and recall of each grade on real texts and
on the same texts cut at a random character.
"""

from collections.abc import Sequence

import polars as pl

from ..errors import InputError
from .counts import TEXT, WORDS
from .rule import Rule

# How sure it is that the text stops in mid-sentence.
CERTAIN, WITHIN_LINE, OPEN_LINE, NO_MARK, ENDED = 1.0, 0.75, 0.5, 0.25, 0.0

# Values of a field that say that there is none, in lower case.
NO_VALUES = ("", "null", "none", "nan", "n/a", "na", "-")

_TAIL = 600  # characters of the end that are looked at
_LONG_LINE = 8  # words from which a line without a heading's look is a line of prose
_CLOSING = r"""["'”’»)\]}」』】》〉*_`]"""
_MARK = rf"(?:[.!?…。．！？؟।]|~){_CLOSING}*"
_SMILE = (
    r"(?:[\^;:=]['-]?[()DPpOo3]|[\^ㅡ-][_.ㅅ]?[\^ㅡ-];*|[ㄱ-ㅣ♥♡★☆]|[\p{Extended_Pictographic}&&[^0-9#*]]\u{fe0f}?)"
)
_ADDRESS = r"(?:https?://|www\.)\S*[^\s,;:(\[-]|\S+@\S+\.\p{L}+"
_KOREAN_END = r"[가-힣](?:다|요|죠|까|네|음|임|함|됨|냐|군|걸|듯|뿐|돼|야)"
_INFORMAL = r"(?:[가-힣]\s?;+|,,+)"  # as Korean readers type a sigh
_CODE = r"(?:[)}\]\d\"'];|//|\*/|\\)"
_ENDS = rf"(?:{_MARK}|{_SMILE}|{_INFORMAL}|{_CODE}|{_ADDRESS}|{_CLOSING}|{_KOREAN_END}|\|)\z"

# After these something must follow: marks that join, words that lead on, endings and particles that connect.
_JOINING = r"[,;:–—\-/&+=·(\[{“‘「『《〈，、；：]\z"
_LEADING_ON = (
    "a|an|the|and|or|nor|but|of|to|in|on|at|by|for|from|with|without|into|onto|upon|among|during|against|toward|towards"
    "|via|per|as|than|that|which|who|whose|whom|because|although|though|unless|whereas|whether|while|if|is|are|was|were"
    "|be|been|being|has|have|had|having|will|would|can|could|should|shall|may|might|must|does|did|its|their|his|my|your"
    "|our|these|those|this|every|including|includes"
)
_CONNECTIVES = (
    "며|지만|면서|아서|어서|해서|으니|니까|려고|도록|거나|든지|[하되있없이않였했었았겠받주]고|에서|에게|에게서|으로|로써"
    "|로서|부터|처럼|보다|라는|다는|를|는|에|때문에|위해|위한|통해|대해|대한"
    "|관한"
)
_CONJUNCTIONS = "및|또는|혹은|그리고|그러나|하지만|따라서"
_LEADS_ON = (
    rf"(?:{_JOINING}|(?:\A|[\s(“\"'‘])(?i-u:{_LEADING_ON})\z"
    rf"|(?:[가-힣](?:{_CONNECTIVES})|[가-힣&&[^마가노고]]을|[것점들][은이])\z|(?:\A|\s)(?:{_CONJUNCTIONS})\z)"
)
# An opened bracket or quotation mark that nothing closes up to the end, on the last line; a smile is none.
_UNCLOSED = r"(?:\A|[^:;=\-\^])(?:\([^)\n]*|\[[^\]\n]*|「[^」\n]*|『[^』\n]*|《[^》\n]*|“[^”\n]*)\z"


def completeness(
    max_cut: float | None = 0.5,
    cut_from_words: float = 10,
    max_open_fences: float | None = 0,
    required: Sequence[str] = (),
    max_missing: float | None = 0,
) -> tuple[Rule, ...]:
    """Rules against documents that lack a field or their end; thresholds inclusive.

    Args:
        max_cut: largest grade of evidence that the text stops in mid-sentence. 1: it ends in a mark, word, particle or
            ending after which something must follow, or within a bracket or quotation on its last line. 0.75: without
            a sentence end, on a line with an ended sentence before. 0.5: without one, on a line of eight words and
            more, in a text in which sentences have ends. 0.25: without one elsewhere: headings, names, text without
            marks. 0: with one (marks, closing quotes and brackets, Korean final endings, addresses, emoticons).
        cut_from_words: the rule before applies from so many words on: a short answer needs no sentence.
        max_open_fences: Markdown code fences (``` at the start of a line) that are not closed.
        required: names of fields that every record must have; `a.b` is field `b` of field `a`.
        max_missing: how many of them may be missing, null, or without a value (empty, null, none, nan, n/a, na, -).

    Raises:
        InputError: when `required` is no list of names.
    """
    if isinstance(required, str) or not all(isinstance(name, str) and name for name in required):
        raise InputError(f"rules.completeness.required: found {required!r}, expected a list of names of fields")
    rules = [
        Rule(
            "completeness.cut",
            pl.when(cut_from_words <= WORDS).then(_cut()),
            None,
            max_cut,
            definition="evidence that the text stops in mid-sentence: 1 something must follow, 0.75 open after an "
            "ended sentence on its line, 0.5 an open line of prose, 0.25 no sentence end, 0 ended; from "
            f"{cut_from_words:g} words on",
        ),
        Rule(
            "completeness.open_fences",
            TEXT.str.count_matches(r"(?m)^[^\S\n]*```") % 2,
            None,
            max_open_fences,
            definition="code fences that are opened and not closed",
        ),
    ]
    if required:
        rules.append(
            Rule(
                "completeness.missing_fields",
                pl.sum_horizontal(_is_missing(name).cast(pl.UInt32) for name in required),
                None,
                max_missing,
                definition=f"fields among {', '.join(required)} that are missing or without a value",
            )
        )
    return tuple(rules)


def _cut() -> pl.Expr:
    """Grade of evidence that the text stops in mid-sentence, of its last line alone where that is enough."""
    text = TEXT.str.strip_chars_end()
    line = text.str.tail(_TAIL).str.extract(r"([^\n]*)\z")
    inner_end = rf"{_MARK}\s|[가-힣](?:다|요|죠)\s"
    return (
        pl.when(text == "")
        .then(pl.lit(ENDED))
        .when(line.str.contains(_UNCLOSED) & ~line.str.contains(rf"(?:{_MARK}|{_SMILE})\z"))
        .then(pl.lit(CERTAIN))
        .when(line.str.contains(_ENDS))
        .then(pl.lit(ENDED))
        .when(line.str.contains(_LEADS_ON))
        .then(pl.lit(CERTAIN))
        .when(line.str.contains(inner_end))
        .then(pl.lit(WITHIN_LINE))
        .when((line.str.count_matches(r"\S+") >= _LONG_LINE) & TEXT.str.contains(rf"{_MARK}\s"))
        .then(pl.lit(OPEN_LINE))
        .otherwise(pl.lit(NO_MARK))
    )


def _is_missing(name: str) -> pl.Expr:
    """Whether a field of `meta` is absent, null, or a text without a value."""
    path = "$" + "".join(f"['{part}']" for part in name.split("."))
    value = pl.col("meta").str.json_path_match(path)
    return value.is_null() | value.str.strip_chars().str.to_lowercase().is_in(list(NO_VALUES))
