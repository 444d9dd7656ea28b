"""Settings of the choice for a target domain."""

from typing import Any, Literal

from pydantic import Field, model_validator

from curation.embedding.tfidf import TfidfOptions
from curation.errors import InputError
from curation.ngrams import NgramOptions
from curation.target.character_model import CharacterOptions
from curation.target.choose import ChooseOptions
from curation.target.cross_entropy import CrossEntropyOptions
from curation.target.importance import ImportanceOptions

from .base import Settings, forbidding_others
from .embedding import EmbeddingSettings

for _options in (CharacterOptions, CrossEntropyOptions, NgramOptions, TfidfOptions):
    forbidding_others(_options)


class ImportanceSettings(Settings):
    """Importance weights by hashed n-grams (DSIR)."""

    smoothing: float = Field(1.0, gt=0, description="added to the count of every bucket")
    per_ngram: bool | None = Field(
        None, description="divide by the number of n-grams; unless set: yes, except for a draw by `gumbel`"
    )
    ngrams: NgramOptions = Field(ImportanceOptions().ngrams, description="what is counted")


class NeighbourSettings(Settings):
    """Mean cosine with the nearest target texts: by the step's `embedding`, or by TF-IDF of its own.

    TF-IDF is learned from a sample and the target texts.
    """

    k: int = Field(5, ge=1, description="target texts that count, the nearest")
    embedding: TfidfOptions | None = Field(None, description="TF-IDF of its own; the step's vectors unless set")


class TargetSettings(Settings):
    """The documents most like the texts of a target domain: so many, or such a share, or from a score on."""

    files: tuple[str, ...] = Field(min_length=1, description="target texts: JSON Lines, Parquet, txt, md, or folders")
    field: str = Field("text", description="field of JSON Lines and Parquet that holds the text")
    method: Literal["importance", "neighbours", "cross_entropy"] = Field(
        "importance", description="by n-grams (DSIR), nearest target texts, or two character models (Moore-Lewis)"
    )
    number: int | None = Field(None, ge=0, description="documents to keep")
    share: float | None = Field(None, gt=0, le=1, description="of the documents to keep")
    threshold: float | None = Field(None, description="least score that is kept")
    gumbel: bool = Field(False, description="draw in proportion to the importance, instead of the best")
    seed: int = Field(0, description="of that draw")
    importance: ImportanceSettings = Field(ImportanceSettings(), description="for `method: importance`")
    neighbours: NeighbourSettings = Field(NeighbourSettings(), description="for `method: neighbours`")
    cross_entropy: CrossEntropyOptions = Field(CrossEntropyOptions(), description="for `method: cross_entropy`")

    @model_validator(mode="after")
    def _one_choice(self) -> "TargetSettings":
        try:
            self.choice()
        except InputError as error:
            raise ValueError(str(error)) from error
        if self.gumbel and self.method != "importance":  # other scores are no logarithms of a weight
            raise ValueError(f"gumbel: found it with method {self.method!r}, expected 'importance'")
        return self

    def choice(self) -> ChooseOptions:
        """How many documents are kept and which."""
        return ChooseOptions(self.number, self.share, self.threshold, self.gumbel, self.seed)

    def importance_options(self) -> ImportanceOptions:
        """How importance is reckoned: summed over a text, as published, for a draw, and else per n-gram."""
        chosen = self.importance
        per_ngram = not self.gumbel if chosen.per_ngram is None else chosen.per_ngram
        return ImportanceOptions(chosen.smoothing, per_ngram, chosen.ngrams)

    def by_model(self, embedding: EmbeddingSettings) -> bool:
        """Whether documents are scored by vectors of the model that the step's `embedding` names."""
        return self.method == "neighbours" and self.neighbours.embedding is None and embedding.model is not None

    def with_tfidf(self, embedding: EmbeddingSettings) -> "TargetSettings":
        """The same with the step's TF-IDF where the target has none of its own."""
        if self.neighbours.embedding is not None:
            return self
        near = self.neighbours.model_copy(update={"embedding": embedding.tfidf()})
        return self.model_copy(update={"neighbours": near})

    def used(self) -> dict[str, Any]:
        """The part of the settings that scores depend on, as JSON."""
        options = self.model_dump(mode="json")[self.method]
        return {"method": self.method, self.method: options, "gumbel": self.gumbel}
