"""The baselines of rehearsal: a part of the old data itself, at random or nearest to the centres of clusters."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from curation import tables
from curation.errors import InputError
from curation.model import Turn

from ..held_out import Given
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
    held_out: Given = (),
    steering: Steering | None = None,
) -> Synthesised:
    """Choose rows of old data, in the form and within the quotas of a buffer that a model made up.

    What SSR compares itself with (arXiv 2403.01244, section 4.1): `selection` is `random`, or `nearest` for K-means.
    Labels are not balanced: these are the plain baselines. `origin` names them.

    Args:
        old: by task name, frames of `sample_id`, `prompt` and `completion`.
        options: quotas, selection, clusters.
        seed: of clusters and draws.
        held_out: prompts of the evaluation, or prompts and texts, which no sample may repeat.
        steering: as for `rehearse`.

    Returns:
        Samples sorted by task; a ledger row for each row that was not taken, by its own id; the report in the form of
        `rehearse`'s.

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
        rows = rows.sort(pl.col("parents").list.first())
        first = rows.unique("sample_id", keep="first", maintain_order=True).sort("sample_id")
        split = novel(first, (), held_out, limits, seed)
        every = _conversations(split.kept)
        costs = [count(row) for row in every]
        regions = None if steering.plan is None else steering.plan.regions.get(task)
        asked, said = [row[-2]["content"] for row in every], [row[-1]["content"] for row in every]
        found = choose(asked, said, costs, wanted[task], replace(options, few_labels=0), seed, regions)
        left = np.setdiff1d(np.arange(len(every)), found.rows).tolist()
        taken = split.kept[found.rows.tolist()]
        read = dict(zip(first["sample_id"], first["parents"].list.first(), strict=True))
        own = pl.col("row_id", "duplicate_of").replace(read)
        events = [split.ledger.with_columns(own), _not_selected(split.kept, left, found).with_columns(own)]
        lost = pl.concat([_repeated(rows), *events])
        tables.conserve(STAGE, rows.height, taken.height, lost.height, 0)
        kept.append(taken)
        ledger.append(lost)
        pools[task] = every
        facts[task] = _facts(rows.height, wanted[task], sum(costs[at] for at in found.rows), taken.height, lost)
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


def _facts(rows: int, wanted: int, spent: int, kept: int, lost: pl.DataFrame) -> dict[str, Any]:
    """Of one task, in the words of `report.report`."""
    dropped = {str(rule).removeprefix(f"{STAGE}."): number for rule, number in sorted(Counter(lost["rule"]).items())}
    return {
        "rows": rows,
        "wanted": wanted,
        "spent": spent,
        "kept": kept,
        "unspent": wanted - spent,
        "shortfall": 0 if "not_selected" in dropped else wanted - spent,
        "dropped": dropped,
    }


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
    own = pl.col("parents").list.first()
    first = rows.with_columns(duplicate_of=own.first().over("sample_id"))
    again = first.filter(~pl.col("sample_id").is_first_distinct())
    events = again.select(row_id=own, rule=pl.lit(f"{STAGE}.repeats_row"), duplicate_of="duplicate_of")
    return tables.ledger(events, STAGE, "drop", "samples")


def _not_selected(rows: pl.DataFrame, left: list[int], found: Any) -> pl.DataFrame:
    drops = [(rows["sample_id"][at], dropped(found, at)) for at in left]
    events = [
        {"row_id": name, "rule": f"{STAGE}.{drop.rule}", "value": drop.value, "cluster_id": drop.cluster}
        for name, drop in drops
    ]
    schema = {"row_id": pl.String, "rule": pl.String, "value": pl.Float64, "cluster_id": pl.Int64}
    return tables.ledger(pl.DataFrame(events, schema=schema), STAGE, "drop", "samples")
