"""Check digits, computed for a column of candidates at once.

Each function takes texts of ASCII digits (and capital letters for IBANs) and gives a Boolean column: false where the
length is wrong, never an error.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

Digits = npt.NDArray[np.int64]

# Weights of the first digits; the last digit is the check digit.
_RESIDENT = np.array([2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5])
_BUSINESS = np.array([1, 3, 7, 1, 3, 7, 1, 3, 5])
_ROWS = 4096  # texts whose bytes are counted at once, 8 MB of counts
_LONGEST = 68  # digits of an IBAN of 34 letters
_BLOCK = 9  # characters of an IBAN taken at once: 97 * 10^18 still fits 64 bits


def digits(texts: pl.Series, length: int) -> tuple[Digits, npt.NDArray[np.bool_]]:
    """The first `length` bytes of each text as numbers 0 to 9, and which texts are digits of exactly that length."""
    fits = texts.str.contains(rf"^[0-9]{{{length}}}$").to_numpy()
    padded = pl.select(pl.when(pl.Series(fits)).then(texts).otherwise(pl.lit("0" * length))).to_series()
    values = np.frombuffer("".join(padded.to_list()).encode("ascii"), dtype=np.uint8).astype(np.int64) - ord("0")
    return values.reshape(len(texts), length), fits


def luhn(texts: pl.Series) -> pl.Series:
    """Whether the last digit is the Luhn check digit (ISO/IEC 7812-1, annex B), for 12 to 19 digits."""
    short = texts.str.contains(r"^[0-9]{12,19}$")
    padded = pl.select(pl.when(short).then(texts).otherwise(pl.lit("1")).str.zfill(19)).to_series()
    values, _ = digits(padded, 19)  # leading zeros add nothing
    doubled = values[:, -2::-2] * 2
    total = values[:, ::-2].sum(axis=1) + np.where(doubled > 9, doubled - 9, doubled).sum(axis=1)
    return short & pl.Series(total % 10 == 0)


def resident(texts: pl.Series) -> pl.Series:
    """Whether the last of 13 digits is the check digit of a Korean resident registration number.

    Numbers of foreigners (seventh digit 5 to 8) have it two higher. Numbers given out since October 2020 have none.
    """
    values, fits = digits(texts, 13)
    foreign = np.isin(values[:, 6], (5, 6, 7, 8))
    expected = (np.where(foreign, 13, 11) - values[:, :12] @ _RESIDENT % 11) % 10
    return pl.Series(fits & (expected == values[:, 12]))


def business(texts: pl.Series) -> pl.Series:
    """Whether the last of 10 digits is the check digit of a Korean business registration number."""
    values, fits = digits(texts, 10)
    total = values[:, :9] @ _BUSINESS + values[:, 8] * 5 // 10
    return pl.Series(fits & ((10 - total % 10) % 10 == values[:, 9]))


def routing(texts: pl.Series) -> pl.Series:
    """Whether 9 digits are a routing number of the American Bankers Association: weights 3, 7, 1, sum 0 mod 10."""
    values, fits = digits(texts, 9)
    return pl.Series(fits & (values @ np.tile([3, 7, 1], 3) % 10 == 0))


def iban(texts: pl.Series) -> pl.Series:
    """Whether the remainder mod 97 is 1 (ISO 13616): the first four characters last, letters as 10 to 35."""
    fits = texts.str.contains(r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$")
    turned = texts.str.slice(4) + texts.str.slice(0, 4)
    letters = [chr(ord("A") + place) for place in range(26)]
    numbers = turned.str.replace_many(letters, [str(10 + place) for place in range(26)])
    numbers = pl.select(pl.when(fits).then(numbers).otherwise(pl.lit("0"))).to_series()
    rest = pl.Series([0] * len(texts), dtype=pl.Int64)
    for start in range(0, _LONGEST, _BLOCK):
        part = numbers.str.slice(start, _BLOCK)
        shift = pl.Series(10 ** part.str.len_chars().to_numpy().astype(np.int64))
        rest = (rest * shift + part.cast(pl.Int64, strict=False).fill_null(0)) % 97
    return fits & (rest == 1)


def entropy(texts: pl.Series) -> pl.Series:
    """Shannon entropy of the bytes of each text, bits a byte; 0 for the empty text."""
    parts = [_entropy(texts[start : start + _ROWS]) for start in range(0, len(texts), _ROWS)]
    return pl.Series(np.concatenate(parts) if parts else np.empty(0))


def _entropy(texts: pl.Series) -> npt.NDArray[np.float64]:
    sizes = texts.str.len_bytes().to_numpy().astype(np.int64)
    values = np.frombuffer("".join(texts.to_list()).encode("utf-8"), dtype=np.uint8)
    rows = np.repeat(np.arange(len(texts)), sizes)
    counts = np.bincount(rows * 256 + values, minlength=len(texts) * 256).reshape(len(texts), 256)
    weighted = counts * np.log2(np.maximum(counts, 1))
    whole = np.maximum(sizes, 1)
    return np.log2(whole) - weighted.sum(axis=1) / whole
