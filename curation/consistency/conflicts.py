"""Rows with the same question, or nearly the same, and answers of which at most one can be right.

side = concat(side(partition, options) for each partition)
report = conflicts(side, options)
dropped = decide(side, options)
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from .. import tables
from ..errors import InputError
from ..stage import DROPS
from . import answers, prompts

RULE = "consistency.conflict"
MAX_ANSWERS = 20  # different closed answers from which a question is an open one
POLICIES = ("report", "majority", "drop")

SIDE = pl.Schema({"doc_id": pl.String, "prompt": pl.String, "answer": pl.String})
CONFLICTS = pl.Schema(
    {
        "doc_id": pl.String,
        "group": pl.Int64,  # rows that ask the same, numbered by their smallest key
        "similarity": pl.Float64,  # of the prompt to the one that stands for the group; 1 for the same
        "kind": pl.String,  # of the answer, see `answers`
        "says": pl.String,  # its canonical form
        "answers": pl.Int64,  # different answers in the group
        "majority": pl.String,  # what more than half of the closed answers say, null where none has so many
        "agrees": pl.Boolean,  # with the majority
        "stands_for": pl.String,  # first row of the majority, by id
    }
)


@dataclass(frozen=True)
class ConflictOptions:
    """How contradicting rows are found, and what is done with them.

    Attributes:
        prompt: where the question of a document is: `text`, or the name of a field of `meta`.
        answer: where its answer is, likewise.
        similarity: Jaccard similarity of character 4-grams from which prompts that differ in typing errors ask the same
            (see `prompts`); null: only prompts that are equal but for case, spacing and marks.
        max_words: longest phrase that is a closed answer, words.
        policy: `report` keeps all rows and says which contradict each other; `majority` keeps what more than half of a
            group's closed answers say, and where there is no such majority drops all of them; `drop` drops all of them.
    """

    prompt: str = "prompt"
    answer: str = "text"
    similarity: float | None = 0.7
    max_words: int = 5
    policy: str = "report"

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise InputError(f"consistency.policy: found {self.policy!r}, expected one of {', '.join(POLICIES)}")
        if self.similarity is not None and not 0 < self.similarity <= 1:
            raise InputError(f"consistency.similarity: found {self.similarity}, expected more than 0 and at most 1")
        if self.max_words < 1:
            raise InputError(f"consistency.max_words: found {self.max_words}, expected at least 1")


def side(documents: pl.DataFrame, options: ConflictOptions) -> pl.DataFrame:
    """Question and answer of each document that has both; schema `SIDE`.

    Args:
        documents: table `documents` of one partition.
        options: where they are.
    """
    found = documents.select("doc_id", prompt=field(options.prompt), answer=field(options.answer))
    return found.drop_nulls().cast(SIDE)


def side_of_samples(samples: pl.DataFrame) -> pl.DataFrame:
    """The same of samples with the columns `prompt` and `completion`, lists of turns; `doc_id` is their `sample_id`.

    A prompt is the contents of its turns, an answer that of the last turn.
    """
    contents = pl.col("prompt").list.eval(pl.element().struct.field("content")).list.join("\n")
    answer = pl.col("completion").list.last().struct.field("content")
    return samples.select(doc_id="sample_id", prompt=contents, answer=answer).drop_nulls().cast(SIDE)


def field(name: str) -> pl.Expr:
    """The text of a document, or a field of its `meta` as text; null where there is none."""
    if name == "text":
        return pl.col("text")
    path = "$" + "".join(f"['{part}']" for part in name.split("."))
    return pl.col("meta").str.json_path_match(path)


def conflicts(side: pl.DataFrame, options: ConflictOptions) -> pl.DataFrame:
    """Every row that contradicts another; open answers and answers that nothing contradicts are not among them.

    Args:
        side: rows of all partitions, in any order.
        options: see there.

    Returns:
        Schema `CONFLICTS`, by group and id.
    """
    grouped = _grouped(side, options.similarity)
    found = []
    for number, (_, group) in enumerate(grouped.group_by("group", maintain_order=True)):
        found.extend(_contradictions(group, number, options.max_words))
    return pl.DataFrame(found, schema=CONFLICTS, orient="row").sort("group", "doc_id")


def _grouped(side: pl.DataFrame, similarity: float | None) -> pl.DataFrame:
    """Rows that ask what another row asks, by their group and id, with the similarity of their prompts."""
    rows = side.join(prompts.groups(side["prompt"].unique(), similarity), on="prompt")
    return rows.filter(pl.col("group").is_duplicated()).sort("group", "doc_id")


def _contradictions(group: pl.DataFrame, number: int, max_words: int) -> list[tuple]:
    """Rows of `CONFLICTS` of one group."""
    if group["answer"].n_unique() == 1 or any(answers.is_open(prompt) for prompt in group["prompt"].unique()):
        return []
    read = {text: answers.read(text, max_words) for text in group["answer"].unique().sort()}
    found = []
    for kind in (answers.NUMBER, answers.YES_NO, answers.OPTION, answers.PHRASE):
        rows = [row for row in group.iter_rows(named=True) if read[row["answer"]].kind == kind]
        different = sorted({read[row["answer"]] for row in rows}, key=lambda answer: (answer.text, answer.unit))
        if not 2 <= len(different) <= MAX_ANSWERS:
            continue
        said = _agreeing(different)
        if len(set(said.values())) < 2:
            continue
        counts = Counter(said[read[row["answer"]]] for row in rows)
        most, count = max(counts.items(), key=lambda item: (item[1], item[0]))
        majority = most if 2 * count > len(rows) else None
        first = next((row["doc_id"] for row in rows if said[read[row["answer"]]] == majority), None)
        for row in rows:
            says = said[read[row["answer"]]]
            found.append((row["doc_id"], number, row["similarity"], kind, says, len(counts), majority,
                          None if majority is None else says == majority, first))  # fmt: skip
    return found


def _agreeing(read: Sequence[answers.Answer]) -> dict[answers.Answer, str]:
    """For each different answer the form of the first with which it agrees, directly or through others."""
    said: dict[answers.Answer, str] = {}
    for answer in read:
        near = [said[other] for other in said if not answers.conflict(answer, other)]
        form = min(near, default=" ".join(part for part in (answer.text, answer.unit) if part))
        said = {other: form if known in near else known for other, known in said.items()} | {answer: form}
    return said


def decide(side: pl.DataFrame, options: ConflictOptions) -> pl.DataFrame:
    """Rows to drop under the policy: `value` is the number of different answers, `detail` says which; schema DROPS."""
    found = conflicts(side, options)
    if options.policy == "report":
        return tables.empty(DROPS)
    if options.policy == "majority":
        found = found.filter(pl.col("agrees").not_() | pl.col("agrees").is_null())
    detail = pl.struct(answer="says", majority="majority", kind="kind").struct.json_encode()
    kept = pl.col("stands_for") if options.policy == "majority" else pl.lit(None, pl.String)
    drops = found.select(
        "doc_id",
        rule=pl.lit(RULE),
        value=pl.col("answers").cast(pl.Float64),
        threshold=pl.lit(1.0),
        duplicate_of=kept,
        similarity="similarity",
        cluster_id="group",
        detail=detail,
    )
    return drops.cast(DROPS).sort("doc_id")
