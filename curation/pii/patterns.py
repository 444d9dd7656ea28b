"""Patterns of personal data, in the linear-time syntax of Rust's `regex`.

A pattern finds candidates; `check` conditions on a candidate and on the plain text at its sides, which a linear-time
engine cannot look around at, decide. What resembles personal data and is none stands in `LOOK_ALIKES`: it is found in
the same scan, so that no part of it is taken for something else.
"""

import polars as pl

KINDS = ("email", "phone")

_HYPHEN = r"[-\u{2010}-\u{2015}\u{2212}]"
_DASH = r"[-.\u{2010}-\u{2015}\u{2212}]"
_SEP = rf"(?: ?{_DASH} ?| )"  # 02-123-4567, 02.123.4567, 02 123 4567, 02 - 123 - 4567

_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
_EMAIL = (
    rf"[A-Za-z0-9_](?:[A-Za-z0-9._%+'-]*[A-Za-z0-9_+-])?@{_DOMAIN}",
    # written so that harvesters do not see it: name [at] example [dot] com
    r"[A-Za-z0-9_](?:[A-Za-z0-9._%+-]*[A-Za-z0-9_+-])? ?(?i:[\[({]at[\])}]) ?"
    r"(?:[A-Za-z0-9-]+ ?(?:\.|(?i:[\[({]dot[\])}])) ?)+[A-Za-z]{2,24}",
)

_KR_AREA = r"(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|50[2-8]?|70|80)"
_KR_MOBILE = r"1[016789]"
# Numbers of companies for the whole country, without area code.
_KR_COMPANY = (
    r"(?:15(?:22|33|44|55|66|77|88|99)|16(?:00|22|33|44|55|61|66|68|70|77|88|99)|18(?:00|11|33|44|55|66|77|88|99))"
)
_PHONE = (
    # Korean, with country code: +82 10-1234-5678, +82-2-123-4567, +82 (0)10 1234 5678, 82-10-1234-5678
    rf"\+82{_SEP}?(?:\(0\) ?|0)?(?:{_KR_MOBILE}|{_KR_AREA}){_SEP}?\d{{3,4}}{_SEP}?\d{{4}}",
    rf"82{_SEP}(?:\(0\) ?|0)?(?:{_KR_MOBILE}|{_KR_AREA}){_SEP}\d{{3,4}}{_SEP}\d{{4}}",
    # mobile: 010-1234-5678, 01012345678, (010) 1234-5678
    rf"\(0{_KR_MOBILE}\) ?\d{{3,4}}{_SEP}?\d{{4}}",
    rf"0{_KR_MOBILE}{_SEP}?\d{{3,4}}{_SEP}?\d{{4}}",
    # by area: 02-123-4567, (031) 123-4567, 02)123-4567
    rf"\(?0{_KR_AREA}\) ?\d{{3,4}}{_SEP}\d{{4}}",
    rf"0{_KR_AREA}{_SEP}\d{{3,4}}{_SEP}\d{{4}}",
    rf"{_KR_COMPANY}{_DASH}\d{{4}}",
    # North American: (212) 555-0100, 212-555-0100, 1-212-555-0100, +1 212 555 0100
    rf"(?:\+?1{_SEP}?)?\([2-9]\d{{2}}\) ?[2-9]\d{{2}}{_SEP}\d{{4}}",
    # with equal separators: 252.227-7013 is a clause of a regulation
    rf"(?:\+?1{_SEP})?[2-9]\d{{2}}{_HYPHEN}[2-9]\d{{2}}{_HYPHEN}\d{{4}}",
    rf"(?:\+?1{_SEP})?[2-9]\d{{2}}\.[2-9]\d{{2}}\.\d{{4}}",
    # any country code, in groups or as one number of at least ten digits (E.164 has at most fifteen)
    r"\+[1-9]\d{0,2}[ -]?(?:\(0\) ?)?(?:\(\d{1,4}\)|\d{1,4})(?:[ -]\d{2,8}){1,5}",
    r"\+[1-9]\d{0,2}(?:\.\d{1,4}){2,5}",
    r"\+[1-9]\d{9,14}",
)

LOOK_ALIKES = (
    r"git@[A-Za-z0-9.-]+:",  # address of a repository, not of a person
    r"[A-Za-z0-9_.%+-]+@\d+(?:\.\d+)?x\.[A-Za-z]+",  # image@2x.png
    r"[A-Za-z0-9_.%+/-]+@v?\d+\.\d+\.\d+[A-Za-z0-9.+-]*",  # package@1.2.3-beta.one
)


def _either(patterns: tuple[str, ...]) -> str:
    return "(" + "|".join(patterns) + ")"


# Groups: 1 is a look-alike, 2 an e-mail address, 3 a phone number. Of two that start at one place the earlier wins.
CANDIDATES = "|".join((_either(LOOK_ALIKES), _either(_EMAIL), _either(_PHONE)))
GROUPS = (None, *KINDS)

# Text without any of these holds no candidate; far faster to search for than the candidates themselves.
HINT = r"@|(?i:[\[({]at[\])}])|\d{4}|\+\d"


def accepted(kind: str, found: pl.Expr, before: pl.Expr, after: pl.Expr) -> pl.Expr:
    """Whether a candidate is personal data.

    Args:
        kind: one of `KINDS`.
        found: the candidate.
        before: the plain text between the candidate before and this one; never part of another candidate, so that
            replacing one does not change what is decided about the next.
        after: the plain text up to the candidate after.
    """
    if kind == "email":
        return pl.lit(True)
    digits = found.str.count_matches(r"\d")
    plausible = digits.is_between(8, 15)
    # A number within a longer number, code or decimal fraction is none of its own.
    inside = before.str.contains(r"[A-Za-z0-9_]$|\d[-.,]$") | after.str.contains(
        r"^(?:[A-Za-z0-9_]|-[A-Za-z0-9]|[.,]\d)"
    )
    # 1588-1234 is a company's number, 1592-1598 a war.
    years = found.str.extract_groups(r"^(\d{4})\D(\d{4})$")
    first, last = years.struct.field("1").cast(pl.Int32), years.struct.field("2").cast(pl.Int32)
    span = ((first < last) & (last <= 2100)).fill_null(False)
    return plausible & ~inside & ~span
