"""Rows put into templates: the user's and the model's, each used as often as the others."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation import tables
from curation.checks import typed
from curation.checks.typed_result import folded
from curation.errors import InputError
from curation.model import Generator, Request, Sampling

from ...drop import Drop
from ...synthesised import Synthesised
from .. import own, parsed, plain
from ..account import accounted, sample
from ..attempt import Ask, Attempt, Source, attempted, language_of, source_of
from ..form import roles
from .options import MOST, MOST_INVERTED, TemplatesOptions
from .template import INVERTED, PLAIN, Form, read

METHOD = "templates"
ORIGIN = "template"
_COPIED = 24  # characters of an example from which a template that holds them repeats it


@dataclass(frozen=True)
class Row:
    """A row that templates are put around: what stands before its question, the question, the answer."""

    source: Source
    before: tuple[dict[str, str], ...]
    prompt: str
    completion: list[dict[str, str]]

    @property
    def answer(self) -> str | None:
        """The answer as one text, none where it is not one assistant's turn."""
        single = len(self.completion) == 1 and self.completion[0]["role"] == "assistant"
        return self.completion[0]["content"] if single else None

    @property
    def reversible(self) -> bool:
        """Whether an inverted template can ask for its question: one question, one answer, nothing before but rules."""
        return self.answer is not None and all(turn["role"] == "system" for turn in self.before)


@dataclass(frozen=True)
class Used:
    """A template of a task, and the request that it was written for, none for one of the user's."""

    form: Form
    attempt: Attempt | None


def templates(rows: pl.DataFrame, generator: Generator, options: TemplatesOptions, seed: int) -> Synthesised:
    """Put every row of a task into templates, in turn; the answers stay what they are.

    FLAN (arXiv 2109.01652, section 2.1): up to ten templates a task, up to three of them inverted, which show the
    answer and ask for the question. Templates of the model's are text around one value: whatever else it writes into
    one is refused.

    Args:
        rows: `synth.rows.ROWS`.
        generator: writes templates, where that is wanted.
        options: see `TemplatesOptions`.
        seed: of the order of rows and of everything drawn.

    Returns:
        Prompt and completion rows, `per_row` for each row (fewer where a task has fewer templates); a ledger row for
        each template that was refused and each row that is in none; the report with the use of every template.

    Raises:
        InputError: when there are no rows.
    """
    if not rows.height:
        raise InputError("templates: found no rows, expected at least one")
    tasks: dict[str, list[Row]] = {}
    for row in rows.iter_rows(named=True):
        tasks.setdefault(row["task"], []).append(_row(row))
    for found in tasks.values():
        found.sort(key=lambda row: tables.fingerprint([seed, row.source.id]))
    attempts = _ask(tasks, generator, options, seed)
    samples: dict[str, list[dict[str, Any]]] = {}
    unused: dict[str, Drop] = {}
    counted: dict[str, Counter[str]] = {}
    for task, found in sorted(tasks.items()):
        forms = _forms(found, attempts.get(task, []), options)
        counted[task] = _fill(task, found, forms, options, samples, unused)
    order = [source_of(row) for row in rows.iter_rows(named=True)]
    return accounted(
        METHOD,
        "prompt_completion",
        order,
        [attempt for task in sorted(attempts) for attempt, _ in attempts[task]],
        [one for source in order for one in samples.get(source.id, [])],
        unused,
        {"templates": {task: dict(sorted(counts.items())) for task, counts in sorted(counted.items())}},
    )


def _row(row: dict[str, Any]) -> Row:
    return Row(source_of(row), tuple(row["prompt"][:-1]), row["prompt"][-1]["content"], row["completion"])


def _ask(
    tasks: dict[str, list[Row]], generator: Generator, options: TemplatesOptions, seed: int
) -> dict[str, list[tuple[Attempt, str]]]:
    """Requests for templates of each task, with the value that each is to show."""
    guide = parsed.guide(("template",)) if options.guided else None
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed, guide=guide)
    asks: list[Ask] = []
    kinds: list[tuple[str, str]] = []
    for task, found in sorted(tasks.items()):
        shown = [row for row in found if row.answer is not None][: options.examples]
        if not shown:
            continue
        language = language_of("\n".join(row.prompt for row in shown), options.language)
        examples = [{"prompt": row.prompt, "completion": row.answer} for row in shown]
        for name, value, wanted in (
            ("write", PLAIN, options.write),
            ("invert", INVERTED, options.write_inverted),
        ):
            template = own.form(METHOD, name, language, options.forms)
            prompt = plain.prompt(template, {"examples": examples})
            name_of = parsed.named(METHOD, value, task, [row.source.id for row in shown])
            for number in range(wanted):
                asks.append(Ask(shown[0].source, Request(name_of, prompt, sampling, number), template))
                kinds.append((task, value))
    made: dict[str, list[tuple[Attempt, str]]] = {}
    for attempt, (task, value) in zip(attempted(asks, generator), kinds, strict=True):
        made.setdefault(task, []).append((attempt, value))
    return made


def _forms(rows: list[Row], attempts: list[tuple[Attempt, str]], options: TemplatesOptions) -> list[Used]:
    """The templates of a task: the user's, then the model's that can be used, as many as there may be.

    The model's inverted ones get their places first: there are three at most, and plain ones would take all ten.
    """
    ready = [(PLAIN, text) for text in options.plain] + [(INVERTED, text) for text in options.inverted]
    forms = [Used(read(text, value, "template"), None) for value, text in ready]
    for attempt, value in sorted(attempts, key=lambda one: one[1] != INVERTED):
        found = _written(attempt, value, rows, options)
        if isinstance(found, Form):
            same = any(used.form.template.text == found.template.text for used in forms)
            inverted = sum(used.form.inverted for used in forms)
            if same:
                found = Drop("duplicate", 1.0, 1.0, similarity=1.0, detail={"text": attempt.text})
            elif len(forms) >= MOST or (found.inverted and inverted >= MOST_INVERTED):
                found = Drop("over_limit", float(len(forms)), float(MOST), detail={"text": attempt.text})
            else:
                forms.append(Used(found, attempt))
        if isinstance(found, Drop):
            attempt.settle(found)
    return [*forms[: len(ready)], *sorted(forms[len(ready) :], key=lambda used: used.form.inverted)]


def _written(attempt: Attempt, value: str, rows: list[Row], options: TemplatesOptions) -> Form | Drop:
    """The template that an answer holds, or why there is none."""
    found = parsed.fields(attempt, ("template",))
    if isinstance(found, Drop):
        return found
    text = found["template"]
    try:
        form = read(text, value, "template")
    except InputError as error:
        return Drop("not_a_template", detail={"text": text, "found": str(error)})
    shown = [row for row in rows if row.answer is not None][: options.examples]
    for row in shown:
        for example in (row.prompt, row.answer or ""):
            if len(example) >= _COPIED and folded(example) in folded(text):
                return Drop("copies_example", detail={"text": text, "found": example})
    words = form.template.render({value: ""})
    checks = (roles(words), typed.check("language", shown[0].prompt, words), typed.check("repetition", "", words))
    failed = next((check for check in checks if not check.passed), None)
    return form if failed is None else Drop.failed(failed)


def _fill(
    task: str,
    rows: list[Row],
    forms: list[Used],
    options: TemplatesOptions,
    samples: dict[str, list[dict[str, Any]]],
    unused: dict[str, Drop],
) -> Counter[str]:
    """Put the rows of a task into its templates in turn, so that their counts differ by one at most."""
    counts: Counter[str] = Counter({used.form.template.name: 0 for used in forms})
    place = 0
    for row in rows:
        if not forms:
            unused[row.source.id] = Drop("no_template")
        elif any(used.form.inverted for used in forms) and not row.reversible:
            unused[row.source.id] = Drop("not_reversible", detail={"found": "expected one question and one answer"})
        else:
            for draw in range(min(options.per_row, len(forms))):
                used = forms[place % len(forms)]
                samples.setdefault(row.source.id, []).append(_sample(row, used, draw))
                counts[used.form.template.name] += 1
                place += 1
    for used in forms:
        if used.attempt is not None:
            needed = counts[used.form.template.name] > 0
            used.attempt.settle(None if needed else Drop("not_needed", detail={"text": used.attempt.text}))
    return counts


def _sample(row: Row, used: Used, draw: int) -> dict[str, Any]:
    form = used.form
    shown = row.answer if form.inverted else row.prompt
    asked = {"role": "user", "content": form.template.render({form.value: shown})}
    completion = [{"role": "assistant", "content": row.prompt}] if form.inverted else row.completion
    content = {"prompt": [*row.before, asked], "completion": completion}
    kind = {"text": form.template.text, "hash": form.template.hash, "inverted": form.inverted}
    if used.attempt is None:
        generation = tables.canonical_json({"method": METHOD, "wording": kind})
    else:
        generation = used.attempt.generation(METHOD, wording=kind)
    return sample(ORIGIN, row.source, content, generation, (), draw)
