"""Kinds of personal data, which of them are replaced unless named, and how: by a placeholder or by a pseudonym."""

import difflib
from dataclasses import dataclass

from ..errors import InputError

KINDS = (
    "email",
    "phone",
    "ip",
    "resident_number",
    "business_number",
    "card",
    "iban",
    "account",
    "url_token",
    "api_key",
)
# A business number is public: Korean law has every shop print it. All others name a person or open a door.
DEFAULT_KINDS = tuple(kind for kind in KINDS if kind != "business_number")
STYLES = ("placeholder", "pseudonym")


@dataclass(frozen=True)
class PersonalDataOptions:
    """What is replaced, and by what.

    Attributes:
        kinds: among `KINDS`; none for ().
        style: `placeholder` writes the kind (`<EMAIL>`); `pseudonym` writes a value that stands for the same data in
            the whole corpus, in a range reserved for such use. Pseudonyms need a key.
        key_variable: environment variable that holds the key of the pseudonyms, read by the caller: the key itself is
            in no recipe, ledger or fingerprint.
    """

    kinds: tuple[str, ...] = DEFAULT_KINDS
    style: str = "placeholder"
    key_variable: str = "KEEPWISE_PSEUDONYM_KEY"

    def __post_init__(self) -> None:
        check(self.kinds, self.style)


def check(kinds: tuple[str, ...], style: str) -> None:
    """Refuse unknown kinds and styles.

    Raises:
        InputError: naming what was found, what was expected and the nearest known kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS, n=1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise InputError(f"personal data: found the kind {kind!r}, expected some of {KINDS}{meant}")
    if style not in STYLES:
        raise InputError(f"personal data: found the style {style!r}, expected one of {STYLES}")
