"""The rehearse job: what a model could do before, from demonstrations, from the model alone, refreshed or real."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.errors import InputError

from ..digests import FileDigests
from ..run import Run
from ..settings import RehearseSettings
from .engine import Named, answering_model, opened
from .inputs import data_of, task_files
from .output import Output, Outputs
from .samples import sampled, write

if TYPE_CHECKING:
    import polars as pl

    from synth.held_out import HeldOut
    from synth.rehearse import ModelTokens, RehearseOptions, Steering
    from synth.rows import Loaded
    from synth.synthesised import Synthesised

PATHS = ("demos", "refresh", "adaptive", "old", "held_out_rows")  # what is read, beside models and task files


def rehearse(run: Run, step: str, settings: RehearseSettings, outputs: Outputs) -> Output:
    """Make the rehearsal buffer of a step.

    Raises:
        InputError: for bad input.
    """
    base, base_digest = answering_model(settings.model, settings.engine, outputs)
    latest, latest_digest = answering_model(settings.refine_with or settings.model, settings.engine, outputs)
    digests = FileDigests(run)
    named = {
        "demos": settings.demos,
        "refresh": [] if settings.refresh is None else [settings.refresh],
        "adaptive": [] if settings.adaptive is None else [settings.adaptive.file],
        "old": settings.real.files,
        "held_out_rows": settings.real.held_out,
    }
    sources = {name: [data_of(text, outputs, digests) for text in named[name]] for name in PATHS}
    held_out = task_files(settings.held_out, digests)
    read = [digest for name in PATHS for _, _, found in sources[name] for digest in found]
    inputs = [base_digest, latest_digest, *read, *held_out]
    config = settings.model_dump(mode="json", exclude={"model", "refine_with", "demos", "held_out", "refresh"})
    config["adaptive"] = None if settings.adaptive is None else settings.adaptive.model_dump(exclude={"file"})
    config["real"] = None
    # Which of the inputs they are.
    config["read"] = {**{name: sum(len(found) for _, _, found in sources[name]) for name in PATHS},
                      "held_out": len(held_out)}  # fmt: skip
    paths = {name: [str(path) for path, _, _ in sources[name]] for name in PATHS}
    return sampled(run, step, "rehearse", config, inputs, _rehearse, settings, run.seed, base, latest, paths)


def _rehearse(
    folder: Path,
    step: str,
    settings: RehearseSettings,
    seed: int,
    base: str,
    latest: str,
    paths: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """In the child: read, open the engines one after the other, write; the report."""
    from curation import tables
    from synth.rehearse import ModelTokens
    from synth.rows import ROWS

    from .held_out import held_out

    held = held_out(settings.held_out)
    tokens = ModelTokens(Path(latest)) if Path(latest).is_dir() else None
    work = _Work(folder, step, settings, seed, base, latest, tokens, held)
    read = tables.empty(ROWS), tables.empty(tables.LEDGER), 0
    if settings.mode == "refresh":
        made, counts, used = work.refreshed(paths["refresh"][0])
    elif settings.mode == "replay":
        made, counts = work.replayed()
        used = read[0]
    else:
        loaded = _rows(paths["demos"] if settings.mode == "rehearse" else paths["old"], settings.mode)
        steering = work.steering(loaded, paths)
        made, counts = work.rehearsed(loaded, steering) if settings.mode == "rehearse" else work.kept(loaded, steering)
        read, used = (loaded.rows, loaded.ledger, loaded.records), loaded.rows
    write(folder, step, "rehearse", used, made.samples, [read[1], made.ledger])
    return {
        "mode": settings.mode,
        **made.report,
        "records": read[2],
        "damaged": read[1].height,
        "held_out": len(held),
        **counts,
    }


class _Work:
    """One step's work in the child: settings and what is read once."""

    def __init__(
        self,
        folder: Path,
        step: str,
        settings: RehearseSettings,
        seed: int,
        base: str,
        latest: str,
        tokens: "ModelTokens | None",
        held_out: "HeldOut",
    ) -> None:
        self.folder, self.step, self.settings, self.seed = folder, step, settings, seed
        self.base, self.latest, self.tokens, self.held_out = base, latest, tokens, held_out

    def options(self) -> "RehearseOptions":
        from synth.rehearse import RehearseOptions

        names = ("per_task", "budget_tokens", "selection", "demos_per_task", "prompts_per_task", "samples",
                 "temperature", "top_p", "repetition_penalty", "max_tokens", "refine", "language", "clusters",
                 "outliers", "long_words", "near_duplicate", "max_rouge", "max_length_ratio",
                 "min_consistency")  # fmt: skip
        given = {name: getattr(self.settings, name) for name in names}
        if self.settings.baseline is not None:
            given["selection"] = "nearest" if self.settings.baseline == "kmeans" else self.settings.baseline
        return RehearseOptions(**given)

    def steering(self, loaded: "Loaded", paths: Mapping[str, Sequence[str]]) -> "Steering":
        from synth.rehearse import Steering, plan

        tasks = sorted(loaded.rows["task"].unique())
        planned = None
        if self.settings.adaptive is not None:
            evaluation = _evaluation(paths["adaptive"][0])
            items = _items(self.settings.held_out)
            try:
                planned = plan(evaluation, items, tasks, self.settings.adaptive.options())
            except InputError as error:
                raise InputError(f"{paths['adaptive'][0]}: {error}") from None
        old = _by_task(paths["old"]) if paths["old"] else {}
        held_out = _by_task(paths["held_out_rows"]) if paths["held_out_rows"] else {}
        return Steering(self.tokens, planned, held_out, old)

    def rehearsed(self, loaded: "Loaded", steering: "Steering") -> "tuple[Synthesised, dict[str, int]]":
        from synth.rehearse import draft, finish, tasks_of

        options, seed = self.options(), self.seed
        if options.refine == "chat" and self.tokens is not None and not self.tokens.chats:
            raise InputError(f"{self.latest}: the tokenizer has no chat template, expected one to ask for outputs "
                             "with, or refine: list")  # fmt: skip
        tasks = tasks_of(_split(loaded.rows), options, seed)
        with opened(self.folder, f"{self.step}: instances", self.base, self.settings.engine) as engine:
            drafts = draft(tasks, engine, options, seed)
            if self.latest == self.base:
                made = finish(tasks, drafts, engine, engine, options, seed, self.held_out, steering)
            counts = {"generated": engine.generated, "cached": engine.hits}
            named = Named(engine.name, engine.fingerprint)
        if self.latest != self.base:  # one model at a time: two would not share a small machine's memory
            with opened(self.folder, f"{self.step}: answers", self.latest, self.settings.engine) as engine:
                made = finish(tasks, drafts, named, engine, options, seed, self.held_out, steering)
                counts = {"generated": counts["generated"] + engine.generated, "cached": counts["cached"] + engine.hits}
        return made, counts

    def kept(self, loaded: "Loaded", steering: "Steering") -> "tuple[Synthesised, dict[str, int]]":
        from synth.rehearse import keep_real

        made = keep_real(_split(loaded.rows), self.options(), self.seed, self.held_out, steering)
        return made, {"generated": 0, "cached": 0}

    def replayed(self) -> "tuple[Synthesised, dict[str, int]]":
        from synth.rehearse.replay import drawn, settled

        if self.tokens is None:
            raise InputError(f"{self.latest}: no model folder, expected one: replay needs the model's tokenizer")
        settings, seed = self.settings, self.seed
        options = replace(
            settings.replay,
            rows=settings.per_task or settings.replay.rows,
            budget_tokens=settings.budget_tokens or settings.replay.budget_tokens,
        )
        with opened(self.folder, f"{self.step}: samples", self.base, settings.engine) as engine:
            pieces = drawn(engine, self.tokens, options, seed)
            if self.latest == self.base or options.kind == "text":
                made = settled(pieces, engine, engine, self.tokens, options, seed, self.held_out)
            counts = {"generated": engine.generated, "cached": engine.hits}
            named = Named(engine.name, engine.fingerprint)
        if self.latest != self.base and options.kind == "chat":
            with opened(self.folder, f"{self.step}: answers", self.latest, settings.engine) as engine:
                made = settled(pieces, named, engine, self.tokens, options, seed, self.held_out)
                counts = {"generated": counts["generated"] + engine.generated, "cached": counts["cached"] + engine.hits}
        return made, counts

    def refreshed(self, path: str) -> "tuple[Synthesised, dict[str, int], pl.DataFrame]":
        from synth.rehearse import refresh, renew
        from synth.rehearse.refresh import check
        from synth.rehearse.renew import check as check_texts

        buffer = _tables(path, "a buffer that rehearse wrote")
        texts = "text" in buffer.columns
        try:
            (check_texts if texts else check)(buffer)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if name := self.settings.unread(texts):
            kind = "texts, which replay's settings are for" if texts else "prompts and answers, which replay is not for"
            raise InputError(f"{path}: {name} is set, expected it unset to refresh a buffer of {kind}")
        if texts and self.tokens is None:
            raise InputError(f"{self.latest}: no model folder, expected one: texts are refreshed by its tokenizer")
        markers = self.tokens.markers if self.tokens else ()
        with opened(self.folder, f"{self.step}: answers", self.latest, self.settings.engine) as engine:
            if texts and self.tokens is not None:
                made = renew(buffer, engine, self.tokens, self.settings.replay, self.seed, self.held_out)
            else:
                made = refresh(buffer, engine, self.options(), markers, self.held_out)
            return made, {"generated": engine.generated, "cached": engine.hits}, buffer


def _rows(paths: Sequence[str], mode: str) -> "Loaded":
    from synth import rows

    loaded = rows.load([Path(path) for path in paths], "rehearsal")
    if not loaded.rows.height:
        what = "demonstration" if mode == "rehearse" else "row of old data"
        raise InputError(f"{', '.join(paths)}: no {what} found, expected rows of prompt, completion and task")
    return loaded


def _by_task(paths: Sequence[str]) -> "dict[str, pl.DataFrame]":
    return _split(_rows(paths, "real").rows)


def _split(rows: "pl.DataFrame") -> "dict[str, pl.DataFrame]":
    return {str(name): frame for (name,), frame in rows.partition_by("task", as_dict=True).items()}


def _tables(path: str, expected: str) -> "pl.DataFrame":
    """All rows of a Parquet file, or of those in a folder in the order of their names."""
    import polars as pl

    place = Path(path)
    files = sorted(place.rglob("*.parquet")) if place.is_dir() else [place]
    if not files:
        raise InputError(f"{path}: no Parquet file in it, expected {expected}")
    try:
        return pl.concat([pl.read_parquet(file) for file in files])
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not readable as one table ({reason}), expected {expected}") from error


def _evaluation(path: str) -> "pl.DataFrame":
    from .evaluations import checked

    expected = "the table of an evaluation"
    return checked(_tables(path, expected), path, expected)


def _items(paths: Sequence[str]) -> "pl.DataFrame":
    """What the items of task files ask, by task and item."""
    import polars as pl

    from train.evaluation.tasks import load_tasks

    rows = []
    for item in load_tasks(Path(path) for path in paths):
        turns = (("user", item.prompt),) if isinstance(item.prompt, str) else item.prompt
        rows += [{"task": item.task, "item": item.id, "prompt": content} for role, content in turns if role == "user"][
            -1:
        ]
    return pl.DataFrame(rows, schema={"task": pl.String, "item": pl.String, "prompt": pl.String})
