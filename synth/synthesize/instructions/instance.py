"""Instances of an instruction: whether it is a classification, then input and output, the label first if it is one."""

from dataclasses import dataclass, field

from curation.checks.typed_result import CheckResult, folded
from curation.model import Generator, Guide, Request, Sampling

from ...drop import Drop
from .. import own, parsed, plain
from ..attempt import Ask, Attempt, attempted
from .checks import of_instance
from .options import InstructionsOptions
from .pool import Task

METHOD = "instructions"
_KINDS = {"en": ("yes", "no"), "ko": ("예", "아니요")}  # whether a task is a classification


@dataclass
class Instance:
    """An input and output of an instruction; `attempt` is the request that gave them."""

    attempt: Attempt
    input: str = ""
    output: str = ""
    checks: tuple[CheckResult, ...] = ()


@dataclass
class Made:
    """A request for an instruction, and what it became.

    Attributes:
        demos: what was shown.
        language: of the prompts.
        task: the instruction, once it is parsed and new.
        nearest: ROUGE-L with the most similar instruction of the pool.
        kind: the request that asked whether it is a classification, and what was answered.
    """

    demos: list[Task]
    language: str
    attempt: Attempt
    task: Task | None = None
    nearest: float = 0.0
    checks: tuple[CheckResult, ...] = ()
    kind: Attempt | None = None
    classification: bool | None = None
    instances: list[Instance] = field(default_factory=list)

    def attempts(self) -> list[Attempt]:
        """Every request that was made for it."""
        own = [self.attempt, *([self.kind] if self.kind is not None else [])]
        return own + [one.attempt for one in self.instances if one.attempt is not self.attempt]


def complete(made: list[Made], generator: Generator, options: InstructionsOptions, seed: int) -> None:
    """Give every instruction its instances; those that have none are dropped.

    Self-Instruct (arXiv 2212.10560, section 2.2): input first, or for a classification the label first, since a model
    that writes inputs first writes those of one label.
    """
    _kinds(made, generator, options, seed)
    left = [one for one in made if one.classification is not None]
    asks: list[Ask] = []
    owners: list[Made] = []
    for one in left:
        assert one.task is not None
        names = ("output", "input") if one.classification else ("input", "output")
        name = "label" if one.classification else "instance"
        template = own.form(METHOD, name, one.language, options.templates)
        sampling = _sampling(options, seed, parsed.guide(names) if options.guided else None)
        prompt = plain.prompt(template, {"instruction": one.task.text})
        for number in range(options.instances):
            request = Request(parsed.named(METHOD, name, one.attempt.key), prompt, sampling, number)
            asks.append(Ask(one.task.source, request, template))
            owners.append(one)
    for one, attempt in zip(owners, attempted(asks, generator), strict=True):
        one.instances.append(Instance(attempt))
    for one in left:
        _read(one)


def _kinds(made: list[Made], generator: Generator, options: InstructionsOptions, seed: int) -> None:
    """Ask of every instruction whether it is a classification; one answer of two words, anything else drops it."""
    asks = []
    for one in made:
        assert one.task is not None
        template = own.form(METHOD, "kind", one.language, options.templates)
        guide = Guide(choice=_KINDS[one.language]) if options.guided else None
        request = Request(
            parsed.named(METHOD, "kind", one.attempt.key),
            plain.prompt(template, {"instruction": one.task.text}),
            Sampling(16, seed=seed, guide=guide),
        )
        asks.append(Ask(one.task.source, request, template))
    for one, attempt in zip(made, attempted(asks, generator), strict=True):
        one.kind = attempt
        fault = parsed.whole(attempt)
        said = folded(attempt.text).strip(" .。!\"'")
        yes, no = _KINDS[one.language]
        if fault is not None or said not in (yes, no):
            attempt.settle(fault or Drop("kind_unread", detail=parsed.said(attempt.text)))
            one.attempt.settle(Drop("no_kind", detail={"text": one.task.text if one.task else ""}))
        else:
            one.classification = said == yes


def _sampling(options: InstructionsOptions, seed: int, guide: Guide | None) -> Sampling:
    return Sampling(
        options.max_tokens,
        options.temperature,
        options.top_p,
        repetition_penalty=options.repetition_penalty,
        seed=seed,
        guide=guide,
    )


def _read(one: Made) -> None:
    """Parse and check the instances of an instruction; equal inputs count once, the first."""
    assert one.task is not None
    seen: dict[str, str] = {}
    for each in one.instances:
        found = parsed.fields(each.attempt, ("input", "output"), may_be_empty=() if one.classification else ("input",))
        if isinstance(found, Drop):
            each.attempt.settle(found)
            continue
        each.input, each.output = found["input"], found["output"]
        each.checks = of_instance(one.task.text, each.input, each.output)
        failed = next((check for check in each.checks if not check.passed), None)
        first = seen.setdefault(folded(each.input), each.attempt.key)
        if failed is not None:
            each.attempt.settle(Drop.failed(failed))
        elif first != each.attempt.key:
            each.attempt.settle(Drop("same_input", 1.0, 1.0, first, 1.0, {"text": each.attempt.text}))
        else:
            each.attempt.settle(None)
    kept = any(each.attempt.used for each in one.instances)
    without = Drop("no_instance", detail={"text": one.task.text})
    for attempt in (one.attempt, one.kind):
        if attempt is not None:
            attempt.settle(None if kept else without)
