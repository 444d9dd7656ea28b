"""The rehearsal buffer: earlier tasks in instances that the model made up and answered itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.model import Generator, Turn

from .. import prompts
from ..drop import ledger
from ..held_out import Given
from ..synthesised import Synthesised
from . import filters
from .demos import Task, read
from .draft import Draft, draft
from .options import RehearseOptions
from .refine import refine
from .report import report
from .representation import representation
from .select import select
from .steering import Steering, quotas
from .tokens import Tokens

STAGE = "rehearse"
ORIGIN = "rehearsal"
SAMPLES = tables.samples_schema("prompt_completion")


def rehearse(
    demos: Mapping[str, pl.DataFrame],
    base: Generator,
    latest: Generator,
    options: RehearseOptions,
    seed: int,
    held_out: Given = (),
    steering: Steering | None = None,
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
        held_out: prompts of the evaluation, or prompts and texts, which no sample may repeat.
        steering: tokenizer for a budget of tokens, plan for an adaptive one, real rows to compare with.

    Returns:
        Samples of every task, within its quota, sorted by task and request; a ledger row for every request
        that is not among them; the report, which says plainly where a task fell short.

    Raises:
        InputError: for tasks without usable demonstrations, or a budget of tokens without a tokenizer.
    """
    tasks = tasks_of(demos, options, seed)
    drafts = draft(tasks, base, options, seed)
    return finish(tasks, drafts, base, latest, options, seed, held_out, steering)


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
    held_out: Given = (),
    steering: Steering | None = None,
) -> Synthesised:
    """Filter, refine and select drafts of `draft.draft`; only the name and fingerprint of `base` are used."""
    steering = steering or Steering()
    wanted = quotas([task.name for task in tasks], options, steering.plan)
    count = counter(options, steering.tokens)
    markers = steering.tokens.markers if steering.tokens else ()
    filters.held_out(held_out, [one for one in drafts if one.drop is None], options)
    for task in tasks:
        own = [one for one in drafts if one.task == task.name and one.drop is None]
        filters.form(task, own, options, markers)
        filters.novelty(task, [one for one in own if one.drop is None], options)
    refine(tasks, drafts, latest, options, markers)
    filters.answers_held_out(held_out, [one for one in drafts if one.drop is None], options)
    not_judged: dict[str, dict[str, int]] = {}
    for task in tasks:
        own = [one for one in drafts if one.task == task.name and one.drop is None]
        not_judged[task.name] = filters.unlike(task, own, options, seed)
    candidates = [one for one in drafts if one.drop is None]
    labels: dict[str, dict[str, int]] = {}
    for task in tasks:
        own = [one for one in candidates if one.task == task.name]
        regions = None if steering.plan is None else steering.plan.regions.get(task.name)
        costs = [count(turns(task, one)) for one in own]
        labels[task.name] = select(own, costs, wanted[task.name], options, seed, regions)
    named = {task.name: task for task in tasks}
    kept = [one for one in drafts if one.drop is None]
    samples = pl.DataFrame([_sample(named[one.task], one, base) for one in kept], schema=SAMPLES)
    tables.check(samples, SAMPLES, "sample_id")
    lost = _dropped(drafts)
    tables.conserve(STAGE, len(drafts), samples.height, lost.height, 0)
    unfit = tables.ledger(
        pl.DataFrame([{"row_id": name, "rule": f"{STAGE}.demo_markers"} for task in tasks for name in task.unfit],
                     schema={"row_id": pl.String, "rule": pl.String}), f"{STAGE}/demos", "drop", "samples")  # fmt: skip
    spent = {task.name: sum(count(turns(task, one)) for one in kept if one.task == task.name) for task in tasks}
    facts = report(tasks, drafts, labels, wanted, spent, options, not_judged)
    if steering.plan is not None:
        facts["forgotten"] = steering.plan.forgotten.to_dicts()
    if steering.held_out_rows:
        pools = {task.name: [turns(task, one) for one in candidates if one.task == task.name] for task in tasks}
        buffers = {task.name: [turns(task, one) for one in kept if one.task == task.name] for task in tasks}
        facts["representation"] = representation(buffers, pools, steering, options, seed)
    return Synthesised(samples, pl.concat([lost, unfit]), facts)


def counter(options: RehearseOptions, tokens: Tokens | None) -> Callable[[Sequence[Turn]], int]:
    """What a row costs: its tokens where these are shared out, else 1.

    Raises:
        InputError: for a budget of tokens without a tokenizer.
    """
    if options.rows is not None:
        return lambda row: 1
    if tokens is None:
        raise InputError(f"rehearse option budget_tokens is {options.budget_tokens}, expected a tokenizer beside it")
    return tokens.count


def turns(task: Task, one: Draft) -> list[Turn]:
    """The conversation that an instance is trained on."""
    system = [{"role": "system", "content": task.system}] if task.system is not None else []
    return [*system, {"role": "user", "content": one.input}, {"role": "assistant", "content": one.text}]


def _sample(task: Task, one: Draft, base: Generator) -> dict[str, Any]:
    """A row of the buffer; its generation is the refinement's, with the instance's own beside it."""
    said = turns(task, one)
    content = {"prompt": said[:-1], "completion": said[-1:]}
    parents = [demo.id for demo in one.demos]
    generation = {"method": STAGE, **(one.refinement or {}), "instance": _instance(task, one, base)}
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


def _instance(task: Task, one: Draft, base: Generator) -> dict[str, Any]:
    template = prompts.load(f"few_shot.{task.language}")
    sampling = one.request.sampling
    return {
        "model": base.fingerprint,
        "adapter": one.request.adapter,
        "engine": base.name,
        "template": template.name,
        "template_hash": template.hash,
        "sampling": sampling.record(),
        "request": one.request.id,
        "sample": one.request.sample,
        "prompt_tokens": one.response.prompt_tokens,
        "tokens": len(one.response.token_ids),
        "finish_reason": one.response.finish_reason,
        "output": one.output,
    }


def _dropped(drafts: list[Draft]) -> pl.DataFrame:
    return ledger(
        [
            one.drop.event(STAGE, one.key, {"task": one.task, "text": one.response.text})
            for one in drafts
            if one.drop is not None
        ],
        STAGE,
    )
