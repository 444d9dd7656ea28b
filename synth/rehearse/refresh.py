"""A buffer that exists already, answered anew by a newer checkpoint."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from curation import tables
from curation.checks.typed_result import graded
from curation.errors import InputError
from curation.metrics.text import rouge_l_pairs
from curation.model import Generator, Request, Response, Sampling

from .. import held_out as held
from .. import likeness
from ..answers import answered
from ..drop import Drop
from ..script import hangul_share, has_letters
from ..synthesised import Synthesised
from .options import RehearseOptions
from .refine import generation_of, unusable

STAGE = "refresh"
SAMPLES = tables.samples_schema("prompt_completion")


def refresh(
    buffer: pl.DataFrame,
    latest: Generator,
    options: RehearseOptions,
    markers: Sequence[str] = (),
    held_out: held.Given = (),
) -> Synthesised:
    """Ask a newer model, greedily, for the answers of a buffer; rows that it answers in the same words stay.

    What is rehearsed is what the model does (SSR, arXiv 2403.01244, section 3.2), and that changes as it is trained.

    Args:
        buffer: samples of prompts and completions, of `rehearse` or any other method.
        latest: the newer checkpoint.
        options: `max_tokens` of an answer, `hangul_margin`, `min_consistency` with the answer that stood there.
        markers: of turns, as its template has them.
        held_out: prompts of the evaluation, or prompts and texts, which no row may repeat.

    Returns:
        As many rows, in the buffer's order, less those that repeat what is held out, of which each has a ledger row
        `refresh.held_out` (`drop`); they are not asked. One that is answered in the same words is the same row with
        the same id; one that is answered otherwise has a new id, names the old one among its parents, and the old one
        has a ledger row `refresh.replaced` (`edit`, with the new id and the old text); one whose new answer cannot be
        used stays as it is and has a ledger row with the reason (`fallback`).

    Raises:
        InputError: for a table that is no buffer of prompts and completions.
    """
    check(buffer)
    barred = held.repeats(likeness.turns(buffer), likeness.passages(buffer), held_out, options)
    rows = buffer.filter(~pl.col("sample_id").is_in(list(barred))).to_dicts()
    requests = [
        Request(f"{row['sample_id']}-refreshed", tuple((turn["role"], turn["content"]) for turn in row["prompt"]),
                Sampling(options.max_tokens))
        for row in rows
    ]  # fmt: skip
    responses = answered(requests, latest)
    told = [responses[request.id, 0] for request in requests]
    before = [row["completion"][0]["content"] for row in rows]
    answers = [response.text.strip() for response in told]
    agreement = [float(score) for score in rouge_l_pairs(before, answers)]
    repeated = _repeated(answers, held_out, options)
    made, fate = [], Counter[str]()
    events = [held_out_event(row, barred[name]) for row in buffer.to_dicts() if (name := row["sample_id"]) in barred]
    for row, old, request, response, alike, again in zip(
        rows, before, requests, told, agreement, repeated, strict=True
    ):
        drop = _refusal(old, response, alike, options, markers) or again
        if drop is not None:
            made.append(row)
            events.append(event(row, "fallback", drop.rule, drop.value, drop.threshold, drop.detail))
            fate[drop.rule] += 1
        elif response.text.strip() == old.strip():
            made.append(row)
            fate["unchanged"] += 1
        else:
            new = _replaced(row, request, response, latest, alike)
            made.append(new)
            detail = {"replaced_by": new["sample_id"], "text": old}
            events.append(event(row, "edit", "replaced", alike, None, detail))
            fate["replaced"] += 1
    samples = tables.check(pl.DataFrame(made, schema=SAMPLES), SAMPLES, "sample_id")
    tables.conserve(STAGE, buffer.height, samples.height, len(barred), 0)
    lost = [row["task"] for row in buffer.iter_rows(named=True) if row["sample_id"] in barred]
    return Synthesised(samples, ledger(events), summary(rows, samples, fate, told, agreement, lost))


def check(buffer: pl.DataFrame) -> None:
    """Refuse what is no buffer of prompts and completions.

    Raises:
        InputError: saying what was found.
    """
    if buffer.schema != SAMPLES:
        raise InputError(
            f"refresh: found columns {', '.join(buffer.columns)}, expected samples of prompt and completion"
        )
    if not buffer.height:
        raise InputError("refresh: found no rows, expected a buffer")
    for row in buffer.iter_rows(named=True):
        roles = [turn["role"] for turn in row["completion"]]
        if roles != ["assistant"] or row["prompt"][-1]["role"] != "user":
            found = f"row {row['sample_id']} ends with the turns {row['prompt'][-1]['role']}, {', '.join(roles)}"
            raise InputError(f"refresh: {found}, expected a question and one answer")


def _repeated(answers: Sequence[str], given: held.Given, options: RehearseOptions) -> list[Drop | None]:
    """Which new answers repeat a held-out text; a prompt they may say."""
    documents = likeness.numbered(answers)
    texts = held.HeldOut(texts=held.HeldOut.of(given).texts)
    found = {int(name): one for name, one in held.repeats(documents, documents, texts, options).items()}
    return [
        Drop("held_out", one.similarity, one.threshold, detail={"why": one.text}) if (one := found.get(at)) else None
        for at in range(len(answers))
    ]


def _refusal(
    old: str, response: Response, alike: float, options: RehearseOptions, markers: Sequence[str]
) -> Drop | None:
    """Why a new answer cannot take the place of the old one, if it cannot."""
    drop = unusable(response, markers)
    if drop is not None:
        return drop
    apart = (
        abs(hangul_share(response.text) - hangul_share(old)) if has_letters(response.text) and has_letters(old) else 0
    )
    if apart > options.hangul_margin:
        return Drop("language", apart, options.hangul_margin, detail={"why": response.text})
    if alike < options.min_consistency:
        return Drop("consistency", alike, options.min_consistency, detail={"why": response.text})
    return None


def _replaced(
    row: Mapping[str, Any], request: Request, response: Response, latest: Generator, alike: float
) -> dict[str, Any]:
    content = {
        "prompt": row["prompt"],
        "completion": [{"role": "assistant", "content": response.text.strip()}],
    }
    parents = [*dict.fromkeys([*row["parents"], row["sample_id"]])]
    before = json.loads(row["generation"]) if row["generation"] else {}
    generation = {"method": STAGE, **generation_of(request, response, latest, None), "replaces": row["sample_id"]}
    if "instance" in before:
        generation["instance"] = before["instance"]
    check = graded("consistency", alike, 0.0, "")
    checks = [one for one in row["checks"] if one["name"] != "consistency"]
    return {
        **row,
        **content,
        "sample_id": tables.sample_id(row["task"], row["origin"], content, parents),
        "parents": parents,
        "generation": tables.canonical_json(generation),
        "checks": [*checks, {"name": check.name, "score": check.score, "threshold": check.threshold,
                             "passed": check.passed}],
    }  # fmt: skip


_EVENTS = {name: tables.LEDGER[name] for name in ("row_id", "rule", "value", "threshold", "detail")}


def event(
    row: Mapping[str, Any], kind: str, rule: str, value: float | None, threshold: float | None, detail: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Action and columns of the ledger row of a row of the buffer."""
    said = tables.canonical_json(
        {key: part for key, part in {"task": row["task"], **detail}.items() if part is not None}
    )
    return kind, {
        "row_id": row["sample_id"],
        "rule": f"{STAGE}.{rule}",
        "value": value,
        "threshold": threshold,
        "detail": said,
    }


def held_out_event(row: Mapping[str, Any], one: likeness.Repeat) -> tuple[str, dict[str, Any]]:
    """The ledger row of one that repeats what is held out; the ledger alone still has what it said."""
    texts = {name: row[name] for name in ("text", "prompt", "completion") if name in row}
    said = {**texts, "repeats": one.text}
    return event(row, "drop", "held_out", one.similarity, one.threshold, said)


def ledger(events: Sequence[tuple[str, dict[str, Any]]]) -> pl.DataFrame:
    """The ledger of events by their action, as `event` makes them."""
    parts = [
        tables.ledger(pl.DataFrame([one for kind, one in events if kind == action], schema=_EVENTS),
                      STAGE, action, "samples")
        for action in ("drop", "edit", "fallback")
    ]  # fmt: skip
    return pl.concat(parts)


def summary(
    rows: list[dict[str, Any]],
    samples: pl.DataFrame,
    fate: Counter[str],
    told: list[Response],
    agreement: list[float],
    barred: list[str],
) -> dict[str, Any]:
    """What became of the rows that were left, and how many of each task repeat what is held out (`barred`)."""
    tasks: dict[str, dict[str, Any]] = {}
    for row, name in zip(rows, samples["sample_id"], strict=True):
        counted = tasks.setdefault(row["task"], {"rows": 0, "replaced": 0})
        counted["rows"] += 1
        counted["replaced"] += name != row["sample_id"]
    lost = Counter(barred)
    for task, number in lost.items():
        tasks.setdefault(task, {"rows": 0, "replaced": 0})["dropped"] = {"held_out": number}
    return {
        "requests": len(rows),
        "samples": samples.height,
        "dropped": {"held_out": lost.total()} if lost else {},
        "unchanged": fate["unchanged"],
        "replaced": fate["replaced"],
        "fallback": {name: number for name, number in sorted(fate.items()) if name not in ("unchanged", "replaced")},
        "agreement": sum(agreement) / len(agreement) if agreement else None,
        "tokens": {
            "prompt": sum(one.prompt_tokens for one in told),
            "generated": sum(len(one.token_ids) for one in told),
        },
        "tasks": {name: tasks[name] for name in sorted(tasks)},
    }
