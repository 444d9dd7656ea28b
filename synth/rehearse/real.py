"""The baselines of rehearsal: a part of the old data itself, at random or nearest to the centres of clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.model import Turn

from ..novelty import NoveltyOptions, novel
from ..synthesised import Synthesised
from .buffer import SAMPLES, STAGE, counter
from .options import RehearseOptions
from .representation import representation
from .select import choose, dropped
from .steering import Steering, quotas

ORIGINS = {"nearest": "real_kmeans", "k_center": "real_k_center", "random": "real_random"}


def keep_real(
    old: Mapping[str, pl.DataFrame],
    options: RehearseOptions,
    seed: int,
    held_out: Sequence[str] = (),
    steering: Steering | None = None,
) -> Synthesised:
    """Choose rows of old data, in the form and within the quotas of a buffer that a model made up.

    What SSR compares itself with (arXiv 2403.01244, section 4.1): `selection` is `random`, or `nearest` for K-means.
    Labels are not balanced: these are the plain baselines. `origin` names them.

    Args:
        old: by task name, frames of `sample_id`, `prompt` and `completion`.
        options: quotas, selection, clusters.
        seed: of clusters and draws.
        held_out: prompts of the evaluation, which no sample may repeat.
        steering: as for `rehearse`.

    Returns:
        Samples sorted by task; a ledger row for each row that was not taken; the report in the form of `rehearse`'s.

    Raises:
        InputError: for no rows, or a budget of tokens without a tokenizer.
    """
    if not old:
        raise InputError("rehearse: found no rows of old data, expected rows of prompt and completion")
    steering = steering or Steering()
    wanted = quotas(list(old), options, steering.plan)
    count = counter(options, steering.tokens)
    origin = ORIGINS[options.selection]
    limits = NoveltyOptions(near_duplicate=options.near_duplicate, long_words=options.long_words)
    kept, ledger, facts, pools = [], [], {}, {}
    for task in sorted(old):
        rows = pl.DataFrame([_sample(task, origin, row) for row in old[task].iter_rows(named=True)], schema=SAMPLES)
        split = novel(rows.unique("sample_id", keep="first").sort("sample_id"), (), held_out, limits, seed)
        every = _conversations(split.kept)
        costs = [count(row) for row in every]
        plain = replace(options, few_labels=0)
        regions = None if steering.plan is None else steering.plan.regions.get(task)
        asked, said = [row[-2]["content"] for row in every], [row[-1]["content"] for row in every]
        found = choose(asked, said, costs, wanted[task], plain, seed, regions)
        taken = split.kept[found.rows.tolist()]
        left = [at for at in range(len(every)) if at not in set(found.rows.tolist())]
        repeats = rows.height - rows["sample_id"].n_unique()
        events = _not_selected(split.kept, left, found)
        again = _repeated(rows)
        tables.conserve(STAGE, rows.height, taken.height, split.ledger.height + events.height + again.height, 0)
        kept.append(taken)
        ledger += [again, split.ledger, events]
        spent = sum(costs[at] for at in found.rows)
        facts[task] = {
            "rows": rows.height,
            "wanted": wanted[task],
            "spent": spent,
            "kept": taken.height,
            "unspent": wanted[task] - spent,
            "shortfall": 0 if left else wanted[task] - spent,
            "dropped": {"repeats_row": repeats, "novelty": split.ledger.height, "not_selected": len(left)},
        }
        pools[task] = every
    samples = tables.check(pl.concat(kept), SAMPLES, "sample_id")
    report: dict[str, Any] = {
        "unit": "tokens" if options.rows is None else "rows",
        "selection": options.selection,
        "origin": origin,
        "wanted": sum(wanted.values()),
        "spent": sum(task["spent"] for task in facts.values()),
        "requests": 0,
        "samples": samples.height,
        "shortfall": {name: task["shortfall"] for name, task in facts.items() if task["shortfall"]},
        "tasks": facts,
    }
    if steering.held_out_rows:
        buffers = {task: _conversations(samples.filter(pl.col("task") == task)) for task in facts}
        report["representation"] = representation(buffers, pools, steering, options, seed)
    return Synthesised(samples, pl.concat(ledger), report)


def _conversations(rows: pl.DataFrame) -> list[list[Turn]]:
    return [[*prompt, *completion] for prompt, completion in rows.select("prompt", "completion").iter_rows()]


def _sample(task: str, origin: str, row: Mapping[str, Any]) -> dict[str, Any]:
    content = {"prompt": row["prompt"], "completion": row["completion"]}
    return {
        **content,
        "sample_id": tables.sample_id(task, origin, content, []),
        "task": task,
        "origin": origin,
        "tier": None,
        "parents": [row["sample_id"]],
        "generation": None,
        "checks": [],
    }


def _repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """A ledger row for each row that says the same as one before it."""
    again = rows.filter(~pl.col("sample_id").is_first_distinct())
    events = again.select(row_id=pl.col("parents").list.first(), rule=pl.lit(f"{STAGE}.repeats_row"),
                          duplicate_of="sample_id")  # fmt: skip
    return tables.ledger(events, STAGE, "drop", "samples")


def _not_selected(rows: pl.DataFrame, left: list[int], found: Any) -> pl.DataFrame:
    drops = [(rows["sample_id"][at], dropped(found, at)) for at in left]
    events = [
        {"row_id": name, "rule": f"{STAGE}.{drop.rule}", "value": drop.value, "cluster_id": drop.cluster}
        for name, drop in drops
    ]
    schema = {"row_id": pl.String, "rule": pl.String, "value": pl.Float64, "cluster_id": pl.Int64}
    return tables.ledger(pl.DataFrame(events, schema=schema), STAGE, "drop", "samples")
