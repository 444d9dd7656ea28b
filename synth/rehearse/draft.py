"""Instances that the base model makes up from few-shot lists, and what is known about each of them."""

from dataclasses import asdict, dataclass, field
from typing import Any

from curation import tables
from curation.checks.typed_result import CheckResult
from curation.model import Generator, Request, Response, Sampling

from .. import parse, prompts
from ..answers import answered
from ..drop import Drop
from .demos import Demo, Task, pairs
from .options import RehearseOptions


@dataclass
class Draft:
    """One request for an instance and what became of it.

    `input` and `output` are empty until the answer is parsed; `refined` until the latest model answered the input;
    `drop` is set by the first step that refuses the instance, and nothing is changed after that.
    """

    task: str
    demos: tuple[Demo, Demo]
    request: Request
    response: Response
    input: str = ""
    output: str = ""
    refined: str = ""
    refinement: dict[str, Any] | None = None
    checks: list[CheckResult] = field(default_factory=list)
    drop: Drop | None = None

    @property
    def key(self) -> str:
        """Id of the request and number of the sample: unique in a run, the same in every run."""
        return f"{self.request.id}-{self.request.sample}"

    @property
    def text(self) -> str:
        """The output to train on: the refined one, once there is one."""
        return self.refined or self.output


def draft(tasks: list[Task], base: Generator, options: RehearseOptions, seed: int) -> list[Draft]:
    """Ask the base model for instances of every task and parse its answers.

    All ordered pairs of demonstrations are shown (SSR, arXiv 2403.01244, section 3.1), or as many as the options say.

    Returns:
        One draft a request, those without an instance with the reason as `drop`, sorted by task and key.
    """
    asked: list[tuple[Task, tuple[Demo, Demo], Request]] = []
    sampling = Sampling(
        options.max_tokens,
        options.temperature,
        options.top_p,
        repetition_penalty=options.repetition_penalty,
        stop=(prompts.FEW_SHOT_STOP,),
        seed=seed,
    )
    for task in tasks:
        template = prompts.load(f"few_shot.{task.language}")
        for pair in pairs(task.demos, options.prompts_per_task):
            prompt = template.render({"demos": [asdict(demo) for demo in pair]})
            name = tables.fingerprint(["rehearse", task.name, *(demo.id for demo in pair)])
            asked.extend((task, pair, Request(name, prompt, sampling, n)) for n in range(options.samples))
    responses = answered([request for _, _, request in asked], base)
    drafts = []
    for task, pair, request in asked:
        one = Draft(task.name, pair, request, responses[request.id, request.sample])
        _parse(one, task.labels)
        drafts.append(one)
    return sorted(drafts, key=lambda one: (one.task, one.key))


def _parse(one: Draft, labels: parse.Labels) -> None:
    found = parse.instance(one.response, labels)
    if isinstance(found, parse.Rejected):
        one.drop = Drop(found.rule, detail={"why": found.detail})
    else:
        one.input, one.output = found.input, found.output
