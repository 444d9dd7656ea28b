"""Scores of every item under a model, through whatever engine it is served by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation import tables
from curation.checks import beside, typed, typed_form
from curation.errors import InputError
from curation.metrics import text as metrics
from curation.model import Generator, Request, Response, Sampling, Score, Scorer, ScoreRequest

from .perplexity import measure, scores_of
from .tasks import GENERATED, MATCHED, Task

LOWER_IS_BETTER = frozenset({"bits_per_byte"})


@dataclass(frozen=True)
class _Asked:
    """The name under which a run's rows are stored."""

    model: str
    stage: str
    seed: int


def evaluate(
    generator: Generator | None,
    scorer: Scorer | None,
    tasks: Sequence[Task],
    model: str,
    stage: str = "",
    seed: int = 0,
    max_tokens: int = 64,
    window_bytes: int = 256,
    context_bytes: int = 128,
    progress: Callable[[int], None] | None = None,
) -> pl.DataFrame:
    """Evaluate a model on task items; greedy, so that only the model decides.

    A generated answer scores by its best reference, 0..1; one that was cut scores as it stands, and its `finish_reason`
    is `length`. `check` is 1 where a typed check of `curation.checks` passes against some reference; code runs in the
    sandbox. `refusal` and `no_refusal` know a refusal by phrases, the item's own or those of `curation.checks`.
    `choice` is 1 where the likeliest of the choices is right, by its whole log-probability; the same per byte is stored
    as `choice_per_byte` (as lm-eval's acc_norm). `bits_per_byte` is -log2 p(text) / bytes, see `perplexity`; its
    prediction holds `bits`, `bytes` and `tokens`, for sums over a corpus. It does not depend on the
    tokenizer, and lower is better.

    Args:
        generator: needed by the metrics of generated answers.
        scorer: needed by `choice` and `bits_per_byte`.
        tasks: items; each (task, id) once.
        model: name under which the rows are stored.
        stage: stage of training that the model stands at.
        seed: seed of the training run that made the model, a level of the bootstrap.
        max_tokens: longest generated answer.
        window_bytes: bytes of a text that are scored together.
        context_bytes: bytes before them that the model sees.
        progress: told how many items were done since it was last told.

    Returns:
        Schema `tables.EVALUATION`, sorted by task, item and metric: one row an item and metric.

    Raises:
        InputError: when an item cannot be asked, as when its prompt is longer than the model reads.
    """
    asked = _Asked(model, stage, seed)
    tell = progress or (lambda done: None)
    rows: list[dict[str, object]] = []
    generated = [item for item in tasks if item.metric in GENERATED]
    choices = [item for item in tasks if item.metric == "choice"]
    texts = [item for item in tasks if item.metric == "bits_per_byte"]
    if generated:
        if generator is None:
            raise InputError(f"task {generated[0].task!r} needs an engine that generates")
        rows += _generated(generator, generated, asked, max_tokens, tell)
    if choices or texts:
        if scorer is None:
            raise InputError(f"task {(choices or texts)[0].task!r} needs an engine that gives likelihoods")
        rows += _chosen(scorer, choices, asked, tell)
        rows += _compressed(scorer, texts, asked, window_bytes, context_bytes, tell)
    return pl.DataFrame(rows, schema=tables.EVALUATION).sort("task", "item", "metric")


def weight() -> pl.Expr:
    """What an item weighs in a mean: of bits per byte its bytes, so that the mean is the corpus's bits over its bytes.

    A row that does not say how long its text is weighs as much as any other.
    """
    size = pl.col("prediction").str.json_path_match("$.bytes").cast(pl.Float64, strict=False)
    counted = (pl.col("metric") == "bits_per_byte") & (size > 0)
    return pl.when(counted).then(size).otherwise(1.0).alias("weight")


def means(evaluation: pl.DataFrame) -> pl.DataFrame:
    """Mean score and number of items by model, stage, seed, task and metric; of bits per byte the sums' ratio."""
    keys = ["model", "stage", "seed", "task", "metric"]
    weighed = evaluation.with_columns(weight()).sort(*keys, "item")
    return weighed.group_by(keys, maintain_order=True).agg(
        mean=(pl.col("score") * pl.col("weight")).sum() / pl.col("weight").sum(), items=pl.len()
    )  # fmt: skip


def perplexities(evaluation: pl.DataFrame) -> pl.DataFrame:
    """Bits, bytes and tokens of every corpus: columns `model`, `stage`, `seed`, `task`, those three, `perplexity`.

    Perplexity is 2 to the bits of all tokens over their number: comparable between models of one tokenizer alone.
    """
    keys = ["model", "stage", "seed", "task"]
    texts = evaluation.filter(metric="bits_per_byte").sort(*keys, "item")
    counted = texts.select(
        *keys, *(pl.col("prediction").str.json_path_match(f"$.{name}").cast(pl.Float64).alias(name)
                 for name in ("bits", "bytes", "tokens")),
    )  # fmt: skip
    sums = counted.group_by(keys, maintain_order=True).agg(pl.col("bits", "bytes", "tokens").sum())
    return sums.with_columns(perplexity=2.0 ** (pl.col("bits") / pl.col("tokens")))


def _row(
    asked: _Asked, item: Task, metric: str, score: float, prediction: str, finish_reason: str | None = None
) -> dict[str, object]:
    return {
        "model": asked.model,
        "stage": asked.stage,
        "seed": asked.seed,
        "task": item.task,
        "item": item.id,
        "source": item.source if item.source is not None else f"{item.task}/{item.id}",
        "cluster": item.cluster,
        "metric": metric,
        "score": score,
        "prediction": prediction,
        "finish_reason": finish_reason,
    }


def _name(item: Task) -> str:
    return f"{item.task}\x1f{item.id}"


def _generated(
    generator: Generator, items: Sequence[Task], asked: _Asked, max_tokens: int, tell: Callable[[int], None]
) -> list[dict[str, object]]:
    by_id = {_name(item): item for item in items}
    requests = [
        Request(name, item.prompt, Sampling(max_tokens=max_tokens, stop=item.stop)) for name, item in by_id.items()
    ]
    given: list[tuple[Task, Response]] = []
    for response in generator.generate(requests):
        item = by_id.pop(response.id)
        if response.finish_reason == "refused":
            raise InputError(f"task {item.task!r}, item {item.id!r} cannot be asked: {response.error}")
        given.append((item, response))
        tell(1)
    if by_id:
        raise tables.TableError(f"the engine left {len(by_id)} of {len(items)} items unanswered")
    scores = beside.each(lambda one: _score(*one), given, lambda one: _runs(one[0]))
    return [
        _row(asked, item, item.metric, score, response.text, response.finish_reason)
        for (item, response), score in zip(given, scores, strict=True)
    ]


def _runs(item: Task) -> bool:
    """Whether the check of an answer runs it as a program."""
    return item.metric == "check" and item.check is not None and item.check.kind in beside.PROGRAMS


def _score(item: Task, response: Response) -> float:
    text = response.text
    match item.metric:
        case metric if metric in MATCHED:
            return max(MATCHED[metric](reference, text) for reference in item.references)
        case "check":
            return max(_checked(item, reference, text) for reference in item.references or ("",))
        case "refusal" | "no_refusal":
            refused = float(typed_form.refuses(text))
            if item.references:
                refused = max(metrics.contains(reference, text) for reference in item.references)
            return refused if item.metric == "refusal" else 1.0 - refused
    raise tables.TableError(f"metric {item.metric!r} is not one of a generated answer")


def _checked(item: Task, reference: str, text: str) -> float:
    if item.check is None:
        raise tables.TableError(f"task {item.task!r}, item {item.id!r} has no check")
    check = item.check
    settings: dict[str, Any] = {"choices": check.choices, "pattern": check.pattern, "tolerance": check.tolerance}
    return float(typed.check(check.kind, reference, text, **settings).passed)


def _scored(scorer: Scorer, requests: Sequence[ScoreRequest], where: dict[str, Task]) -> dict[str, Score]:
    """Scores by request id, every one of them there and without error."""
    scores = scores_of(scorer, requests)
    for score in scores.values():
        if score.error is not None:
            item = where[score.id]
            raise InputError(f"task {item.task!r}, item {item.id!r} cannot be scored: {score.error}")
    return scores


def _chosen(
    scorer: Scorer, items: Sequence[Task], asked: _Asked, tell: Callable[[int], None]
) -> list[dict[str, object]]:
    pairs = {f"{_name(item)}\x1f{number}": (item, choice) for item in items for number, choice in enumerate(
        item.choices)}  # fmt: skip
    requests = [ScoreRequest(name, item.prompt, choice) for name, (item, choice) in pairs.items()]
    scores = _scored(scorer, requests, {name: item for name, (item, _) in pairs.items()})
    rows = []
    for item in items:
        totals = [scores[f"{_name(item)}\x1f{number}"].total for number in range(len(item.choices))]
        per_byte = [total / len(choice.encode()) for total, choice in zip(totals, item.choices, strict=True)]
        for metric, values in (("choice", totals), ("choice_per_byte", per_byte)):
            chosen = item.choices[max(range(len(values)), key=values.__getitem__)]
            rows.append(_row(asked, item, metric, float(chosen in item.references), chosen))
        tell(1)
    return rows


def _compressed(
    scorer: Scorer, items: Sequence[Task], asked: _Asked, window: int, context: int, tell: Callable[[int], None]
) -> list[dict[str, object]]:
    texts = {f"{_name(item)}\x1f{number}": text for item in items for number, text in enumerate(item.references)}
    found = measure(scorer, texts, window, context)
    rows = []
    for item in items:
        parts = [found[f"{_name(item)}\x1f{number}"] for number in range(len(item.references))]
        bits, size = sum(part.bits for part in parts), sum(part.bytes for part in parts)
        counted = {"bits": round(bits, 6), "bytes": size, "tokens": sum(part.tokens for part in parts)}
        rows.append(_row(asked, item, "bits_per_byte", bits / size, tables.canonical_json(counted)))
        tell(1)
    return rows
