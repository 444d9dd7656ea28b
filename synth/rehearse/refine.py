"""Outputs written anew by the latest model, greedily: what is rehearsed is what the model does, not what it drew."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from curation.checks import typed
from curation.checks.typed_result import graded
from curation.metrics.text import rouge_l_pairs
from curation.model import Generator, Request, Response, Sampling

from .. import parse, prompts
from ..answers import answered
from ..drop import Drop
from ..prompts import Template
from ..script import hangul_share, has_letters
from .demos import Task
from .draft import Draft
from .filters import outside
from .markers import role_marker
from .options import RehearseOptions


def refine(
    tasks: list[Task], drafts: list[Draft], latest: Generator, options: RehearseOptions, markers: Sequence[str] = ()
) -> None:
    """Ask the latest model for the output of every instance that is left, and drop those it gives no whole answer to.

    SSR (arXiv 2403.01244, section 3.2), but before the selection, so that an instance without a usable output costs
    no row. The made-up output is compared with the refined one (check `consistency`) before it is forgotten.
    """
    left = [one for one in drafts if one.drop is None]
    named = {task.name: task for task in tasks}
    listed = {task.name: prompts.load(f"few_shot_answer.{task.language}") for task in tasks}
    templates = [listed[one.task] if options.refine == "list" else None for one in left]
    requests = [
        _request(named[one.task], one, template, options) for one, template in zip(left, templates, strict=True)
    ]
    responses = answered(requests, latest)
    agreement = [float(score) for score in rouge_l_pairs([one.output for one in left], _texts(requests, responses))]
    for one, template, request, likeness in zip(left, templates, requests, agreement, strict=True):
        response = responses[request.id, request.sample]
        one.refinement = generation_of(request, response, latest, template)
        one.drop = _refusal(named[one.task], one, response, likeness, options, markers)
        if one.drop is None:
            one.refined = response.text.strip()
            one.checks.append(graded("consistency", likeness, options.min_consistency, f"made up: {one.output!r}"))


def _request(task: Task, one: Draft, template: Template | None, options: RehearseOptions) -> Request:
    name = f"{one.key}-refined"
    if template is None:
        system = (("system", task.system),) if task.system is not None else ()
        return Request(name, (*system, ("user", one.input)), Sampling(options.max_tokens))
    shown = template.render({"demos": [asdict(demo) for demo in one.demos], "input": one.input})
    return Request(name, shown, Sampling(options.max_tokens, stop=(prompts.FEW_SHOT_STOP,)))


def _texts(requests: list[Request], responses: dict[tuple[str, int], Response]) -> list[str]:
    return [responses[request.id, request.sample].text for request in requests]


def _refusal(
    task: Task, one: Draft, response: Response, likeness: float, options: RehearseOptions, markers: Sequence[str]
) -> Drop | None:
    """Why a refined output is not usable, if it is not."""
    text = response.text.strip()
    found = unusable(response, markers)
    if found is not None:
        return Drop(f"refine.{found.rule}", found.value, found.threshold, detail=found.detail)
    if options.refine == "list" and not parse.listable(text, task.labels):
        return Drop("refine.several_instances", detail={"why": text})
    shares = [hangul_share(demo.output) for demo in task.demos]
    distance = outside(hangul_share(text), shares) if has_letters(text) else 0.0
    if distance > options.hangul_margin:
        return Drop("refine.language", distance, options.hangul_margin, detail={"why": text})
    if likeness < options.min_consistency:
        return Drop("refine.consistency", likeness, options.min_consistency, detail={"why": text})
    return None


def unusable(response: Response, markers: Sequence[str] = ()) -> Drop | None:
    """Why an answer can stand in no row, whatever was asked: not made, cut off, empty, with a turn's mark, a loop."""
    text = response.text.strip()
    if response.finish_reason == "refused":
        return Drop("refused", detail={"why": response.error})
    if response.finish_reason != "stop":
        return Drop("truncated", detail={"why": f"ended by {response.finish_reason!r}"})
    if not text:
        return Drop("empty")
    if (marker := role_marker(text, markers)) is not None:
        return Drop("role_marker", detail={"why": marker})
    loop = typed.check("repetition", "", text)
    return None if loop.passed else Drop("repetition", loop.score, loop.threshold, detail={"why": text})


def generation_of(request: Request, response: Response, latest: Generator, template: Template | None) -> dict[str, Any]:
    """How an answer came about, for the `generation` of a sample."""
    return {
        "model": latest.fingerprint,
        "adapter": request.adapter,
        "engine": latest.name,
        "template": template.name if template else None,
        "template_hash": template.hash if template else None,
        "sampling": request.sampling.record(),
        "request": request.id,
        "sample": request.sample,
        "prompt_tokens": response.prompt_tokens,
        "tokens": len(response.token_ids),
        "finish_reason": response.finish_reason,
    }
