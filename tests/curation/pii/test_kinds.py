"""Kinds and options of personal data."""

import pytest

from curation.errors import InputError
from curation.pii import DEFAULT_KINDS, KINDS, PersonalDataOptions


def test_what_is_replaced_unless_named() -> None:
    assert set(KINDS) - set(DEFAULT_KINDS) == {"business_number"}
    assert PersonalDataOptions().kinds == DEFAULT_KINDS and PersonalDataOptions().style == "placeholder"


def test_unknown_kinds_and_styles_are_refused() -> None:
    with pytest.raises(InputError, match=r"found the kind 'e-mail', expected some of .*did you mean 'email'\?"):
        PersonalDataOptions(kinds=("e-mail",))
    with pytest.raises(InputError, match=r"found the style 'hash', expected one of \('placeholder', 'pseudonym'\)"):
        PersonalDataOptions(style="hash")
