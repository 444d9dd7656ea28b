"""Pseudonyms: values in reserved ranges, the same for the same data wherever it stands, worth nothing without the key.

A pseudonym is a keyed BLAKE2b hash (RFC 7693) of the kind and the data. Formats that two texts write differently
(blanks, hyphens, +82 and 0) are one. The ranges are nobody's: `example.org` (RFC 2606), the IPv4 block 240/4 (RFC 1112)
and 2001:db8::/32 (RFC 3849), the country code +999, month 00, cards of issuer 0, country XX.
"""

import hashlib

import polars as pl

from ..errors import InputError
from .kinds import KINDS

LEAST_KEY = 16  # bytes

# What replacing writes, so that replacing again leaves it.
WRITTEN = (
    rf"<(?:{'|'.join(kind.upper() for kind in KINDS)})>",
    r"user-[0-9a-f]{12}@example\.org",
    r"\+999-[0-9]{4}-[0-9]{4}-[0-9]{2}",
    r"2001:db8:[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}:0:1",
    r"24[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}",
    r"[0-9]{2}00[0-9]{2}-0[0-9]{6}",
    r"000-[0-9]{2}-[0-9]{5}",
    r"0000-[0-9]{4}-[0-9]{4}-[0-9]{4}",
    r"XX00(?: [0-9]{4}){4}",
    r"000-[0-9]{6}-[0-9]{6}",
    r"EXAMPLE-(?:KEY|TOKEN)-[0-9a-f]{24}",
)


def check(key: str | None) -> bytes:
    """The key as bytes.

    Raises:
        InputError: where there is none or it is shorter than `LEAST_KEY` bytes; the message never has the key.
    """
    found = b"" if key is None else key.encode("utf-8")
    if len(found) < LEAST_KEY:
        raise InputError(
            f"personal data: found a key of {len(found)} bytes for pseudonyms, expected at least {LEAST_KEY} "
            f"random ones that are kept secret"
        )
    return hashlib.blake2b(found, digest_size=32).digest()  # BLAKE2b takes at most 64 bytes


def fingerprint(key: str) -> str:
    """16 hex characters that change with the key and say nothing about it: for fingerprints of a run."""
    return hashlib.blake2b(b"fingerprint", digest_size=8, key=check(key)).hexdigest()


def canonical() -> pl.Expr:
    """What of `value`, given its `kind`, is the same however it is written."""
    value, kind = pl.col("value"), pl.col("kind")
    digits = value.str.replace_all(r"[^0-9]", "")
    national = value.str.replace(r"^\+?82[ .-]*(?:\(0\)|0)?", "0").str.replace_all(r"[^0-9]", "")
    return (
        pl.when(kind.is_in(["api_key", "url_token"]))
        .then(value)
        .when(kind.is_in(["email", "ip"]))
        .then(value.str.to_lowercase())
        .when(kind == "iban")
        .then(value.str.replace_all(r"[ -]", ""))
        .when(kind == "phone")
        .then(national)
        .otherwise(digits)
    )


def written(kind: str, value: str, key: bytes) -> str:
    """The pseudonym of one value in its canonical form."""
    digest = hashlib.blake2b(f"{kind}\0{value}".encode("utf-8", "surrogatepass"), digest_size=32, key=key)
    text, number = digest.hexdigest(), int(digest.hexdigest(), 16)
    digits = f"{number % 10**40:040}"
    if kind == "ip" and ":" in value:
        return "2001:db8:" + ":".join(text[at : at + 4] for at in range(0, 16, 4)) + ":0:1"
    return {
        "email": f"user-{text[:12]}@example.org",
        "phone": f"+999-{digits[:4]}-{digits[4:8]}-{digits[8:10]}",
        "ip": f"{240 + number % 10}.{number // 10 % 256}.{number // 2560 % 256}.{number // 655360 % 254 + 1}",
        "resident_number": f"{digits[:2]}00{digits[2:4]}-0{digits[4:10]}",
        "business_number": f"000-{digits[:2]}-{digits[2:7]}",
        "card": f"0000-{digits[:4]}-{digits[4:8]}-{digits[8:12]}",
        "iban": "XX00 " + " ".join(digits[at : at + 4] for at in range(0, 16, 4)),
        "account": f"000-{digits[:6]}-{digits[6:12]}",
        "url_token": f"EXAMPLE-TOKEN-{text[:24]}",
        "api_key": f"EXAMPLE-KEY-{text[:24]}",
    }[kind]


def pseudonyms(found: pl.DataFrame, key: str | None) -> pl.Series:
    """The pseudonym of each row.

    Args:
        found: columns kind and value, the data itself.
        key: secret; the same key gives the same pseudonyms in another run.
    """
    secret = check(key)
    rows = found.select("kind", value=canonical())
    distinct = rows.unique(maintain_order=True)
    names = pl.Series([written(kind, value, secret) for kind, value in distinct.iter_rows()], dtype=pl.String)
    named = distinct.with_columns(written=names)
    return rows.join(named, on=["kind", "value"], how="left", maintain_order="left")["written"]
