"""Phone numbers: Korean, North American, and any with a country code; local ones where a word says what they are."""

import polars as pl

from . import context
from .passes import INSIDE_BEFORE, inside

HYPHEN = r"[-\u{2010}-\u{2015}\u{2212}]"
_DASH = r"[-.\u{2010}-\u{2015}\u{2212}]"
_SEP = rf"(?: ?{_DASH} ?| )"  # 02-123-4567, 02.123.4567, 02 123 4567, 02 - 123 - 4567

_AREA = r"(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|50[2-8]?|70|80)"
_MOBILE = r"1[016789]"
# Numbers of companies for the whole country, without area code.
_COMPANY = (
    r"(?:15(?:22|33|44|55|66|77|88|99)|16(?:00|22|33|44|55|61|66|68|70|77|88|99)|18(?:00|11|33|44|55|66|77|88|99))"
)
PATTERNS = (
    # Korean, with country code: +82 10-1234-5678, +82-2-123-4567, +82 (0)10 1234 5678, 82-10-1234-5678, 0082-...
    rf"\+82{_SEP}?(?:\(0\) ?|0)?(?:{_MOBILE}|{_AREA}){_SEP}?[0-9]{{3,4}}{_SEP}?[0-9]{{4}}",
    rf"(?:00)?82{_SEP}(?:\(0\) ?|0)?(?:{_MOBILE}|{_AREA}){_SEP}[0-9]{{3,4}}{_SEP}[0-9]{{4}}",
    # mobile: 010-1234-5678, 01012345678, (010) 1234-5678
    rf"\(0{_MOBILE}\) ?[0-9]{{3,4}}{_SEP}?[0-9]{{4}}",
    rf"0{_MOBILE}{_SEP}?[0-9]{{3,4}}{_SEP}?[0-9]{{4}}",
    # by area: 02-123-4567, (031) 123-4567, 02)123-4567
    rf"\(?0{_AREA}\) ?[0-9]{{3,4}}{_SEP}[0-9]{{4}}",
    rf"0{_AREA}{_SEP}[0-9]{{3,4}}{_SEP}[0-9]{{4}}",
    rf"{_COMPANY}{_DASH}[0-9]{{4}}",
    # North American: (212) 555-0100, 212-555-0100, 1-212-555-0100, +1 212 555 0100
    rf"(?:\+?1{_SEP}?)?\([2-9][0-9]{{2}}\) ?[2-9][0-9]{{2}}{_SEP}[0-9]{{4}}",
    # with equal separators: 252.227-7013 is a clause of a regulation
    rf"(?:\+?1{_SEP})?[2-9][0-9]{{2}}{HYPHEN}[2-9][0-9]{{2}}{HYPHEN}[0-9]{{4}}",
    rf"(?:\+?1{_SEP})?[2-9][0-9]{{2}}\.[2-9][0-9]{{2}}\.[0-9]{{4}}",
    # any country code, in groups or as one number of at least ten digits (E.164 has at most fifteen)
    r"\+[1-9][0-9]{0,2}[ -]?(?:\(0\) ?)?(?:\([0-9]{1,4}\)|[0-9]{1,4})(?:[ -][0-9]{2,8}){1,5}",
    r"\+[1-9][0-9]{0,2}(?:\.[0-9]{1,4}){2,5}",
    r"\+[1-9][0-9]{9,14}",
)
# Where a word such as `tel` stands before: 555-1234, 020 7946 0018, 2125550147
LOCAL = (
    r"0[0-9]{1,4}(?: [0-9]{2,4}){2,3}",
    rf"{_COMPANY} [0-9]{{4}}",
    r"[2-9][0-9]{2,3}[-. ][0-9]{4}",
    r"[2-9][0-9]{2}[2-9][0-9]{6}|0[0-9]{9,10}",
)
_CODE = r"^[(]?[+0]"  # begins with a country or trunk code


def _extension() -> pl.Expr:
    """Whether an extension follows, as in 212-555-0100x123: no part of a longer word."""
    apart = ~pl.col("before").str.contains(INSIDE_BEFORE)
    return apart & pl.col("after").str.contains(r"^(?:x|ext\.?)[0-9]{1,5}(?:[^0-9A-Za-z]|$)")


def _said() -> pl.Expr:
    """Whether a word before says that a number to call follows."""
    return context.before(context.PHONE) | context.before(context.REACH)


def _sum() -> pl.Expr:
    """Whether there are signs of arithmetic or money at its sides."""
    return pl.col("before").str.contains(r"[$€£₩=<>+*]\s?$") | pl.col("after").str.contains(r"^\s?[=+*×÷]")


def accepted() -> pl.Expr:
    """Whether a candidate of a frame of candidates is a phone number."""
    found = pl.col("found")
    known = found.str.contains(rf"^(?:{'|'.join(PATTERNS)})$")
    local = found.str.contains(rf"^(?:{'|'.join(LOCAL)})$") & _said()
    plausible = found.str.count_matches(r"[0-9]").is_between(8, 15)
    # 1588-1234 is a company's number, 1592-1598 a war, 1800-1350 = 450 a sum.
    years = found.str.extract_groups(r"^([0-9]{4})[^0-9]([0-9]{4})$")
    first, last = years.struct.field("1").cast(pl.Int32), years.struct.field("2").cast(pl.Int32)
    span = ((first < last) & (last <= 2100)).fill_null(False)
    sums = found.str.contains(r"^[0-9]{4}[^0-9][0-9]{4}$") & ~_said() & _sum()
    labelled = context.before(context.LABELLED) & ~found.str.contains(_CODE)
    return (~inside() | _extension()) & ((known & plausible & ~span & ~sums & ~labelled) | local)
