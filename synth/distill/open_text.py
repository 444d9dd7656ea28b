"""Does a text say the same as another, where no bare answer can be compared: signs that are cheap and err to `no`.

Four signs, all needed: the same numbers, the same polarity, most content words of the reference kept, and few content
words that neither reference nor question have. A good paraphrase in quite other words fails them, and its reference
is kept; canaries measure both errors on the data at hand.
"""

from collections.abc import Iterable

import re2

from curation.checks.typed_result import CheckResult, graded, verdict

STEM = 5  # letters of an English word that are compared, so that `arrives` is `arrived`

_NUMBERS = re2.compile(r"\p{Nd}+(?:[.,]\p{Nd}+)*")
_WORDS = re2.compile(r"[\p{L}\p{M}\p{Nd}]+")
_HANGUL = re2.compile(r"\p{Hangul}")
_NEGATION = re2.compile(
    r"(?i)\b(?:no|not|never|none|nothing|nobody|neither|nor|cannot|without)\b|n['’]t\b|않|없|아니|(?:^|\s)[안못]\s|못하"
)
_FUNCTION_WORDS = frozenset((
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "being", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "down", "each", "few", "for",
    "from", "further", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "just", "me", "more", "most", "my", "of", "off", "on", "once", "only", "or",
    "other", "our", "out", "over", "own", "same", "she", "should", "so", "some", "such", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "under", "until", "up",
    "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "why", "will", "with",
    "would", "you", "your",
))  # fmt: skip


def checks(reference: str, candidate: str, question: str, min_recall: float, min_precision: float) -> list[CheckResult]:
    """The four signs for a candidate against an open-text reference.

    Args:
        reference: the text whose content must be kept.
        candidate: the text in question.
        question: what both answer; its numbers and words may be repeated.
        min_recall: share of the reference's content words that the candidate must have.
        min_precision: share of the candidate's content words that reference or question must have.
    """
    wanted, given, asked = content(reference), content(candidate), content(question)
    missing = numbers(reference) - numbers(candidate)
    invented = numbers(candidate) - numbers(reference) - numbers(question)
    # A reference of function words alone has nothing to compare: it fails rather than passing anything.
    recall = len(wanted & given) / len(wanted) if wanted else 0.0
    precision = len(given & (wanted | asked)) / len(given) if given else 0.0
    return [
        verdict("open.numbers", not missing | invented, f"missing {sorted(missing)}, invented {sorted(invented)}"),
        verdict("open.negation", negated(reference) == negated(candidate), f"negated: {negated(candidate)}"),
        graded("open.recall", recall, min_recall, f"{len(wanted & given)} of {len(wanted)} content words"),
        graded("open.precision", precision, min_precision, f"{len(given - wanted - asked)} words of its own"),
    ]


def content(text: str) -> frozenset[str]:
    """What a text is about: stems of words that are not function words; for Hangul, pairs of syllables.

    Pairs, because particles and endings are glued to a Korean word; a word of one syllable stands for itself.
    """
    units: set[str] = set()
    for word in _WORDS.findall(text.lower()):
        if _HANGUL.search(word):
            units.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif word not in _FUNCTION_WORDS:
            units.add(word[:STEM])
    return frozenset(units)


def numbers(text: str) -> frozenset[str]:
    """Numbers in a text without separators of thousands: 1,000 is 1000."""
    return frozenset(_plain(_NUMBERS.findall(text)))


def negated(text: str) -> bool:
    """Whether a text holds a negation, English or Korean."""
    return _NEGATION.search(text) is not None


def _plain(found: Iterable[str]) -> Iterable[str]:
    for number in found:
        groups = number.split(",")
        thousands = len(groups) > 1 and all(len(group.split(".")[0]) == 3 for group in groups[1:])
        yield number.replace(",", "") if thousands else number
