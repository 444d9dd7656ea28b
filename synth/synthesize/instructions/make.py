"""Self-Instruct: rounds of new instructions from those of people and of earlier rounds, then instances of each."""

from collections import Counter
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from curation import tables
from curation.checks.typed_result import graded
from curation.errors import InputError
from curation.metrics.text import rouge_l_matrix
from curation.model import Generator, Request, Sampling

from ... import parse, prompts
from ...drop import Drop
from ...synthesised import Synthesised
from .. import own, parsed, plain
from ..account import accounted, sample
from ..attempt import Ask, attempted, language_of, source_of
from .checks import of_instance, of_instruction
from .instance import METHOD, Instance, Made, complete
from .options import InstructionsOptions
from .pool import Pool, Task, read

ORIGIN = "instruction"


def instructions(rows: pl.DataFrame, generator: Generator, options: InstructionsOptions, seed: int) -> Synthesised:
    """Make up new instructions from those of the rows, and instances of them.

    Self-Instruct (arXiv 2212.10560, section 2): eight demonstrations, six of people's and two made ones; what is too
    like any of the pool by ROUGE-L is dropped, with tokens that read Korean by syllables; whether a task is a
    classification is asked, and then its label is written before its input.

    Args:
        rows: `synth.rows.ROWS`: the last turn of a prompt is an instruction.
        generator: writes instructions and instances.
        options: see `InstructionsOptions`.
        seed: of everything drawn.

    Returns:
        Prompt and completion rows whose parents are the people's rows that were shown; a ledger row for each request
        that is in none, and each row that no sample was made from; the report by round.

    Raises:
        InputError: when there are fewer than two rows that can be shown.
    """
    pool, unused = read(rows, options, seed)
    if len(pool.human) < 2:
        raise InputError(f"instructions: found {len(pool.human)} rows of one instruction to show, expected at least 2")
    every: list[Made] = []
    rounds: list[dict[str, int]] = []
    while len(rounds) < options.rounds and len(pool.made) < options.wanted:
        made = _ask(pool, generator, options, seed, len(rounds))
        _new(made, pool, options)
        every += made
        rounds.append({"requests": len(made), "new": sum(one.task is not None for one in made)})
    left = [one for one in every if one.task is not None]
    if options.form == "chat":
        complete(left, generator, options, seed)
    else:
        for one in left:
            one.attempt.settle(None)
    attempts = [attempt for one in every for attempt in one.attempts()]
    drawn: Counter[str] = Counter()
    samples = [row for one in left if one.attempt.used for row in _samples(one, drawn)]
    sources = [source_of(row) for row in rows.iter_rows(named=True)]
    found = accounted(METHOD, "prompt_completion", sources, attempts, samples, unused, _report(every, rounds, options))
    return replace(found, samples=found.samples.sort("sample_id"))


def _ask(pool: Pool, generator: Generator, options: InstructionsOptions, seed: int, round_: int) -> list[Made]:
    """The requests of a round, with their answers."""
    guide = parsed.guide(("instruction",)) if options.guided and options.form == "chat" else None
    stop = (prompts.FEW_SHOT_STOP,) if options.form == "list" else ()
    sampling = Sampling(
        options.max_tokens,
        options.temperature,
        options.top_p,
        repetition_penalty=options.repetition_penalty,
        stop=stop,
        seed=seed,
        guide=guide,
    )
    asks: list[Ask] = []
    kinds: list[tuple[list[Task], str]] = []
    for number in range(round_ * options.requests, (round_ + 1) * options.requests):
        demos = pool.shown(options, number)
        language = language_of("\n".join(task.text for task in demos), options.language)
        if options.form == "list":
            template = prompts.load("few_shot.en")
            shown = [{"input": plain.plain(task.text), "output": plain.plain(task.output)} for task in demos]
            prompt: Any = template.render({"demos": shown})
        else:
            template = own.form(METHOD, "ask", language, options.templates)
            prompt = plain.prompt(template, {"shown": [task.text for task in demos]})
        name = parsed.named(METHOD, "ask", number, [task.source.id for task in demos])
        human = next(task for task in demos if task.human)
        asks.append(Ask(human.source, Request(name, prompt, sampling), template))
        kinds.append((demos, language))
    found = attempted(asks, generator)
    return [Made(demos, language, one) for (demos, language), one in zip(kinds, found, strict=True)]


def _new(made: list[Made], pool: Pool, options: InstructionsOptions) -> None:
    """Parse the instructions of a round and take the new ones into the pool, in the order of the requests."""
    texts: list[tuple[Made, str, str]] = []
    for one in made:
        found = _read(one, options)
        if isinstance(found, Drop):
            one.attempt.settle(found)
            continue
        text, output = found
        one.checks = of_instruction(text, one.demos, options)
        if options.form == "list":
            one.checks += of_instance(text, "", output)
        failed = next((check for check in one.checks if not check.passed), None)
        if failed is not None:
            one.attempt.settle(Drop.failed(failed))
        else:
            texts.append((one, text, output))
    known, scores = pool.nearest([text for _, text, _ in texts])
    among = rouge_l_matrix([text for _, text, _ in texts], [text for _, text, _ in texts])
    taken: list[int] = []
    for place, (one, text, output) in enumerate(texts):
        rivals = [(float(scores[at, place]), task.source.id) for at, task in enumerate(known)]
        rivals += [(float(among[at, place]), texts[at][0].attempt.key) for at in taken]
        likeness, nearest = max(rivals, key=lambda pair: pair[0])
        one.nearest = likeness
        novel = graded("novelty", -likeness, -options.max_rouge, f"ROUGE-L {likeness:.2f} with {nearest}")
        one.checks += (novel,)
        if not novel.passed:
            one.attempt.settle(Drop("not_new", likeness, options.max_rouge, nearest, likeness, {"text": text}))
        elif len(pool.made) >= options.wanted:
            one.attempt.settle(Drop("over_wanted", detail={"text": text}))
        else:
            one.task = Task(one.attempt.source, text, output, False)
            pool.made.append(one.task)
            taken.append(place)
            if options.form == "list":
                one.instances.append(Instance(one.attempt, "", output))


def _read(one: Made, options: InstructionsOptions) -> tuple[str, str] | Drop:
    """The instruction in an answer, and its output where a list was gone on with."""
    if options.form == "chat":
        found = parsed.fields(one.attempt, ("instruction",))
        return found if isinstance(found, Drop) else (found["instruction"], "")
    if one.attempt.drop is not None:
        return one.attempt.drop
    given = parse.instance(one.attempt.response)
    if isinstance(given, parse.Rejected):
        return Drop(given.rule, detail={"found": given.detail})
    return given.input, given.output


def _samples(one: Made, drawn: Counter[str]) -> list[dict[str, Any]]:
    """The rows of an instruction; `drawn` counts those of equal content and parents, so that their ids differ."""
    assert one.task is not None
    parents = [task.source.id for task in one.demos if task.human]
    rows = []
    for each in one.instances:
        if not each.attempt.used:
            continue
        asked = "\n\n".join(text for text in (one.task.text, each.input) if text)
        content = {
            "prompt": [{"role": "user", "content": asked}],
            "completion": [{"role": "assistant", "content": each.output}],
        }
        known = {"instruction": one.attempt.key, "classification": one.classification}
        generation = each.attempt.generation(METHOD, **known)
        same = tables.fingerprint([content, parents])
        draw = drawn[same]
        drawn[same] += 1
        made = sample(ORIGIN, one.attempt.source, content, generation, one.checks + each.checks, draw)
        name = tables.sample_id(ORIGIN, ORIGIN, content, parents, draw)
        rows.append({**made, "sample_id": name, "task": ORIGIN, "parents": parents})
    return rows


def _report(every: list[Made], rounds: list[dict[str, int]], options: InstructionsOptions) -> dict[str, Any]:
    compared = [one.nearest for one in every if any(check.name == "novelty" for check in one.checks)]
    kinds = [one.classification for one in every if one.classification is not None]
    new = sum(one.task is not None for one in every)
    return {
        "rounds": {str(number): counts for number, counts in enumerate(rounds, start=1)},
        "instructions": {"wanted": options.wanted, "new": new, "used": sum(one.attempt.used for one in every)},
        "shortfall": max(0, options.wanted - new),
        "rouge_l": {"compared": len(compared), "median": median(compared) if compared else None},
        "classifications": {"of": len(kinds), "share": float(np.mean(kinds)) if kinds else None},
    }
