"""E-mail addresses, also those written so that harvesters do not see them."""

import polars as pl

from .passes import Pass, either, first_kind, whole

_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
_ADDRESSES = (
    rf"[A-Za-z0-9_](?:[A-Za-z0-9._%+'-]*[A-Za-z0-9_+-])?@{_DOMAIN}",
    # name [at] example [dot] com
    r"[A-Za-z0-9_](?:[A-Za-z0-9._%+-]*[A-Za-z0-9_+-])? ?(?i-u:[\[({]at[\])}]) ?"
    r"(?:[A-Za-z0-9-]+ ?(?:\.|(?i-u:[\[({]dot[\])}])) ?)+[A-Za-z]{2,24}",
)
_NONE = (
    r"git@[A-Za-z0-9.-]+:",  # address of a repository, not of a person
    r"[A-Za-z0-9_.%+-]+@[0-9]+(?:\.[0-9]+)?x\.[A-Za-z]+",  # image@2x.png
    r"[A-Za-z0-9_.%+/-]+@v?[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.+-]*",  # package@1.2.3-beta.one
)


def judge(candidates: pl.DataFrame, kinds: tuple[str, ...]) -> pl.DataFrame:
    """Every candidate is an address but those that look like one and are none."""
    none = pl.col("found").str.contains(rf"^{either(*_NONE)}$")
    return whole(first_kind(candidates, {"email": ~none}, kinds))


EMAIL = Pass(("email",), ("@", r"[\[({][aA][tT][\])}]"), either(*_NONE, *_ADDRESSES), judge)
