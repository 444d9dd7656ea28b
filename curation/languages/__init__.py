"""Which language a text is in: Korean and English by script and words, others by a small model inside a package."""

from .detect import assign, confidence, identify
from .gate import (
    ENGLISH,
    HANGUL_FROM,
    KOREAN,
    UNDETERMINED,
    hangul_share,
    is_korean,
    language,
    latin_share,
    said_below,
    said_from,
)

__all__ = [
    "ENGLISH",
    "HANGUL_FROM",
    "KOREAN",
    "UNDETERMINED",
    "assign",
    "confidence",
    "hangul_share",
    "identify",
    "is_korean",
    "language",
    "latin_share",
    "said_below",
    "said_from",
]
