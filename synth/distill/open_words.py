"""What of a text can be compared without understanding it: sentences, content words, numbers, negations, names."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import re2

from curation.checks.typed_phrases import PARTICLES
from curation.checks.typed_result import is_hangul

STEM = 5  # letters of an English word that are compared, so that `arrives` is `arrived`

_AFTER_STOP = " \t\"'”’)]"
_SHORTEST = 3  # characters; fewer before a full stop are an initial or a number
_LIST_MARK = re2.compile(r"(?m)^[ \t]*(?:[-*•·–#>]+|\(?\d{1,2}[.):]|\(?[a-zA-Z][.)]|[가-하][.)]|step \d+:?)[ \t]+")
_NUMBERS = re2.compile(r"\p{Nd}+(?:[.,]\p{Nd}+)*")
_NEGATION = re2.compile(
    r"(?i)\b(?:no|not|never|none|nothing|nobody|neither|cannot|without|unable|impossible|lacks?|lacked|fails?|failed)\b"
    r"|n['’]t\b|않|없|아니|아닙|아닌|아닐|(?:^|\s)[안못]\s|못[하했해합]|불가"
)
_NO_NEGATION = re2.compile(r"(?i)\bnot only\b|\bno doubt\b|\bno matter\b|뿐(?:만)? ?아니라|아니라|틀림없|끊임없|어김없")
_QUOTED = re2.compile(r"「([^「」]{1,60})」|『([^『』]{1,60})』|[“\"]([^“”\"]{1,40})[”\"]")
_DIGITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred")
_COUNTED = {word: str(number) for number, word in enumerate(_DIGITS)} | {
    word: str(10 * number) for number, word in enumerate(_TENS, 3)
}
_VAGUE = {"one", "zero"}  # `one` is mostly a pronoun
_FUNCTION_WORDS = frozenset((
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "being", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "down", "each", "few", "for",
    "from", "further", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "just", "me", "more", "most", "my", "of", "off", "on", "once", "only", "or",
    "other", "our", "out", "over", "own", "same", "she", "should", "so", "some", "such", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "under", "until", "up",
    "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "why", "will", "with",
    "would", "you", "your", "not", "no", "nor", "t", "s", "re", "ve", "ll", "d", "m", "don", "isn", "doesn", "sure",
    "didn", "wasn", "aren", "weren", "hasn", "haven", "hadn", "wouldn", "couldn", "shouldn", "won", "mustn",
    "may", "might", "must", "shall", "however", "therefore", "thus", "additionally", "furthermore", "moreover",
))  # fmt: skip

# Endings of verbs, by speech level and tense; what stands before them is the verb.
_AFTER_VERB = {
    "하": (
        "다", "고", "며", "여", "면", "지", "기", "는", "던", "게", "려", "세요", "십시오", "거나", "지만", "도록",
        "는데", "므로", "려면", "기에", "기를", "기가", "시기", "였다",
    ),
    "되": (
        "다", "고", "며", "어", "면", "지", "기", "는", "던", "게", "거나", "지만", "도록", "는데", "므로", "었다",
        "었습니다", "었어요", "기도",
    ),
    "있": (
        "다", "고", "으며", "어", "으면", "지", "는", "던", "게", "거나", "지만", "도록", "는데", "으므로", "습니다",
        "어요", "었다", "었습니다",
    ),
    "": (
        "합니다", "됩니다", "입니다", "습니다", "했습니다", "였습니다", "었습니다", "았습니다", "겠습니다", "해요",
        "돼요", "예요", "이에요", "어요", "아요", "여요", "했어요", "었어요", "았어요", "한다", "된다", "는다", "이다",
        "했다", "됐다", "었다", "았다", "한", "된", "할", "될", "함", "됨", "해", "해서", "해야", "하여", "되어", "돼",
        "인", "일", "이며", "이고", "한다면", "된다면", "거예요", "겁니다", "죠", "네요", "군요", "세요", "으세요",
        "십시오", "지요",
    ),
}  # fmt: skip
_ENDINGS = frozenset(verb + ending for verb, endings in _AFTER_VERB.items() for ending in endings)
_LONGEST_ENDING = max(len(ending) for ending in _ENDINGS)
_KOREAN_FUNCTION = frozenset((
    "있", "없", "하", "되", "이", "그", "저", "것", "수", "등", "및", "않", "못", "안", "아니", "때문", "위", "대",
    "통", "따라", "따라서", "경우", "또한", "그리고", "그러나", "이러",
))  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """A sentence and what of it is compared."""

    text: str
    words: tuple[str, ...]
    content: frozenset[str]
    every: frozenset[str]  # units of all words, function words too: by these one sentence is seen to copy another
    negations: int


@dataclass(frozen=True)
class Said:
    """What a text says, as far as it can be compared: see the functions of the same names."""

    sentences: tuple[Sentence, ...]
    content: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]

    @property
    def negations(self) -> int:
        """Of all sentences."""
        return sum(sentence.negations for sentence in self.sentences)


@lru_cache(maxsize=1024)
def read(text: str) -> Said:
    """Everything that is compared of a text; remembered, since a reference is held against several candidates."""
    split = tuple(
        Sentence(one, tuple(words(one)), content(one), _every(one), negations(one)) for one in sentences(text)
    )
    return Said(split, content(text), numbers(text), names(text))


def sentences(text: str) -> list[str]:
    """The sentences of a text without the marks of lists: ended by a full stop and white space, or by a line's end."""
    found: list[str] = []
    for line in _LIST_MARK.sub("", text).split("\n"):
        found.extend(_of_line(line))
    return found


def _of_line(line: str) -> Iterator[str]:
    start = 0
    for at, sign in enumerate(line):
        ends = sign in ".!?。…" and (at + 1 == len(line) or line[at + 1] in _AFTER_STOP or sign == "。")
        if ends and at + 1 - start > _SHORTEST:
            yield line[start : at + 1].strip()
            start = at + 1
            while start < len(line) and line[start] in _AFTER_STOP:  # quotes and brackets that close it
                start += 1
    if rest := line[start:].strip():
        yield rest


@lru_cache(maxsize=65536)
def units(word: str) -> frozenset[str]:
    """What is compared of a lower-case word: its stem; of one with Hangul its pairs of syllables.

    Pairs, because Korean words are glued together; a particle or ending is taken off first, and what is left of one
    syllable stands for itself.
    """
    if any(map(is_hangul, word)):
        stem = _korean_stem(word)
        return frozenset(stem[at : at + 2] for at in range(max(1, len(stem) - 1)))
    return frozenset((word[:STEM],))


def _korean_stem(word: str) -> str:
    """A word without its longest ending or particle, at least one syllable of it."""
    for size in range(min(_LONGEST_ENDING, len(word) - 1), 0, -1):
        if word[-size:] in _ENDINGS or word[-size:] in PARTICLES:
            return word[:-size]
    return word


def _split(text: str) -> list[str]:
    """The words of a text: runs of letters and digits."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(sign if sign.isalnum() else " " for sign in composed).split()


def words(text: str) -> list[str]:
    """The content words of a text in order, lower case: no function words, no numbers."""
    found = (word for word in _split(text.lower()) if word not in _FUNCTION_WORDS)
    return [
        word for word in found if not (word.isdigit() or word in _COUNTED or _korean_stem(word) in _KOREAN_FUNCTION)
    ]


def content(text: str) -> frozenset[str]:
    """What a text is about: `units` of its content words."""
    return frozenset(unit for word in words(text) for unit in units(word))


def _every(text: str) -> frozenset[str]:
    return frozenset(unit for word in _split(text.lower()) for unit in units(word))


def numbers(text: str) -> frozenset[str]:
    """Numbers in a text, marks of lists apart, without separators of thousands; English number words count as digits.

    `one` is left out: it mostly is a pronoun.
    """
    plain = _LIST_MARK.sub("", text)
    spelled = {_COUNTED[word] for word in _split(plain.lower()) if word in _COUNTED and word not in _VAGUE}
    return frozenset(_plain(number) for number in _NUMBERS.findall(plain)) | spelled


def _plain(number: str) -> str:
    groups = number.split(",")
    thousands = len(groups) > 1 and all(len(group.split(".")[0]) == 3 for group in groups[1:])
    return number.replace(",", "") if thousands else number


def negations(text: str) -> int:
    """How many negations a text holds, English and Korean; `not only` and the like are none."""
    return len(_NEGATION.findall(_NO_NEGATION.sub(" ", text)))


def names(text: str) -> frozenset[str]:
    """Stems of what looks like a name: capitals inside a sentence, words of several capitals, what Korean quotes.

    The first word of a sentence is none, since every one of them has a capital.
    """
    found: set[str] = set()
    for sentence in sentences(text):
        for place, word in enumerate(_split(sentence)):
            several = len(word) > 1 and word[1:] != word[1:].lower()
            if (several or (place and word[0].isupper())) and word.lower() not in _FUNCTION_WORDS:
                found |= units(word.lower())
        if any(map(is_hangul, sentence)):
            for parts in _QUOTED.findall(sentence):
                found |= content(" ".join(parts))
    return frozenset(found)
