"""Scores of one text against another: exact match, containment and ROUGE-L, for English and Korean alike."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import re2
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

# Runs of letters and digits of the scripts that put spaces between words; of any other script each letter by itself,
# Hangul by syllables. Measured on 7 249 Korean sentence pairs with human similarities: ROUGE-L by syllables has rank
# correlation .53, by word .43, by word with particles cut off .47, because particles and endings are glued to the
# word. The price is a floor: unrelated Korean sentences share about a quarter of their syllables in order.
_TOKEN = re2.compile(
    r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}\p{Hebrew}\p{Arabic}\p{Devanagari}\p{Bengali}\p{Tamil}\p{Nd}\p{M}]+"
    r"|\p{L}"
)
_WORDS = re2.compile(r"[\p{L}\p{M}\p{Nd}]+(?:['’\-][\p{L}\p{M}\p{Nd}]+)*")


@dataclass(frozen=True)
class Rouge:
    """ROUGE-L of a candidate against a reference, each value in 0..1."""

    precision: float
    recall: float
    f: float


def normalise_answer(text: str) -> str:
    """The form in which answers are compared: NFC, lower case, single spaces, no full stop at the end."""
    folded = " ".join(unicodedata.normalize("NFC", text).lower().split())
    return folded.rstrip(".。").rstrip()


def verbatim(reference: str, candidate: str) -> float:
    """1.0 when both texts are the same to the letter, but for white space around them, else 0.0."""
    return float(reference.strip() == candidate.strip())


def exact_match(reference: str, candidate: str) -> float:
    """1.0 when both texts are equal after `normalise_answer`, else 0.0; two empty texts are equal."""
    return float(normalise_answer(reference) == normalise_answer(candidate))


def first_word(reference: str, candidate: str) -> float:
    """1.0 when the candidate begins with the reference as whole words, but for case and punctuation, else 0.0.

    What LAMBADA asks of a model that only continues text (Paperno et al. 2016): the word, whatever comes after it.
    """
    wanted, given = _WORDS.findall(normalise_answer(reference)), _WORDS.findall(normalise_answer(candidate))
    return float(bool(wanted) and given[: len(wanted)] == wanted)


def contains(reference: str, candidate: str) -> float:
    """1.0 when the normalised reference is a substring of the normalised candidate, else 0.0.

    An empty reference scores 0.0: it would be in every text. `curation.checks` tests for whole words, this does not.
    """
    wanted = normalise_answer(reference)
    return float(bool(wanted) and wanted in normalise_answer(candidate))


def tokens(text: str) -> list[str]:
    """Tokens for ROUGE-L: words and numbers in lower case, Hangul by syllables, other scripts by letters.

    A text without any letter or digit (`->`, an emoji) has its characters other than white space as tokens, so that
    equal texts always score 1.
    """
    folded = unicodedata.normalize("NFC", text).lower()
    return _TOKEN.findall(folded) or list("".join(folded.split()))


def rouge_l(reference: str, candidate: str) -> Rouge:
    """ROUGE-L by the longest common subsequence of `tokens` (Lin 2004, section 3.1, F with beta 1).

    Precision is its length over the candidate's tokens, recall over the reference's. Two texts without tokens are
    equal and score 1; one without tokens scores 0 against any other.
    """
    wanted, given = tokens(reference), tokens(candidate)
    if not wanted and not given:
        return Rouge(1.0, 1.0, 1.0)
    common = LCSseq.similarity(wanted, given)
    precision = common / len(given) if given else 0.0
    recall = common / len(wanted) if wanted else 0.0
    return Rouge(precision, recall, 2 * common / (len(wanted) + len(given)))


def rouge_l_pairs(references: Sequence[str], candidates: Sequence[str]) -> np.ndarray:
    """F of `rouge_l` of each pair of two equally long sequences: float64 of shape (pairs,).

    Raises:
        ValueError: when the sequences differ in length.
    """
    if len(references) != len(candidates):
        raise ValueError(f"{len(references)} references for {len(candidates)} candidates")
    numbers: dict[str, int] = {}
    wanted, given = _numbered(references, numbers), _numbered(candidates, numbers)
    common = process.cpdist(wanted, given, scorer=LCSseq.similarity, dtype=np.int32) if wanted else np.empty(0)
    return _f(common, _lengths(wanted), _lengths(given))


def rouge_l_matrix(references: Sequence[str], candidates: Sequence[str]) -> np.ndarray:
    """F of `rouge_l` of each candidate against each reference: float64 of shape (references, candidates).

    What Self-Instruct (Wang et al. 2022, section 2.2) needs to compare new instances with the pool.
    """
    numbers: dict[str, int] = {}
    wanted, given = _numbered(references, numbers), _numbered(candidates, numbers)
    if not wanted or not given:
        return np.empty((len(wanted), len(given)))
    common = process.cdist(wanted, given, scorer=LCSseq.similarity, dtype=np.int32)
    return _f(common, _lengths(wanted)[:, None], _lengths(given)[None, :])


def _numbered(texts: Sequence[str], numbers: dict[str, int]) -> list[list[int]]:
    """Tokens as numbers: string hashes differ from process to process, numbers do not."""
    return [[numbers.setdefault(token, len(numbers)) for token in tokens(text)] for text in texts]


def _lengths(sequences: list[list[int]]) -> np.ndarray:
    return np.array([len(sequence) for sequence in sequences], dtype=np.int64)


def _f(common: np.ndarray, wanted: np.ndarray, given: np.ndarray) -> np.ndarray:
    total = wanted + given
    return np.where(total > 0, 2.0 * common / np.maximum(total, 1), 1.0)
