"""Texts made wrong on purpose, each in one known way, and texts made different that still say the same.

For canaries and for measuring: what is right about the text it was made from is wrong about the planted one.
"""

from collections.abc import Callable, Sequence

import re2

from curation import tables
from curation.checks.typed_phrases import COPULAS
from curation.checks.typed_result import is_hangul

from . import open_words as said

KINDS = ("negation", "number", "entity", "dropped sentence", "added claim")
KOREAN = 0.3  # share of Hangul among letters from which a text counts as Korean

_AUXILIARY = re2.compile(r"\b(?:is|are|was|were|can|will|should|could|would|must|has|have|does|do|did|may)\b")
_NOT = re2.compile(r" not\b|n't\b|n’t\b| never\b")
_CONTRACTED = {"can't": "can", "won't": "will", "can’t": "can", "won’t": "will", "cannot": "can"}
_KOREAN_FLIPS = (
    ("할 수 있", "할 수 없"), ("수 있", "수 없"), ("있습니다", "없습니다"), ("없습니다", "있습니다"),
    ("있어요", "없어요"), ("없어요", "있어요"), ("입니다", "이지 않습니다"), ("합니다", "하지 않습니다"),
    ("됩니다", "되지 않습니다"), ("하세요", "하지 마세요"), ("해보세요", "하지 마세요"), ("예요", "가 아니에요"),
    ("이에요", "이 아니에요"), ("해요", "하지 않아요"), ("돼요", "되지 않아요"), ("거예요", "거 아니에요"),
    ("했습니다", "하지 않았습니다"), ("한다", "하지 않는다"), ("이다", "이지 않다"), ("있다", "없다"), ("없다", "있다"),
)  # fmt: skip
# What has no `없다`: a verb that goes on or lasts, `담고 있다` and `섞여 있다`.
_LASTING = re2.compile(r"[고아어여와워져려쳐혀겨켜해돼]\s+$")
_GREETING = "안녕"  # `안녕하세요` claims nothing
_DIGITS = re2.compile(r"\p{Nd}+")
_LIST_MARK = re2.compile(r"(?m)^[ \t]*\(?\d{1,2}[.):][ \t]")
_NAME = re2.compile(r"\p{Lu}\p{Ll}{2,}")
_LATIN_WORD = re2.compile(r"[a-z]{5,}")
_KOREAN_WORD = re2.compile(
    r"(\p{Hangul}{2,6}?)(에게서|에서는|으로|에서|에게|까지|부터|은|는|이|가|을|를|의|에|와|과|도|로)(?:[\s.,]|$)"
)
_ONE_SENTENCE = 2


def plant(kind: str, text: str, other: str, seed: int) -> str | None:
    """The text with one change that makes it wrong; none where the text has no place for one of this kind.

    Args:
        kind: one of `KINDS`.
        text: a right text.
        other: a text of another row, for what is brought in.
        seed: of the place that is changed.
    """
    makers: dict[str, Callable[[str, str, int], str | None]] = {
        "negation": _negation,
        "number": _number,
        "entity": _entity,
        "dropped sentence": _dropped,
        "added claim": _added,
    }
    made = makers[kind](text, other, seed)
    return None if made is None or " ".join(made.split()) == " ".join(text.split()) else made


def korean(text: str) -> bool:
    """Whether a text is Korean enough for Korean changes."""
    letters = [letter for letter in text if letter.isalpha()]
    return bool(letters) and sum(map(is_hangul, letters)) / len(letters) >= KOREAN


def _pick(many: Sequence[int], seed: int, text: str) -> int:
    """One of several, the same for the same seed and text, whatever stands around them."""
    return many[int(tables.fingerprint([seed, text])[:8], 16) % len(many)]


def _replace(text: str, start: int, end: int, by: str) -> str:
    return text[:start] + by + text[end:]


def _negation(text: str, other: str, seed: int) -> str | None:
    if korean(text):
        places = [
            (at, was, _lasting(text[:at], was, becomes))
            for was, becomes in _KOREAN_FLIPS
            for at in _all(text, was)
            if not text[:at].endswith(_GREETING)
        ]
        if not places:
            return None
        at, was, becomes = places[_pick(range(len(places)), seed, text)]
        return _replace(text, at, at + len(was), becomes)
    for word, plain in _CONTRACTED.items():
        if (at := text.find(word)) >= 0:
            return _replace(text, at, at + len(word), plain)
    denied = [match.span() for match in _NOT.finditer(text)]
    if denied:
        start, end = denied[_pick(range(len(denied)), seed, text)]
        return _replace(text, start, end, "")
    verbs = [match.span() for match in _AUXILIARY.finditer(text)]
    if not verbs:
        return None
    _, end = verbs[_pick(range(len(verbs)), seed, text)]
    return _replace(text, end, end, " not")


def _lasting(before: str, was: str, becomes: str) -> str:
    """How a verb of this kind is denied: `있지 않다` behind another verb, where there is no `없다`."""
    if not was.startswith("있") or _LASTING.search(before) is None:
        return becomes
    return {"있습니다": "있지 않습니다", "있어요": "있지 않아요", "있다": "있지 않다"}[was]


def _all(text: str, part: str) -> list[int]:
    found, at = [], text.find(part)
    while at >= 0:
        found.append(at)
        at = text.find(part, at + 1)
    return found


def _number(text: str, other: str, seed: int) -> str | None:
    """One number becomes another of as many digits; numbers of a list's items are none."""
    marks = [match.span() for match in _LIST_MARK.finditer(text)]
    found = [
        match.span()
        for match in _DIGITS.finditer(text)
        if not any(start <= match.start() < end for start, end in marks)
    ]
    if not found:
        return None
    start, end = found[_pick(range(len(found)), seed, text)]
    digits = text[start:end]
    last = (int(digits[-1]) + 1 + _pick(range(8), seed, digits)) % 10
    return _replace(text, start, end, digits[:-1] + str(last))


def _entity(text: str, other: str, seed: int) -> str | None:
    """A name becomes one of the other text, everywhere; where there is no name a long word does.

    In Korean a word before a particle does, since names have no capitals.
    """
    if korean(text):
        mine = sorted({match.group(1) for match in _KOREAN_WORD.finditer(text)})
        theirs = sorted({match.group(1) for match in _KOREAN_WORD.finditer(other)} - set(mine))
        theirs = [word for word in theirs if word not in text and not said.units(word) & said.content(text)]
    else:
        inside = {word for sentence in said.sentences(text) for word in _NAME.findall(sentence[1:])}
        mine = sorted(inside) or sorted(set(_LATIN_WORD.findall(text)) & set(said.words(text)))
        pattern = _NAME if inside else _LATIN_WORD
        outside = {word for sentence in said.sentences(other) for word in pattern.findall(sentence[1:])}
        theirs = sorted(word for word in outside if not said.units(word.lower()) & said.content(text))
    if not mine or not theirs:
        return None
    was, becomes = mine[_pick(range(len(mine)), seed, text)], theirs[_pick(range(len(theirs)), seed, text)]
    return text.replace(was, becomes)


def _dropped(text: str, other: str, seed: int) -> str | None:
    """A sentence of content is left out, of a text that has several."""
    found = [one for one in said.sentences(text) if len(said.content(one)) > _ONE_SENTENCE and text.count(one) == 1]
    if len(found) < _ONE_SENTENCE:
        return None
    gone = found[_pick(range(len(found)), seed, text)]
    return text.replace(gone, "").strip()


def _added(text: str, other: str, seed: int) -> str | None:
    """The sentence of the other text that is most like this one stands at its end."""
    own = said.content(text)
    found = [one for one in said.sentences(other) if len(said.content(one) - own) > _ONE_SENTENCE]
    if not found:
        return None
    claim = max(found, key=lambda one: len(said.content(one) & own))
    return f"{text.rstrip()}{' ' if text.rstrip()[-1:] in '.!?…' else '. '}{claim}"


_POLITE = (("합니다", "해요"), ("됩니다", "돼요"), ("있습니다", "있어요"), ("없습니다", "없어요"), ("입니다", "이에요"))
_APART = (("don't", "do not"), ("doesn't", "does not"), ("isn't", "is not"), ("can't", "cannot"), ("it's", "it is"),
          ("It's", "It is"), ("I'm", "I am"), ("you're", "you are"))  # fmt: skip
_MARK = re2.compile(r"(?m)^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+")


def uninflected(answer: str) -> str:
    """An answer without the marks and the copula at its end, which the sentence around it has."""
    said = answer.rstrip(" .。!?")
    copula = next((one for one in COPULAS if said.endswith(one)), "")
    return said.removesuffix(copula) or answer


def alike(text: str) -> dict[str, str]:
    """The text in other forms that say the same, by what was done; forms that change nothing are left out."""
    made = {"marks of lists": _MARK.sub("* ", text)}
    if korean(text):
        polite = text
        for was, becomes in _POLITE:
            polite = polite.replace(was, becomes)
        made["other speech level"] = polite if polite != text else _back(text)
    else:
        apart = text
        for was, becomes in _APART:
            apart = apart.replace(was, becomes)
        made["contractions"] = apart if apart != text else _joined(text)
    found = said.sentences(text)
    if len(found) == _ONE_SENTENCE and "\n" not in text:
        made["sentences in another order"] = " ".join(reversed(found))
    return {name: one for name, one in made.items() if one != text}


def _back(text: str) -> str:
    for formal, polite in _POLITE:
        text = text.replace(polite, formal)
    return text


def _joined(text: str) -> str:
    for together, apart in _APART:
        text = text.replace(apart, together)
    return text
