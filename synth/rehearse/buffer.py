"""The rehearsal buffer: earlier tasks in instances that the model made up and answered itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.model import Generator

from .. import prompts
from ..synthesised import Synthesised
from . import filters
from .demos import Task, read
from .draft import Draft, draft
from .options import RehearseOptions
from .refine import refine
from .report import report
from .select import select

STAGE = "rehearse"
ORIGIN = "rehearsal"


def rehearse(
    demos: Mapping[str, pl.DataFrame],
    base: Generator,
    latest: Generator,
    options: RehearseOptions,
    seed: int,
    held_out: Sequence[str] = (),
) -> Synthesised:
    """Make up instances of earlier tasks, filter, refine and select them.

    SSR (arXiv 2403.01244) with filters against the demonstrations and each other, refinement before selection, quotas
    that sum, and labels in balance.

    Args:
        demos: by task name, frames of `sample_id`, `prompt` and `completion`.
        base: makes up the instances.
        latest: answers them; the same engine as `base`, or the checkpoint that training reached.
        options: see `RehearseOptions`.
        seed: of everything drawn.
        held_out: prompts of the evaluation, which no sample may repeat.

    Returns:
        Samples of every task, at most `per_task` each, sorted by task and request; a ledger row for every request
        that is not among them; the report, which says plainly where a task fell short.

    Raises:
        InputError: for tasks without usable demonstrations.
    """
    tasks = tasks_of(demos, options, seed)
    drafts = draft(tasks, base, options, seed)
    return finish(tasks, drafts, base, latest, options, seed, held_out)


def tasks_of(demos: Mapping[str, pl.DataFrame], options: RehearseOptions, seed: int) -> list[Task]:
    """The tasks that frames of demonstrations show, sorted by name; the first step where engines are opened in turn.

    Raises:
        InputError: for no tasks, or tasks without usable demonstrations.
    """
    if not demos:
        raise InputError("rehearse: found no demonstrations, expected at least two of one task")
    return [read(name, demos[name], options, seed) for name in sorted(demos)]


def finish(
    tasks: list[Task],
    drafts: list[Draft],
    base: Generator,
    latest: Generator,
    options: RehearseOptions,
    seed: int,
    held_out: Sequence[str] = (),
) -> Synthesised:
    """Filter, refine and select drafts of `draft.draft`; only the name and fingerprint of `base` are used."""
    filters.held_out(held_out, [one for one in drafts if one.drop is None], options)
    for task in tasks:
        own = [one for one in drafts if one.task == task.name and one.drop is None]
        filters.form(task, own, options)
        filters.novelty(task, [one for one in own if one.drop is None], options)
    refine(tasks, drafts, latest, options)
    labels = {task.name: select([one for one in drafts if one.task == task.name], options, seed) for task in tasks}
    schema = tables.samples_schema("prompt_completion")
    named = {task.name: task for task in tasks}
    kept = [one for one in drafts if one.drop is None]
    samples = pl.DataFrame([_sample(named[one.task], one, base) for one in kept], schema=schema)
    tables.check(samples, schema, "sample_id")
    dropped = _dropped(drafts)
    tables.conserve(STAGE, len(drafts), samples.height, dropped.height, 0)
    unfit = tables.ledger(
        pl.DataFrame([{"row_id": name, "rule": f"{STAGE}.demo_markers"} for task in tasks for name in task.unfit],
                     schema={"row_id": pl.String, "rule": pl.String}), f"{STAGE}/demos", "drop", "samples")  # fmt: skip
    return Synthesised(samples, pl.concat([dropped, unfit]), report(tasks, drafts, labels, options))


def _sample(task: Task, one: Draft, base: Generator) -> dict[str, Any]:
    """A row of the buffer; its generation is the refinement's, with the instance's own beside it."""
    system = [{"role": "system", "content": task.system}] if task.system is not None else []
    content = {
        "prompt": [*system, {"role": "user", "content": one.input}],
        "completion": [{"role": "assistant", "content": one.text}],
    }
    parents = [demo.id for demo in one.demos]
    generation = {"method": STAGE, **(one.refinement or {}), "instance": _instance(one, base)}
    return {
        **content,
        "sample_id": tables.sample_id(one.task, ORIGIN, content, parents, one.request.sample),
        "task": one.task,
        "origin": ORIGIN,
        "tier": None,
        "parents": parents,
        "generation": tables.canonical_json(generation),
        "checks": [
            {"name": check.name, "score": check.score, "threshold": check.threshold, "passed": check.passed}
            for check in one.checks
        ],
    }


def _instance(one: Draft, base: Generator) -> dict[str, Any]:
    template = prompts.load("few_shot")
    sampling = one.request.sampling
    return {
        "model": base.fingerprint,
        "adapter": one.request.adapter,
        "engine": base.name,
        "template": template.name,
        "template_hash": template.hash,
        "sampling": {**vars(sampling), "stop": list(sampling.stop)},
        "request": one.request.id,
        "sample": one.request.sample,
        "prompt_tokens": one.response.prompt_tokens,
        "tokens": len(one.response.token_ids),
        "finish_reason": one.response.finish_reason,
        "output": one.output,
    }


def _dropped(drafts: list[Draft]) -> pl.DataFrame:
    rows = []
    for one in drafts:
        if one.drop is None:
            continue
        detail = {"task": one.task, "text": one.response.text, "why": one.drop.detail}
        rows.append(
            {
                "row_id": one.key,
                "rule": f"{STAGE}.{one.drop.rule}",
                "value": one.drop.value,
                "threshold": one.drop.threshold,
                "duplicate_of": one.drop.duplicate_of,
                "similarity": one.drop.similarity,
                "cluster_id": one.drop.cluster,
                "detail": tables.canonical_json({key: value for key, value in detail.items() if value is not None}),
            }
        )
    return tables.ledger(pl.DataFrame(rows, schema=_EVENTS), STAGE, "drop", "samples")


_EVENTS = pl.Schema(
    {
        name: tables.LEDGER[name]
        for name in ("row_id", "rule", "value", "threshold", "duplicate_of", "similarity", "cluster_id", "detail")
    }
)
