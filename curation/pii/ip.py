"""Public IP addresses. Private, local, reserved and documentation addresses (IANA's registries) name nobody."""

import polars as pl

from . import context
from .passes import inside

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
V4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
# Global unicast addresses begin with 2 or 3: no time, no MAC address and no scope of C++ does with four characters.
V6 = r"[23][0-9A-Fa-f]{3}(?::[0-9A-Fa-f]{0,4}){2,7}"

_SPECIAL_V4 = (
    r"^(?:0|10|127|22[4-9]|23[0-9]|24[0-9]|25[0-5])\.|^100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|^169\.254\."
    r"|^172\.(?:1[6-9]|2[0-9]|3[01])\.|^192\.168\.|^192\.0\.[02]\.|^198\.1[89]\.|^198\.51\.100\.|^203\.0\.113\."
)
_V6_WHOLE = r"^(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}$"
_V6_CUT = r"^(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}$|^(?:[0-9A-Fa-f]{1,4}:){1,7}:$"
_V6_DOCUMENTATION = r"(?i)^2001:0?db8:|^3fff:"


def accepted() -> pl.Expr:
    """Whether a candidate of a frame of candidates is a public address."""
    return _v4() | _v6()


def _v4() -> pl.Expr:
    """Dotted quads: not a version or a section, which are labelled so or made of small numbers."""
    found = pl.col("found")
    public = found.str.contains(rf"^{_OCTET}(?:\.{_OCTET}){{3}}$") & ~found.str.contains(_SPECIAL_V4)
    part = inside() | pl.col("before").str.contains(r"[0-9A-Za-z]/$|[.-]$")
    version = context.before(context.VERSION) | context.after(context.VERSION_AFTER)
    named = context.before(context.IP) | context.after(context.IP_AFTER)
    large = found.str.contains(r"(?:^|\.)[0-9]{3}(?:\.|$)") | found.str.contains(r"^(?:3[1-9]|[4-9][0-9])\.")
    return public & ~part & ~version & (named | large)


def _v6() -> pl.Expr:
    found = pl.col("found")
    groups = found.str.count_matches(r"[0-9A-Fa-f]+")
    cut = found.str.contains(_V6_CUT) & (groups <= 7)
    apart = ~(
        pl.col("before").str.contains(r"(?:^|[^A-Za-z0-9])[0-9A-Fa-f]{0,4}:$|[A-Za-z0-9_]$")
        | pl.col("after").str.contains(r"^[A-Za-z0-9_:]")
    )
    return (found.str.contains(_V6_WHOLE) | cut) & ~found.str.contains(_V6_DOCUMENTATION) & apart
