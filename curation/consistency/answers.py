"""Which answers are closed, and when two of them conflict.

Two answers to one question need not conflict: advice, a poem, a paragraph have many good ones. Only closed answers are
compared, and only where being different means that one is wrong:

- a number, alone or with a unit (other value, same unit or one without);
- yes or no, true or false, 예 or 아니요;
- the letter or number of an option;
- a phrase: at most `max_words` words and `MAX_CHARACTERS` characters, no sentence and no list. Phrases conflict when
  neither has all words of the other, they differ by more than one letter, and neither is the other's initials.

Answers of different kinds are never compared. All answers to a request for one of many (`is_open`) are open, and so are
those to a question with more than `conflicts.MAX_ANSWERS` different ones.
"""

import unicodedata
from dataclasses import dataclass
from fractions import Fraction

import re2
from rapidfuzz.distance import Levenshtein

from ..checks.typed_numbers import numbers

NUMBER, YES_NO, OPTION, PHRASE, OPEN = "number", "yes_no", "option", "phrase", "open"
MAX_CHARACTERS = 40
_TYPO_FROM = 5  # letters from which one wrong letter is a typing error and not another word

_YES = {
    "yes",
    "true",
    "correct",
    "예",
    "네",
    "참",
    "맞다",
    "맞아요",
    "맞습니다",
    "그렇다",
    "그렇습니다",
    "o",
    "⭕",
    "✓",
}
_NO = {"no", "false", "incorrect", "아니요", "아니오", "아니", "거짓", "틀리다", "아닙니다", "그렇지 않다", "x", "❌"}
_YES_OR_NO = re2.compile(r"(?is)(?:\*\*)?(yes|no|예|아니요|아니오)[,.!](?:\*\*)?\s.*")
_OPTION = re2.compile(r"(?i)[(\[]?(?:option |choice |answer )?([a-h]|[①-⑩]|[1-9]번)(?:[)\].:](?:\s.*)?)?")
_FINAL = re2.compile(r"(?s).*####\s*(.+?)\s*")  # how worked solutions mark their result (GSM8K)
_UNIT = re2.compile(r"[^\d\s.,/+\-]+")
_LIST = re2.compile(r"[,;/·\n]|\b(?:and|or)\b|(?:\s및|또는|그리고|하고|이랑|[가-힣][와과])\s")
_MARKED = re2.compile(r"(?s).*[.!?…。][\"'”’)]*\s*")
_SENTENCE = re2.compile(r"(?s).*[가-힣](?:다|요|죠|까|네|군|걸)\s*")
_PHRASED_SENTENCE = re2.compile(r"(?s).*\s\S*[가-힣](?:지|해|어|아|자|라|데|음|함|됨)\s*")  # in one word: a noun
_COPULA = re2.compile(r"(?:입니다|이에요|예요|이다|이요)$")
_SCALES = "십백천만억조"
_WORD = re2.compile(r"[\p{L}\p{M}]+|\d+")
_ARTICLES = {"a", "an", "the"}
_OPEN_REQUEST = re2.compile(
    r"(?i)(?:(?:\A|[.!?:\n])\s*(?:please |now |can you |could you |would you )?(?:give|name|list|suggest|generate"
    r"|create|write|compose|describe|explain|think of|tell me|provide|make up|make a|recommend|come up with|rewrite"
    r"|paraphrase|translate|summari[sz]e|craft)\b|\ban example\b"
    r"|추천|예를|예시|하나만|써\s?줘|써\s?주|지어|만들어|작성|설명|나열|제안|아무|번역|요약)"
)


@dataclass(frozen=True)
class Answer:
    """What an answer says, as far as it can be compared.

    Attributes:
        kind: NUMBER, YES_NO, OPTION, PHRASE or OPEN.
        text: canonical form: equal forms are equal answers.
        value: of a number.
        unit: what stands beside a number, lower case; empty for none.
        words: of a phrase, lower case, without articles; numbers without leading zeros.
    """

    kind: str
    text: str = ""
    value: Fraction | None = None
    unit: str = ""
    words: tuple[str, ...] = ()


def read(answer: str, max_words: int = 5) -> Answer:
    """What kind of answer a text is, and what it says."""
    final = _FINAL.fullmatch(answer)
    text = " ".join(unicodedata.normalize("NFC", final.group(1) if final else answer).split())
    bare = text.strip("\"'“”‘’`*").rstrip(".!。").strip().lower()
    if not bare:
        return Answer(OPEN)
    if bare in _YES | _NO:
        return Answer(YES_NO, "yes" if bare in _YES else "no")
    if opening := _YES_OR_NO.fullmatch(text):
        return Answer(YES_NO, "yes" if opening.group(1).lower() in _YES else "no")
    if option := _OPTION.fullmatch(bare):
        return Answer(OPTION, option.group(1))
    if len(text) > MAX_CHARACTERS:
        return Answer(OPEN)
    number = _number(bare)
    return number or _phrase(text, max_words)


def _number(bare: str) -> Answer | None:
    """One number and at most two words beside it; none where that is not all."""
    found = numbers(bare)
    beside = _UNIT.findall(bare)
    if len(found) != 1 or len(beside) > 2 or sum(character.isdigit() for character in bare) == 0:
        return None
    if len(_WORD.findall(bare)) > 4:
        return None
    return Answer(NUMBER, str(found[0]), found[0], _COPULA.sub("", " ".join(beside)).lstrip(_SCALES).strip())


def _phrase(text: str, max_words: int) -> Answer:
    words = _words(text)
    if not words or len(text.split()) > max_words or _LIST.search(text.lower()):
        return Answer(OPEN)
    if _MARKED.fullmatch(text) and not (len(words) == 1 and text.endswith(".")):
        return Answer(OPEN)
    stated = _COPULA.sub("", text.rstrip(".!。 "))
    if _SENTENCE.fullmatch(stated) or _PHRASED_SENTENCE.fullmatch(stated):
        return Answer(OPEN)
    return Answer(PHRASE, " ".join(words), words=words)


def _words(text: str) -> tuple[str, ...]:
    stripped = _COPULA.sub("", text.lower().rstrip(".!。"))
    found = [word.lstrip("0") or "0" if word.isdecimal() else word for word in _WORD.findall(stripped)]
    return tuple(word for word in found if word not in _ARTICLES) or tuple(found)


def conflict(one: Answer, other: Answer) -> bool:
    """Whether at most one of two answers to one question can be right."""
    if one.kind != other.kind or one.kind == OPEN or one.text == other.text:
        return False
    if one.kind == NUMBER:
        return one.value != other.value and (one.unit == other.unit or not one.unit or not other.unit)
    if one.kind != PHRASE:
        return True
    mine, theirs = set(one.words), set(other.words)
    if mine <= theirs or theirs <= mine or _same_date(mine, theirs):
        return False
    shorter = min(len(one.text), len(other.text))
    lettered = not any(character.isdigit() for character in one.text + other.text)
    if lettered and shorter >= _TYPO_FROM and Levenshtein.distance(one.text, other.text, score_cutoff=1) <= 1:
        return False
    return not (_initials(one, other) or _initials(other, one))


def _same_date(mine: set[str], theirs: set[str]) -> bool:
    """Whether both have the same numbers, two or more, and one of them has nothing else: `2023-01-26`."""
    digits, others = {word for word in mine if word.isdecimal()}, {word for word in theirs if word.isdecimal()}
    smaller = min(digits, others, key=len)
    return len(smaller) >= 2 and (digits <= others or others <= digits) and (mine == digits or theirs == others)


def _initials(short: Answer, long: Answer) -> bool:
    """Whether one answer is the initials of the other: `UN`, `United Nations`."""
    return len(short.words) == 1 and len(long.words) > 1 and short.words[0] == "".join(word[0] for word in long.words)


def is_open(prompt: str) -> bool:
    """Whether a prompt asks for one of many good answers: an example, a text, a suggestion."""
    return _OPEN_REQUEST.search(prompt) is not None
