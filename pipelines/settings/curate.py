"""Settings of the curate job."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from curation.chunks import ChunkOptions
from curation.consistency.conflicts import ConflictOptions
from curation.consistency.labels import LabelOptions
from curation.decontaminate.contamination import ContaminationOptions
from curation.dedup.lines import LineOptions
from curation.dedup.semantic import SemanticOptions
from curation.dedup.substring import SubstringOptions
from curation.diversity import DiversityOptions
from curation.errors import InputError
from curation.outliers import OutlierOptions
from curation.pii import DEFAULT_KINDS
from curation.pii.kinds import check as check_kinds
from curation.rules.c4 import C4Options
from curation.writers.options import WriteOptions

from .base import Settings, forbidding_others
from .embedding import EmbeddingSettings
from .grading import GradeSettings, PerplexitySettings
from .index import IndexSettings, one_keep_order
from .structure import SampleSettings, StructureSettings
from .target import TargetSettings
from .topics import SelectionSettings, TopicSettings

for _options in (
    C4Options,
    ChunkOptions,
    ConflictOptions,
    ContaminationOptions,
    DiversityOptions,
    LabelOptions,
    LineOptions,
    OutlierOptions,
    SemanticOptions,
    SubstringOptions,
    WriteOptions,
):
    forbidding_others(_options)


class ExactSettings(Settings):
    """Exact duplicates: equal after NFC, lower-casing and white-space folding."""

    keep: tuple[str, ...] = Field(
        ("-length", "doc_id"), description="keep order: columns, a leading minus for largest first"
    )
    fields: tuple[str, ...] = Field(
        (), description="fields of `meta` that must be equal too, such as the question that a text answers"
    )


class MinHashSettings(Settings):
    """Near duplicates by MinHash LSH, verified by exact Jaccard."""

    threshold: float = Field(0.7, gt=0, le=1, description="Jaccard similarity from which a document is a duplicate")
    bands: int = Field(20, ge=1, description="LSH bands")
    rows: int = Field(6, ge=1, description="MinHash values a band")
    keep: tuple[str, ...] = Field(("-length", "doc_id"), description="keep order")
    seed: int = Field(1, description="seed of the permutations")


class QualitySettings(Settings):
    """A learned score of every document, and the bound that it must reach."""

    model: str | None = Field(None, description="folder of a model that `keepwise review --train` or Python trained")
    labelled: tuple[str, ...] = Field(
        (), description="files of rows to train one on here: `text`, and `label` 0 or 1; instead of `model`"
    )
    keep_rate: float | None = Field(None, gt=0, le=1, description="share of the documents that is to pass")
    threshold: float | None = Field(None, ge=0, le=1, description="least score, where keep_rate is not set")

    @field_validator("threshold")
    @classmethod
    def _one_bound(cls, threshold: float | None, info: ValidationInfo) -> float | None:
        if threshold is not None and info.data.get("keep_rate") is not None:
            raise ValueError("threshold: found beside keep_rate, expected one of the two")
        return threshold

    @model_validator(mode="after")
    def _one_origin(self) -> "QualitySettings":
        if (self.model is None) == (not self.labelled):
            raise ValueError("expected one of model and labelled")
        return self


class DecontaminateSettings(Settings):
    """Documents that hold items of evaluation sets."""

    files: tuple[str, ...] = Field(min_length=1, description="evaluation files or folders, JSON Lines or Parquet")
    fields: tuple[str, ...] | None = Field(None, description="fields that hold the items; every text unless given")
    ngrams: ContaminationOptions = Field(ContaminationOptions(), description="what counts as an occurrence")


DEFAULT_RULES: dict[str, dict[str, Any]] = {"length": {}, "gopher": {}, "korean": {}}


class CurateSettings(Settings):
    """Raw files in, documents out."""

    job: Literal["curate"] = "curate"
    inputs: tuple[str, ...] = Field(description="files, folders or globs")
    text_column: str | None = Field(None, description="column that holds the text, `text` unless named")
    source: str | None = Field(None, description="data-set name, the file's name unless given")
    max_damaged: float = Field(0.001, ge=0, le=1, description="share of damaged records a file may have")
    strict: bool = Field(False, description="stop at the first damaged record")
    encoding: str = Field("utf-8", description="of text files, by its Python name; `auto`: what each looks like")
    quote: str = Field('"', description="character that fields of CSV and TSV may be quoted with, empty for none")
    html: Literal["text", "markdown", "source"] = Field(
        "text", description="of a page: its main text, the same with headings and lists marked, or all as it is"
    )
    max_page_mb: int = Field(5, ge=1, description="a larger page of HTML is passed over")
    partition_mb: int = Field(64, ge=1, description="uncompressed text a partition, MB")
    rules: dict[str, dict[str, Any]] = Field(DEFAULT_RULES, description="rule sets and their thresholds")
    structure: StructureSettings | None = Field(None, description="documents cut by the structure they have")
    c4_lines: C4Options | None = Field(None, description="lines that do not look like sentences, taken out as in C4")
    perplexity: PerplexitySettings | None = Field(None, description="bits a byte under a language model")
    grade: GradeSettings | None = Field(None, description="what a language model thinks of a document")
    quality: QualitySettings | None = Field(None, description="a learned score; null for none")
    personal_data: tuple[str, ...] = Field(DEFAULT_KINDS, description="kinds to replace, none for []")
    personal_data_fields: tuple[str, ...] = Field(
        (), description="fields of `meta` in which it is replaced as in texts, * for all; samples need none named"
    )
    pseudonyms: bool = Field(False, description="replace by a value that stands for the same data everywhere")
    pseudonym_key_variable: str = Field(
        "KEEPWISE_PSEUDONYM_KEY", description="environment variable that holds the key of pseudonyms"
    )
    date: str | None = Field(None, description="key of `meta` that holds a document's date, for keep orders")
    outliers: OutlierOptions | None = Field(None, description="documents whose scores lie far from their group's")
    decontaminate: DecontaminateSettings | None = Field(None, description="evaluation items that are not to be learned")
    labels: LabelOptions | None = Field(None, description="one label in several spellings, made uniform")
    lines: LineOptions | None = Field(None, description="lines or paragraphs that other documents have too, taken out")
    substring: SubstringOptions | None = Field(None, description="passages that occur elsewhere, taken out")
    embedding: EmbeddingSettings = Field(
        EmbeddingSettings(), description="vectors of documents, where a stage needs them"
    )
    semantic: SemanticOptions | None = Field(None, description="documents alike in meaning, null to leave it out")
    conflicts: ConflictOptions | None = Field(None, description="the same question with contradicting answers")
    diversity: DiversityOptions | None = Field(None, description="shares by language, source and topic, to a target")
    index: IndexSettings | None = Field(None, description="an index of all that was kept before, fed with this corpus")
    target: TargetSettings | None = Field(None, description="documents chosen for a target domain")
    selection: SelectionSettings | None = Field(None, description="documents chosen by clusters, coverage or score")
    topics: TopicSettings | None = Field(None, description="topics of the documents, counted before and after")
    exact: ExactSettings | None = Field(ExactSettings(), description="exact dedup, null to leave it out")
    minhash: MinHashSettings | None = Field(MinHashSettings(), description="near dedup, null to leave it out")
    tokenizer: str | None = Field(None, description="tokenizer.json, or a model's folder: tokens are counted by it")
    chunks: ChunkOptions | None = Field(None, description="documents cut to so many tokens; needs a tokenizer")
    samples: SampleSettings | None = Field(None, description="samples made of the documents at the end")
    export: WriteOptions | None = Field(None, description="the documents once more, as other tools read them")
    overrides: str | None = Field(None, description="overrides.parquet of a review: what people decided wins")
    keep_dropped: bool = Field(True, description="keep the text of dropped documents in dropped/")
    executor: Literal["local", "ray"] = Field("local", description="where tasks run: here, or on a Ray cluster")
    ray_address: str | None = Field(None, description="a running Ray cluster; one is started here unless set")
    workers: int | None = Field(
        None, ge=1, description="processes on this machine; one a core unless set, and for a small corpus one"
    )

    @field_validator("rules")
    @classmethod
    def _rules_are_known(cls, rules: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        from curation.rules import sets  # brings polars, which a recipe without a rule of its own does not need

        try:
            sets.rules_from(rules)
        except InputError as error:
            raise ValueError(str(error)) from error
        return rules

    @property
    def needs_vectors(self) -> bool:
        """Whether a stage in force looks at vectors of the documents."""
        chosen = self.selection is not None and self.selection.by_vectors
        return self.semantic is not None or self.topics is not None or chosen

    @field_validator("personal_data")
    @classmethod
    def _kinds_are_known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        check_kinds(kinds, "placeholder")
        return kinds

    @model_validator(mode="after")
    def _shares_of_topics_have_topics(self) -> "CurateSettings":
        if self.diversity is not None and "topic" in self.diversity.targets and self.topics is None:
            raise ValueError("diversity.targets.topic: found no topics to balance, expected the key 'topics'")
        return self

    @model_validator(mode="after")
    def _an_index_has_one_order(self) -> "CurateSettings":
        if self.index is not None:
            exact, near = (None if stage is None else stage.keep for stage in (self.exact, self.minhash))
            one_keep_order(exact, near, ExactSettings().keep)
        return self

    @model_validator(mode="after")
    def _chunks_have_a_tokenizer(self) -> "CurateSettings":
        if self.chunks is not None and self.tokenizer is None:
            raise ValueError("chunks: found no tokenizer to count by, expected the key 'tokenizer'")
        return self
