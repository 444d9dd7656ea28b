"""Checks for what does not belong in an answer: talk about itself, role markers, orders to a reader, a missing end."""

import re2

from .typed_phrases import ORDERS, REMARKS
from .typed_result import CheckResult, folded, is_word, verdict
from .typed_turns import ANY_MARK

_LAST_LINE_WORDS = 7  # a last line of fewer words may be an item of a list, which needs no full stop
_ENDS = set(".!?…。！？:\"'”’»)]}>」』`*~")
_KOREAN_ENDS = tuple("다요죠까네오음함임됨것니지라자군걸께세")
_FULL_STOPS = (".", "!", "?", "…", "。")
_OPEN = set(",([{<「『“‘/&=+\\")
_FENCE = re2.compile(r"(?m)^[ \t]*```")
_ORDER = re2.compile("|".join(f"(?:{pattern})" for pattern in ORDERS))
_REMARK = re2.compile("|".join(f"(?:{pattern})" for pattern in REMARKS))


def remark(reference: str, candidate: str, *, prompt: str = "") -> CheckResult:
    """The candidate does not speak about itself to the one who asked: hopes to be right, offers changes, agrees.

    Such words answer the prompt that showed a reference ("I hope this meets your requirements"), not the question.
    They count when neither reference nor prompt has them.
    """
    return _without("remark", _REMARK, folded(reference) + "\n" + folded(prompt), folded(candidate))


def markers(reference: str, candidate: str, *, prompt: str = "") -> CheckResult:
    """The candidate has no marker of a conversation's turns: `<|im_start|>`, `[INST]`, `### Response:`, `User:`.

    A model that goes on with the next turn writes them; a trainer that renders text again may take them for turns.
    Markers that reference or prompt have as well, as in a dialogue that was asked for, do not count.
    """
    return _without("markers", ANY_MARK, reference.lower() + "\n" + prompt.lower(), candidate.lower())


def orders(reference: str, candidate: str, *, prompt: str = "") -> CheckResult:
    """The candidate gives no orders to whoever reads or judges it: to ignore instructions, to accept this answer.

    What reference or prompt say as well does not count: then it is what the row is about.
    """
    return _without("orders", _ORDER, folded(reference) + "\n" + folded(prompt), folded(candidate))


def whole(reference: str, candidate: str, *, strict: bool = False) -> CheckResult:
    """The candidate does not end in the middle: for texts whose finish reason nobody kept.

    It fails for a code block that is not closed, for a last character that always has something after it, and for a
    last line without the end of a sentence where the line before it has one, or where the reference has one and the
    line is no short item of a list (fewer than `_LAST_LINE_WORDS` words). Tags (#word) at the end need none. With
    `strict` it fails for every end without a final mark or the ending of a Korean sentence, most of which are whole.
    """
    text = candidate.rstrip()
    if not text:
        return verdict("whole", False, "no text")
    if len(_FENCE.findall(text)) % 2 and not len(_FENCE.findall(reference)) % 2:
        return verdict("whole", False, "a code block is not closed")
    if text[-1] in _OPEN and reference.rstrip()[-1:] not in _OPEN:
        return verdict("whole", False, f"ends with {text[-1]!r}")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    words = lines[-1].split()
    if not _ended(text) and not words[-1].startswith("#"):
        if len(lines) > 1 and lines[-2].endswith(_FULL_STOPS):
            return verdict("whole", False, f"ends with {words[-1][-20:]!r}, the line before with the end of a sentence")
        if len(words) >= _LAST_LINE_WORDS and _ended(reference.rstrip()):
            return verdict("whole", False, f"ends with {words[-1][-20:]!r}, the reference with the end of a sentence")
    if strict and text[-1] not in _ENDS and not text.endswith(_KOREAN_ENDS):
        return verdict("whole", False, f"ends with {text[-20:]!r}, without a final mark")
    return verdict("whole", True, "ends like a whole text")


def _ended(text: str) -> bool:
    """Whether a text ends with the end of a sentence; an emoji or another sign is one, a letter or digit is none."""
    return bool(text) and (text[-1] in _ENDS or text.endswith(_KOREAN_ENDS) or not is_word(text[-1]))


def _without(name: str, pattern: re2._Regexp, own: str, text: str) -> CheckResult:
    """None of a pattern's matches is in `text` but those that are also in `own`."""
    for match in pattern.finditer(text):
        found = match.group().strip()
        if found and found not in own:
            return verdict(name, False, f"says {found[:60]!r}")
    return verdict(name, True, "nothing of the kind")
