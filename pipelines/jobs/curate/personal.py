"""Personal data of a curate step: which kinds are replaced by what, in texts and in the fields of `meta` named."""

import os
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation import fields, pii
from curation.errors import InputError
from curation.pii import PersonalDataOptions, pseudonyms
from curation.stage import Edited

from ...settings import CurateSettings


@dataclass(frozen=True)
class Personal:
    """What is replaced.

    Attributes:
        options: kinds and style.
        fields: of `meta`, in which it is replaced as in texts; `*` for all.
        key: of pseudonyms.
    """

    options: PersonalDataOptions
    fields: tuple[str, ...]
    key: str | None

    @property
    def config(self) -> list[Any]:
        """What decides the outcome; the key by its fingerprint."""
        named = [list(self.fields)] if self.fields else []
        key = self.key and pseudonyms.fingerprint(self.key)
        return [list(self.options.kinds), self.options.style, key, *named]

    def replace(self, documents: pl.DataFrame) -> Edited:
        """Replace it in the texts of documents."""
        return pii.replace(documents, self.options.kinds, self.options.style, self.key)

    def replace_everywhere(self, documents: pl.DataFrame) -> Edited:
        """Replace it in the texts and in the fields named."""
        texts = self.replace(documents)
        metas = fields.edit(texts.rows, self.fields, self.replace)
        return Edited(metas.rows, pl.concat([texts.ledger, metas.ledger]))


def personal_of(settings: CurateSettings) -> Personal:
    """What the settings of a step say of personal data.

    Raises:
        InputError: when the key of pseudonyms is not in the environment.
    """
    options = PersonalDataOptions(settings.personal_data, "pseudonym" if settings.pseudonyms else "placeholder")
    key = _key(settings.pseudonym_key_variable) if settings.pseudonyms else None
    return Personal(options, settings.personal_data_fields, key)


def _key(variable: str) -> str:
    """The key of the pseudonyms, from the environment alone, so that it stands in no file of a run."""
    key = os.environ.get(variable)
    if not key:
        raise InputError(f"pseudonyms: the environment variable {variable} is not set, expected it to hold the key")
    return key
