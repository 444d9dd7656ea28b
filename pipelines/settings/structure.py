"""Settings of what is made of the structure that texts have."""

from typing import Any

from pydantic import Field, model_validator

from curation.structure.columns import ColumnOptions
from curation.structure.dialogue import DialogueOptions
from curation.structure.faq import FaqOptions
from curation.structure.html_tables import HtmlTableOptions
from curation.structure.sections import SectionOptions

from .base import Settings, forbidding_others

for _options in (ColumnOptions, DialogueOptions, FaqOptions, HtmlTableOptions, SectionOptions):
    forbidding_others(_options)


class _OneForm(Settings):
    """A group of forms of which exactly one is given."""

    def chosen(self) -> tuple[str, Any]:
        """The form that is given, and its options."""
        return next((name, value) for name, value in self if value is not None)

    @model_validator(mode="after")
    def _exactly_one(self) -> "_OneForm":
        given = [name for name, value in self if value is not None]
        if len(given) != 1:
            known = ", ".join(type(self).model_fields)
            raise ValueError(f"found {' and '.join(given) or 'no form'}, expected one of {known}")
        return self


class StructureSettings(_OneForm):
    """Documents cut into others by the structure they have; one form."""

    html_tables: HtmlTableOptions | None = Field(None, description="tables of HTML pages; wants `html: source`")
    sections: SectionOptions | None = Field(None, description="Markdown sections")
    faq: FaqOptions | None = Field(None, description="questions with their answers")
    dialogue: DialogueOptions | None = Field(None, description="dialogue transcripts")
    columns: ColumnOptions | None = Field(None, description="columns of a table, under headings")


class SampleSettings(_OneForm):
    """Samples made of the documents, prompt and completion; one form."""

    faq: FaqOptions | None = Field(None, description="questions with their answers")
    dialogue: DialogueOptions | None = Field(None, description="dialogue transcripts")
    columns: ColumnOptions | None = Field(None, description="columns of a table, by a mapping")
