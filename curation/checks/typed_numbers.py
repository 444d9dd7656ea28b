"""Reading the numbers in an answer: signs, thousands, decimals, fractions, English and Korean scale words."""

from decimal import Decimal
from fractions import Fraction

import re2

from .typed_result import is_hangul

_PLAIN = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|\.\d+"
_NUMBER = re2.compile(
    rf"(?P<first>{_PLAIN})"
    rf"(?:(?P<units>[십백천만억조]+)(?P<more>(?: ?(?:{_PLAIN})[십백천만억조]+)*\d{{0,4}})"
    rf"| ?/ ?(?P<divisor>{_PLAIN})"
    r"| ?(?P<scale>(?i:thousand|million|billion|trillion))\b)?"
)
_KOREAN_PART = re2.compile(rf"({_PLAIN})([십백천만억조]*)")
_ENGLISH = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SMALL = {"십": 10, "백": 100, "천": 1000}
_LARGE = {"만": 10**4, "억": 10**8, "조": 10**12}
_AFTER_UNITS = set("원명개년번달불엔위평권대마톤의은는이가을를에로으과와도입여장주척킬미그리배분초시일점세살곳건쪽표")
_CURRENCY = set("$₩€£¥")
_PLAIN_FORM = {0xFF10 + digit: ord("0") + digit for digit in range(10)} | {
    0x2212: ord("-"),  # minus sign
    0xFF0B: ord("+"),
    0xFF0C: ord(","),
    0xFF0D: ord("-"),
    0xFF0E: ord("."),
    0xFF0F: ord("/"),
}


def numbers(text: str, korean_units: bool = True) -> list[Fraction]:
    """Every number in a text, in order, exactly.

    `1,234.50`, `-3`, `.5`, `1e3`, `3/4`, `2 million`, `3만 5천` and `1억 2,000만` are one number each; digits that
    follow a Latin letter (`B12`) belong to a name and are none. Thousands are separated by commas, decimals by a
    point; full-width digits count as digits.

    Args:
        text: any text.
        korean_units: whether 십, 백, 천, 만, 억 and 조 right after a number scale it.
    """
    plain = text.translate(_PLAIN_FORM)
    found: list[Fraction] = []
    for match in _NUMBER.finditer(plain):
        start, end = match.span()
        if start and (plain[start - 1] == "_" or (plain[start - 1].isalpha() and plain[start - 1].isascii())):
            continue
        values = _read(match, plain[end : end + 1], korean_units)
        if _negative(plain, start):
            values[0] = -values[0]
        found.extend(values)
    return found


def _read(match: re2._Match, following: str, korean_units: bool) -> list[Fraction]:
    """The numbers in one match: one, or several where what looked like units or a fraction is none."""
    first = _value(match.group("first"))
    if match.group("scale"):
        return [first * _ENGLISH[match.group("scale").lower()]]
    if match.group("divisor"):
        divisor = _value(match.group("divisor"))
        return [first / divisor] if divisor else [first, divisor]
    if match.group("units"):
        whole_word = not following or not is_hangul(following) or following in _AFTER_UNITS
        if korean_units and whole_word:
            return [_korean(match.group())]
        return [_value(part.group(1)) for part in _KOREAN_PART.finditer(match.group())]
    return [first]


def _korean(text: str) -> Fraction:
    """Value of a compound such as `1억 2,000만`: parts below 만 add up until a large unit multiplies them."""
    total = section = Fraction(0)
    for part in _KOREAN_PART.finditer(text):
        value = _value(part.group(1))
        for unit in part.group(2):
            if unit in _SMALL:
                value *= _SMALL[unit]
            else:
                total += (section + value) * _LARGE[unit]
                section, value = Fraction(0), Fraction(0)
        section += value
    return total + section


def _value(digits: str) -> Fraction:
    return Fraction(Decimal(digits.replace(",", "")))


def _negative(text: str, start: int) -> bool:
    """Whether a minus right before the number, or before its currency sign, is a sign and not a dash or difference."""
    if start and text[start - 1] in _CURRENCY:
        start -= 1
    if not start or text[start - 1] != "-":
        return False
    before = text[start - 2 : start - 1]
    return not (before.isalnum() or before in (")", "]", "-"))
