"""A model's own judgement of documents as a number: the grade that it expects to give, read from its probabilities.

In the manner of FineWeb-Edu (Penedo et al. 2024, arXiv 2406.17557, section 4), where a model grades from 0 to 5; but no
text is generated and none parsed: the model is asked how probable each grade is as its answer. Grading a sample and
training `quality.train` on it is how a whole corpus is graded at little cost.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ..errors import InputError
from ..model import Scorer, ScoreRequest

TEXT = "{text}"
EDUCATION = (
    "Below is the beginning of a document. How useful would it be for teaching, at school or for self-study? Grade it "
    "from 0 (not at all: advertising, lists of links, empty talk) over 3 (it explains something worth knowing, with "
    "gaps or digressions) to 5 (excellent: clear, correct, complete, to the point). The language does not matter.\n\n"
    "Document:\n{text}\n\nAnswer with the grade alone, a single digit."
)
GRADES = pl.Schema(
    {
        "doc_id": pl.String,
        "score": pl.Float64,  # expected grade; null where `error` says why
        "certainty": pl.Float64,  # probability of the likeliest grade among the grades, 0..1
        "mass": pl.Float64,  # probability of all grades together: near 0, the model would rather answer otherwise
        "characters": pl.Int64,  # of the text that were shown
        "error": pl.String,
    }
)


@dataclass(frozen=True)
class GradeOptions:
    """What a model is asked about documents.

    Attributes:
        prompt: the question, with `{text}` where the document goes.
        grades: possible answers, as the model would write them, and what each counts.
        characters: of the beginning of a document that are shown.
        chat: whether the question is a user's turn in the model's chat template; else it is raw text.
    """

    prompt: str = EDUCATION
    grades: tuple[tuple[str, float], ...] = tuple((str(grade), float(grade)) for grade in range(6))
    characters: int = 2000
    chat: bool = True

    def __post_init__(self) -> None:
        if self.prompt.count(TEXT) != 1:
            raise InputError(f"grades: prompt holds {TEXT} {self.prompt.count(TEXT)} times, expected once")
        if len({answer for answer, _ in self.grades}) < max(2, len(self.grades)) or "" in dict(self.grades):
            raise InputError(f"grades: {[answer for answer, _ in self.grades]}, expected at least 2, all different")
        if self.characters < 1:
            raise InputError(f"grades: characters is {self.characters}, expected at least 1")


_DEFAULTS = GradeOptions()


def grade(documents: pl.DataFrame, scorer: Scorer, options: GradeOptions = _DEFAULTS) -> pl.DataFrame:
    """The grade that a model expects to give each document: the mean of the grades by their probability.

    Args:
        documents: `doc_id` (unique), `text`.
        scorer: an engine, or anything that scores.
        options: what is asked.

    Returns:
        Schema `GRADES`, in the documents' order, whatever order scores come in.

    Raises:
        ValueError: when the scorer leaves a request unanswered or answers one twice.
    """
    found: list[dict[int, float]] = [{} for _ in range(documents.height)]
    errors: list[dict[int, str]] = [{} for _ in range(documents.height)]
    asked: set[str] = set()

    def requests() -> Iterator[ScoreRequest]:
        for row, text in enumerate(documents["text"]):
            question = options.prompt.replace(TEXT, text[: options.characters])
            for number, (answer, _) in enumerate(options.grades):
                asked.add(f"{row}:{number}")
                yield ScoreRequest(f"{row}:{number}", (("user", question),) if options.chat else question, answer)

    for score in scorer.score(requests()):
        if score.id not in asked:
            raise ValueError(f"a score for {score.id!r}, which was not asked or was answered before")
        asked.remove(score.id)
        row, number = (int(part) for part in score.id.split(":"))
        if score.error is not None:
            errors[row][number] = score.error
        found[row][number] = score.total
    if asked:
        raise ValueError(f"{len(asked)} requests without a score, such as {min(asked)!r}")
    rows = [_expected(found[row], errors[row], options) for row in range(documents.height)]
    return pl.DataFrame(
        {
            "doc_id": documents["doc_id"],
            "score": [score for score, _, _ in rows],
            "certainty": [certainty for _, certainty, _ in rows],
            "mass": [mass for _, _, mass in rows],
            "characters": [min(len(text), options.characters) for text in documents["text"]],
            "error": [errors[row][min(errors[row])] if errors[row] else None for row in range(documents.height)],
        },
        schema=GRADES,
    )


def _expected(
    logprobs: dict[int, float], errors: dict[int, str], options: GradeOptions
) -> tuple[float | None, float | None, float | None]:
    """Expected grade, probability of the likeliest among the grades, and probability of all."""
    if errors:
        return None, None, None
    largest = max(logprobs.values())
    weights = [math.exp(logprobs[number] - largest) for number in range(len(options.grades))]
    total = math.fsum(weights)
    mean = math.fsum(weight * value for weight, (_, value) in zip(weights, options.grades, strict=True)) / total
    return mean, max(weights) / total, min(1.0, total * math.exp(largest))
