"""Does a text say the same as another, where no bare answer can be compared: signs that are cheap and err to `no`.

All are needed: the same numbers, the same names, sentences of like words with the same polarity, no sentence left out,
none added, and no single word exchanged in a sentence that is otherwise copied, since nothing here can tell a synonym
from a changed fact. A good paraphrase in quite other words fails them, and its reference is kept; canaries and planted
changes measure both errors (docs/checks.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from curation.checks.typed_result import CheckResult, graded, verdict

from .open_words import Said, Sentence, read, units

NEAR_COPY = 0.6  # share of a sentence's words in its nearest sentence from which the two are held against each other
COPY = 0.75  # the same, from which a word that nobody said is no addition but stands for another
_FEW = 2  # units of content; a sentence of fewer has too little to be missed or to be new
_OTHER = 0.5  # share of a word's units that must be known for the word to be


@dataclass(frozen=True)
class OpenLimits:
    """From which scores open text passes.

    Attributes:
        min_recall: share of the reference's content words that a candidate must have.
        min_precision: share of a candidate's content words that reference or question must have.
        min_kept: the same as `min_recall`, of the reference's sentence that has the least of its words kept.
        min_grounded: the same as `min_precision`, of the candidate's sentence that is least known.
    """

    min_recall: float
    min_precision: float
    min_kept: float
    min_grounded: float


def checks(references: Sequence[str], candidate: str, question: str, limits: OpenLimits) -> list[CheckResult]:
    """The signs for a candidate against the reference that it agrees with best.

    Args:
        references: texts that each are right alone, at least one; a candidate that says the same as one is right.
        candidate: the text in question.
        question: what they answer; its numbers and words may be repeated.
        limits: from which scores it passes.
    """
    against = [_against(reference, candidate, question, limits) for reference in references]
    return max(against, key=lambda found: (sum(one.passed for one in found), sum(one.score for one in found)))


def _against(reference: str, candidate: str, question: str, limits: OpenLimits) -> list[CheckResult]:
    mine, theirs, asked = read(reference), read(candidate), read(question)
    wanted, given = mine.content, theirs.content
    # A reference of function words alone has nothing to compare: it fails rather than passing anything.
    recall = _share(wanted, given) if wanted else 0.0
    precision = _share(given, wanted | asked.content) if given else 0.0
    pairs = [(sentence, *_nearest(sentence, mine.sentences)) for sentence in theirs.sentences]
    copies = [(sentence, near, share) for sentence, near, share in pairs if near is not None and share >= NEAR_COPY]
    return [
        _same("open.numbers", mine.numbers, theirs.numbers, frozenset(), asked.numbers),
        # A name that the question gave may be left out or repeated.
        _same("open.names", mine.names - theirs.content, theirs.names - wanted, asked.content, asked.content),
        _polarity(mine, theirs, copies),
        graded("open.recall", recall, limits.min_recall, f"{len(wanted & given)} of {len(wanted)} content words"),
        graded("open.precision", precision, limits.min_precision, f"{len(given - wanted)} words of its own"),
        _kept(mine.sentences, theirs.sentences, limits.min_kept),
        _grounded(theirs.sentences, wanted | asked.content, limits.min_grounded),
        _exchanged(copies, wanted | asked.content, given),
    ]


def _share(units: frozenset[str], known: frozenset[str]) -> float:
    return len(units & known) / len(units) if units else 1.0


def _same(
    name: str, wanted: frozenset[str], given: frozenset[str], may_miss: frozenset[str], may_have: frozenset[str]
) -> CheckResult:
    """Nothing of the reference is missing and nothing new is there, but for what the question allows."""
    missing, invented = wanted - given - may_miss, given - wanted - may_have
    return verdict(name, not missing | invented, f"missing {sorted(missing)}, invented {sorted(invented)}")


def _polarity(mine: Said, theirs: Said, copies: Sequence[tuple[Sentence, Sentence, float]]) -> CheckResult:
    """Sentences of like words are negated both or neither, and the texts both or neither hold a negation."""
    for sentence, near, _ in copies:
        if near.negations % 2 != sentence.negations % 2:
            return verdict("open.polarity", False, f"{sentence.text[:60]!r} against {near.text[:60]!r}")
    same = (mine.negations == 0) == (theirs.negations == 0)
    return verdict("open.polarity", same, f"{theirs.negations} negations, expected {mine.negations}")


def _kept(mine: Sequence[Sentence], theirs: Sequence[Sentence], threshold: float) -> CheckResult:
    """The reference's sentence that is said worst: share of its content in two neighbouring sentences of the candidate.

    In two, since a rewrite may cut one sentence in two; not in all of them, since a sentence that was left out mostly
    has the words of those around it.
    """
    places = [one.content | after.content for one, after in zip(theirs, (*theirs[1:], *theirs[-1:]), strict=True)]
    shares = [
        (max((_share(one.content, place) for place in places), default=0.0), one.text)
        for one in mine
        if len(one.content) >= _FEW
    ]
    share, text = min(shares, default=(1.0, ""))
    return graded("open.kept", share, threshold, f"not said: {text[:80]!r}")


def _grounded(theirs: Sequence[Sentence], known: frozenset[str], threshold: float) -> CheckResult:
    """The candidate's sentence that is known least: share of its content that reference or question have."""
    shares = [(_share(one.content, known), one.text) for one in theirs if len(one.content) >= _FEW]
    share, text = min(shares, default=(1.0, ""))
    return graded("open.grounded", share, threshold, f"from nowhere: {text[:80]!r}")


def _exchanged(
    copies: Sequence[tuple[Sentence, Sentence, float]], expected: frozenset[str], given: frozenset[str]
) -> CheckResult:
    """No sentence is copied but for a word that nobody said, in the place of one of the reference's."""
    for sentence, near, share in copies:
        new = [word for word in sentence.words if not _known(word, expected)]
        lost = [word for word in near.words if not _known(word, given)]
        if new and (lost or share >= COPY):
            return verdict("open.exchanged", False, f"{lost[:3]} became {new[:3]} in {sentence.text[:60]!r}")
    return verdict("open.exchanged", True, "no word in the place of another")


def _known(word: str, known: frozenset[str]) -> bool:
    return _share(units(word), known) >= _OTHER


def _nearest(sentence: Sentence, others: Sequence[Sentence]) -> tuple[Sentence | None, float]:
    """The sentence that has most of a sentence's content, and that share; the first of equals."""
    if not others:
        return None, 0.0
    return max(((one, _share(sentence.every, one.every)) for one in others), key=lambda pair: pair[1])
