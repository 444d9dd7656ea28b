"""Settings of topics, and of the choice of documents by clusters."""

from typing import Literal

from pydantic import Field, model_validator

from curation.errors import InputError
from curation.selection.decide import SelectionOptions
from curation.topics import TopicOptions

from .base import Settings, forbidding_others

forbidding_others(TopicOptions)


class TopicSettings(Settings):
    """Topics of the documents: clusters of their vectors, named by their terms."""

    clusters: int = Field(20, ge=1, description="topics, at most")
    seed: int = Field(0, description="of the clustering")
    names: TopicOptions = Field(TopicOptions(), description="how topics are named")


class SelectionSettings(Settings):
    """A number or a share of the documents, chosen for what they cover."""

    method: Literal["nearest", "boundary", "facility", "k_center", "random", "top"] = Field(
        "nearest",
        description="of each cluster those nearest to its centre, these and the farthest, or those most like the rest; "
        "k-center over all; at random; or the best by a score",
    )
    number: int | None = Field(None, ge=0, description="documents to keep")
    share: float | None = Field(None, gt=0, le=1, description="of the documents to keep")
    clusters: int = Field(100, ge=1, description="clusters, at most; each has a quota by its size")
    boundary_share: float = Field(0.5, ge=0, le=1, description="of a quota for the farthest, for `boundary`")
    score: str = Field("quality.score", description="column of scores/, for `top`; a document without it is left out")
    seed: int = Field(0, description="of the clustering, and of `random`")

    @model_validator(mode="after")
    def _one_choice(self) -> "SelectionSettings":
        try:
            self.options()
        except InputError as error:
            raise ValueError(str(error)) from error
        return self

    def options(self) -> SelectionOptions:
        """What decides the choice from a side table."""
        return SelectionOptions(self.method, self.number, self.share, self.boundary_share, self.seed)

    @property
    def by_vectors(self) -> bool:
        """Whether the method looks at vectors of the documents."""
        return self.method not in ("random", "top")
