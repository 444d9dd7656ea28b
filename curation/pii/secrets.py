"""Keys and tokens: by vendor's prefix, after a word for one where they look random, in addresses, and private keys."""

import polars as pl

from . import checks
from .passes import Pass, either, first_kind

_ALNUM = "[A-Za-z0-9]"
_URL_SAFE = "[A-Za-z0-9_-]"
# Vendors' own prefixes, from their documentation.
_VENDORS = (
    r"(?:AKIA|ASIA)[A-Z2-7]{16}",  # Amazon Web Services
    rf"gh[pousr]_{_ALNUM}{{36,}}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{60,}",
    rf"glpat-{_URL_SAFE}{{20,}}",  # GitLab
    r"xox[abeoprs]-[A-Za-z0-9-]{20,}",  # Slack
    rf"sk-(?:proj|svcacct|admin|ant|or)-{_URL_SAFE}{{32,}}",  # OpenAI, Anthropic, OpenRouter
    rf"sk-{_ALNUM}{{32,64}}",
    rf"[srp]k_(?:live|test)_{_ALNUM}{{16,}}",  # Stripe
    rf"AIza{_URL_SAFE}{{35}}",  # Google
    rf"ya29\.{_URL_SAFE}{{30,}}",
    rf"hf_{_ALNUM}{{30,40}}",  # Hugging Face
    rf"npm_{_ALNUM}{{36}}",
    rf"pypi-{_URL_SAFE}{{50,}}",
    rf"SG\.{_URL_SAFE}{{16,32}}\.{_URL_SAFE}{{32,64}}",  # SendGrid
    r"do[opr]_v1_[a-f0-9]{64}",  # DigitalOcean
    r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}",  # Shopify
    rf"[0-9]{{8,10}}:AA{_URL_SAFE}{{33}}",  # Telegram
    rf"eyJ{_URL_SAFE}{{10,}}\.eyJ{_URL_SAFE}{{10,}}\.{_URL_SAFE}*",  # JSON Web Token
)
_BEGIN = r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----"
_END = r"-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----"
# Headers of encrypted keys have single hyphens; line ends may be written as \n.
_PEM = (
    rf"{_BEGIN}(?:[A-Za-z0-9+/=\s\\:,.]|-[A-Za-z0-9])*{_END}",
    rf"{_BEGIN}(?:(?:\s|\\n|\\r)*[A-Za-z0-9+/=]{{30,}})+",  # cut off
)

_KEY_WORD = (
    r"(?:(?:api|access|auth|secret|private|client|service|app|account|encryption|signing|license|rest|bot|admin)"
    r"[ _-]?)*"
    r"(?:key|token|secret|password|passwd|passphrase|pwd|credential)s?|bearer|authorization"
    r"|(?:api|인증|서비스|비밀|시크릿|앱|접근|액세스|접속|개인) ?(?:키|토큰)|토큰|시크릿|비밀번호|암호|패스워드"
)
_LEAD = (
    rf"(?i:{_KEY_WORD})[\"'`]?(?: ?(?:은|는|이|가|is))?[\"'`]?\s{{0,2}}(?:[:=：]|:=|=>)?\s{{0,2}}"
    r"(?i:(?:bearer|token|basic)\s)?[\"'`]?"
)
_VALUE = r"[A-Za-z0-9_+][A-Za-z0-9_+/=.~-]{15,}"  # what begins with a slash is a path

_PARAMETER = (
    r"(?i:(?:access|id|refresh|auth|api|csrf|session|security|user|login)?[_-]?token|api[_-]?key|auth(?:[_-]?key)?"
    r"|key|password|passwd|pwd|passcode|(?:client[_-]?)?secret|sig|signature|x-amz-(?:signature|credential|security-token)"
    r"|session(?:[_-]?id)?|(?:j|php)sessid|jsessionid|sid|jwt|otp|hmac)"
)
_IN_QUERY = rf"[?&;#]{_PARAMETER}=[A-Za-z0-9._~%+/=-]{{6,}}"
_USER = r"//[A-Za-z0-9._~%!$*+-]*:[A-Za-z0-9._~%!$&*+=^#-]{3,}@"

_PATTERN = either(*_PEM, _USER, _IN_QUERY, *_VENDORS, _LEAD + _VALUE)
# Every key, and nearly every address, holds a run of sixteen such characters; running text seldom does.
_HINTS = ("://", r"[A-Za-z0-9_+/=.~-]{16}")

_PLACEHOLDER = r"(?i)your|example|xxxx|insert|placeholder|\*\*\*"


def judge(candidates: pl.DataFrame, kinds: tuple[str, ...]) -> pl.DataFrame:
    """What each candidate is. The word or the address before the secret stays: `lead` characters, and `trail`."""
    found = pl.col("found")
    parts = candidates.with_columns(
        lead=pl.coalesce(
            pl.when(found.str.contains(rf"^(?:{_USER})$")).then(pl.lit("//")),
            found.str.extract(rf"^([?&;#]{_PARAMETER}=)"),
            pl.when(~found.str.contains(rf"^{either(*_PEM, *_VENDORS)}$"))
            .then(found.str.extract(rf"^({_LEAD}){_VALUE}$")),
            pl.lit(""),
        ).str.len_chars().cast(pl.Int64),
        trail=found.str.extract(r"([.@~-]+|/+)$").fill_null("").str.len_chars().cast(pl.Int64),
    )  # fmt: skip
    parts = parts.with_columns(
        trail=pl.when(found.str.starts_with("-----BEGIN")).then(0).otherwise("trail"),
    )
    size = found.str.len_chars().cast(pl.Int64) - pl.col("lead") - pl.col("trail")
    parts = parts.with_columns(value=found.str.slice(pl.col("lead"), size))
    parts = parts.with_columns(bits=checks.entropy(parts["value"]))
    private = found.str.starts_with("-----BEGIN") & (found.str.count_matches(r"[A-Za-z0-9+/=]") > 44)
    vendor = found.str.contains(rf"^{either(*_VENDORS)}$") & ~_inside() & (pl.col("bits") > 3)
    random = _random() | pl.col("value").str.contains(rf"^{either(*_VENDORS)}$")
    named = found.str.contains(rf"^{_LEAD}{_VALUE}$") & (pl.col("lead") > 0) & random & ~_letter_before()
    user = found.str.contains(rf"^(?:{_USER})$") & pl.col("before").str.contains(r"[A-Za-z][A-Za-z0-9+.-]*:$")
    query = found.str.contains(rf"^(?:{_IN_QUERY})$") & pl.col("before").str.contains(r"(?:://|www\.)[^\s<>\"]*$")
    accepted = {"url_token": user | (query & _tokenlike()), "api_key": private | vendor | (named & ~query)}
    return first_kind(parts, accepted, kinds).drop("value", "bits")


def _inside() -> pl.Expr:
    return pl.col("before").str.contains(r"[A-Za-z0-9_]$") | pl.col("after").str.contains(r"^[A-Za-z0-9_]")


def _letter_before() -> pl.Expr:
    """`key` in `monkey` is no word for a key."""
    return pl.col("before").str.contains(r"[A-Za-z0-9]$")


def _random() -> pl.Expr:
    """Letters and digits mixed as no word, path, date or name in code is, with at least three bits a character."""
    value = pl.col("value")
    turns = value.str.count_matches(r"[0-9][A-Za-z]") + value.str.count_matches(r"[A-Za-z][0-9]")
    cases = value.str.count_matches(r"[a-z][A-Z]") + value.str.count_matches(r"[A-Z][a-z]")
    mixed = value.str.contains(r"[0-9+/]") & (cases >= 0.35 * value.str.len_chars())
    long_enough = value.str.len_chars() >= 16
    return long_enough & (pl.col("bits") > 3) & ((turns >= 3) | mixed) & ~value.str.contains(_PLACEHOLDER)


def _tokenlike() -> pl.Expr:
    """At least eight characters with a letter and a digit, and no placeholder of a manual."""
    value = pl.col("value")
    mixed = value.str.contains(r"[A-Za-z]") & (value.str.contains(r"[0-9]") | (value.str.len_chars() >= 16))
    return (value.str.len_chars() >= 8) & mixed & (pl.col("bits") > 2) & ~value.str.contains(_PLACEHOLDER)


SECRETS = Pass(("url_token", "api_key"), _HINTS, _PATTERN, judge)
