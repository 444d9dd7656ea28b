"""Numbers: addresses of machines, phones, registrations, cards and accounts, found in one search and told apart."""

import polars as pl

from . import checks, context, ip, phone
from .passes import Pass, either, first_kind, inside, whole

# Length of an IBAN by country, from the registry of ISO 13616 kept by SWIFT.
_IBAN_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH CR HR LI LV",
    22: "BG BH DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_IBAN = either(
    *(
        rf"(?:{'|'.join(countries.split())})[0-9]{{2}}(?:[ -]?[A-Z0-9]){{{length - 4}}}"
        for length, countries in _IBAN_LENGTHS.items()
    )
)
_CARD = r"[0-9]{4}(?:[ -][0-9]{4}){3}|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}"
_RESIDENT = r"[0-9]{6}[- ][0-9]{7}"
_BUSINESS = r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{5}"
_GROUPS = r"[0-9]+(?:-[0-9]+)+"  # whole, so that no part of it is taken for something shorter
_NONE = (
    r"10\.[0-9]{4,9}/[^\s<>\"]+",  # DOI
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",  # UUID
    r"97[89][- ][0-9]{1,5}[- ][0-9]{1,7}[- ][0-9]{1,7}[- ][0-9]",  # ISBN
    r"[0-9]{1,3}(?:,[0-9]{3})+",  # 1,200,000
)
_PATTERN = either(
    *_NONE, ip.V6, ip.V4, _IBAN, _GROUPS, _CARD, _RESIDENT, _BUSINESS, *phone.PATTERNS, *phone.LOCAL[:2], r"[0-9]{6,}",
    phone.LOCAL[2],
)  # fmt: skip
_HINTS = (r"[0-9]{4}|\+[0-9]|[0-9]\.[0-9]{1,3}\.[0-9]|[0-9]{2}[- ][0-9]{2}|:[0-9A-Fa-f]*:",)

# First digits and length by issuer: Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay.
_ISSUED = (
    r"^(?:4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}|(?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|62[0-9]{14,17})$"
)
_KOREAN_CARD = r"^9[0-9]{15}$"  # cards for use in Korea alone
_PLAIN_CARD = r"^[0-9]{15,16}$"

_DATE = (
    r"[0-9]{2}(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)"
    r"|02(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_DAY = r"^(?:[02468][048]|[13579][26])0229"
_CALENDAR = r"^(?:1[6-9]|20)[0-9]{2}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12][0-9]|3[01])(?:-|$)"
_AMOUNT_AFTER = r"(?i)^\s?(?:원|만|억|명|건|개|달러|won|usd|krw|dollars?|euros?|votes|people|%)"


def judge(candidates: pl.DataFrame, kinds: tuple[str, ...]) -> pl.DataFrame:
    """What each candidate is: checksums, issuers and dates are computed on candidates, context on the text beside."""
    digits = candidates["found"].str.replace_all(r"[^0-9]", "")
    letters = candidates["found"].str.replace_all(r"[ -]", "")
    known = candidates.with_columns(
        digits=digits,
        luhn=checks.luhn(digits),
        resident=checks.resident(digits),
        business=checks.business(digits),
        routing=checks.routing(digits),
        iban=checks.iban(letters),
    )
    accepted = {
        "ip": ip.accepted(),
        "iban": pl.col("iban") & ~inside(),
        "card": _card(),
        "resident_number": _resident(),
        "business_number": _business(),
        "account": _account_said(),
        "phone": phone.accepted(),
        "account_by_bank": _account_of_bank(),
    }
    wanted = (*kinds, "account_by_bank") if "account" in kinds else kinds
    judged = first_kind(known, accepted, wanted)
    return whole(judged.select(*candidates.columns, pl.col("kind").replace("account_by_bank", "account")))


def _card() -> pl.Expr:
    """Luhn and an issuer's range; without groups and of an unusual length only where a word says so."""
    said = context.before(context.CARD)
    found, digits = pl.col("found"), pl.col("digits")
    grouped = found.str.contains(rf"^(?:{_CARD})$")
    plain = found.str.contains(_PLAIN_CARD) | (found == digits) & said
    issued = digits.str.contains(_ISSUED) | digits.str.contains(_KOREAN_CARD) & (grouped | said)
    return pl.col("luhn") & issued & (grouped | plain) & ~inside() & ~context.before(context.LABELLED)


def _resident() -> pl.Expr:
    """A date of birth, a digit of sex and century, and the check digit or, as it may lack since 2020, a word.

    Without hyphen the word is asked for: many a number of thirteen digits begins with a date.
    """
    digits, found = pl.col("digits"), pl.col("found")
    born = digits.str.contains(rf"^{_DATE}[1-8]") | digits.str.contains(_LEAP_DAY)
    shaped = found.str.contains(rf"^(?:{_RESIDENT}|[0-9]{{13}})$") & digits.str.contains(r"^[0-9]{6}[1-8]")
    said = context.before(context.RESIDENT)
    checked = pl.col("resident") & (found != digits)
    return shaped & born & (checked | said) & ~inside() & ~context.before(context.LABELLED)


def _business() -> pl.Expr:
    found = pl.col("found")
    hyphens = found.str.contains(r"^[0-9]{3}-[0-9]{2}-[0-9]{5}$")
    said = found.str.contains(rf"^(?:{_BUSINESS}|[0-9]{{10}})$") & context.before(context.BUSINESS)
    made_up = pl.col("digits").str.contains(r"^(?:0{3}|0{10})")
    return pl.col("business") & (hyphens | said) & ~made_up & ~inside() & ~context.before(context.LABELLED)


def _account_shape() -> pl.Expr:
    """Ten to sixteen digits, in two to five groups or none, that are no date and no amount."""
    found = pl.col("found")
    grouped = found.str.contains(r"^[0-9]{2,7}(?:-[0-9]{1,8}){1,4}$")
    size = pl.col("digits").str.len_chars().is_between(10, 16)
    amount = context.after(_AMOUNT_AFTER) & (found == pl.col("digits"))
    return (grouped | (found == pl.col("digits"))) & size & ~found.str.contains(_CALENDAR) & ~amount & ~inside()


def _account_said() -> pl.Expr:
    """Next to a word for account; in English of any length from six digits on, since shapes differ by country."""
    found, digits = pl.col("found"), pl.col("digits")
    korean = _account_shape() & (context.before(context.ACCOUNT_WORD) | context.after(context.HOLDER_AFTER))
    sent = _account_shape() & context.after(context.SENT_AFTER) & ~found.str.contains("^0")
    shaped = found.str.contains(r"^[0-9]+(?:-[0-9]+)*$") & digits.str.len_chars().is_between(6, 17) & ~inside()
    english = shaped & context.before(context.ACCOUNT_NUMBER) & ~found.str.contains(_CALENDAR)
    near = _account_shape() & context.before(context.ACCOUNT)
    sort_code = found.str.contains(r"^[0-9]{2}-[0-9]{2}-[0-9]{2}$") & context.before(context.SORT_CODE)
    routing = (found == digits) & pl.col("routing") & context.before(context.ROUTING)
    return korean | sent | english | near | (sort_code | routing) & ~inside()


def _account_of_bank() -> pl.Expr:
    """Next to a bank's name: the bank's phone number may stand there as well, and is tried first."""
    return _account_shape() & context.before(context.BANK)


NUMBERS = Pass(
    ("ip", "iban", "card", "resident_number", "business_number", "account", "phone"), _HINTS, _PATTERN, judge
)
