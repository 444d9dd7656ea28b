"""Reasoning paths: a chain of thought in one answer, or a question taken apart and solved part by part."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import re2

from curation.model import Generator, Guide, Request, Sampling

from ...drop import Drop
from ...parse import Rejected
from ...prompts import Template
from .. import own
from ..attempt import Ask, Attempt, attempted, draws, language_of
from ..own import own_template
from ..problem import Problem, judge_form
from .options import ReasoningOptions

_PART = re2.compile(r"^\s*(\d{1,2})[.)]\s+(\S.*?)\s*$")


@dataclass
class Path:
    """One way from a question to an answer: its requests, the last of which gives the answer.

    Attributes:
        parts: sub-questions with their answers, in order; none for a chain of thought.
        key: the value of its answer, none until it is read, or where it cannot be.
    """

    problem: Problem
    number: int
    attempts: list[Attempt] = field(default_factory=list)
    questions: tuple[str, ...] = ()
    parts: list[tuple[str, str]] = field(default_factory=list)
    answer: str | None = None
    key: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a request of it failed."""
        return any(attempt.drop is not None for attempt in self.attempts)

    @property
    def text(self) -> str:
        """What would be trained on: the solved parts in order, then the last answer."""
        solved = [f"{number}. {question}\n{answer}" for number, (question, answer) in enumerate(self.parts, 1)]
        return "\n\n".join([*solved, self.attempts[-1].text])

    def settle(self, drop: Drop | None) -> None:
        """Use every request of the path or drop them all; those before one that failed are `abandoned`."""
        because = next((attempt.drop for attempt in self.attempts if attempt.drop is not None), None)
        if because is not None:
            drop = Drop("abandoned", detail={"because": because.rule})
        for attempt in self.attempts:
            attempt.settle(drop)


def chains(problems: Sequence[Problem], generator: Generator, options: ReasoningOptions, seed: int) -> list[Path]:
    """Chain-of-thought paths (Wei et al., arXiv 2201.11903, zero-shot by Kojima et al., 2205.11916)."""
    owners: list[Problem] = []
    asks: list[Ask] = []
    for one in problems:
        template = _template("step_by_step", one, options)
        if options.template is not None:
            template = own_template(options.template, ("question",), "reasoning option template")
        prompt = one.about(template, {"question": one.item.question})
        request = Request(f"{one.source.id}/reasoning", prompt, _sampling(options, seed))
        asks += draws(Ask(one.source, request, template), options.samples)
        owners += [one] * options.samples
    paths = []
    for one, attempt in zip(owners, attempted(asks, generator), strict=True):
        judge_form(attempt, one, options.min_language)
        paths.append(Path(one, attempt.ask.request.sample, [attempt]))
    return paths


def least_to_most(
    problems: Sequence[Problem], generator: Generator, options: ReasoningOptions, seed: int
) -> list[Path]:
    """Paths that take the question apart, then solve the parts in order (Zhou et al., arXiv 2205.10625, section 2).

    Each part is asked with the parts solved before it in view; the last is the question itself. All rows go on
    together, so that there is one call of the engine for each place in the order.
    """
    asks, owners = [], []
    for one in problems:
        template = _template("decompose", one, options)
        prompt = one.about(template, {"question": one.item.question, "most": options.max_parts})
        sampling = _sampling(options, seed)
        if options.guided:
            sampling = replace(sampling, guide=Guide(regex=part_list(options.max_parts)))
        request = Request(f"{one.source.id}/decompose", prompt, sampling)
        asks += draws(Ask(one.source, request, template), options.samples)
        owners += [one] * options.samples
    paths = []
    for one, attempt in zip(owners, attempted(asks, generator), strict=True):
        path = Path(one, attempt.ask.request.sample, [attempt])
        if judge_form(attempt, one, 0.0):
            found = sub_questions(attempt.text, options.max_parts)
            if isinstance(found, Rejected):
                attempt.drop = Drop(found.rule, detail={"found": found.detail})
            else:
                path.questions = (*found, one.item.question)
        paths.append(path)
    for place in range(options.max_parts + 1):
        left = [path for path in paths if not path.failed and place < len(path.questions)]
        answers = attempted([_solve(path, place, options, seed) for path in left], generator)
        for path, attempt in zip(left, answers, strict=True):
            path.attempts.append(attempt)
            whole = judge_form(attempt, path.problem, options.min_language)
            if whole and place < len(path.questions) - 1:
                path.parts.append((path.questions[place], attempt.text))
    return paths


def sub_questions(text: str, most: int) -> tuple[str, ...] | Rejected:
    """The parts of a question, from a list numbered from 1 with one part a line and nothing else.

    Returns:
        The parts, or `no_parts` or `too_many_parts`.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    matches = [_PART.match(line) for line in lines]
    found = [(int(match.group(1)), match.group(2)) for match in matches if match is not None]
    if len(found) < len(lines) or [number for number, _ in found] != list(range(1, len(lines) + 1)):
        return Rejected("no_parts", "expected one part a line, numbered from 1, and nothing else")
    if len(found) > most:
        return Rejected("too_many_parts", f"{len(found)} parts, expected at most {most}")
    return tuple(part for _, part in found)


def part_list(most: int) -> str:
    """A pattern of the lists that `sub_questions` reads: 1 to `most` lines, numbered from 1."""
    pattern = ""
    for number in range(most, 0, -1):
        pattern = rf"{number}\. [^\s][^\n]*" + (rf"(\n{pattern})?" if pattern else "")
    return pattern


def _solve(path: Path, place: int, options: ReasoningOptions, seed: int) -> Ask:
    one = path.problem
    template = _template("solve", one, options)
    values = {
        "question": one.item.question,
        "solved": [{"question": asked, "answer": answer} for asked, answer in path.parts],
        "part": path.questions[place],
        "last": place == len(path.questions) - 1,
    }
    name = f"{one.source.id}/solve-{place}"
    request = Request(name, one.about(template, values), _sampling(options, seed), path.number)
    return Ask(one.source, request, template)


def _template(name: str, problem: Problem, options: ReasoningOptions) -> Template:
    return own.form("reasoning", name, language_of(problem.item.question, options.language), options.templates)


def _sampling(options: ReasoningOptions, seed: int) -> Sampling:
    return Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed)
