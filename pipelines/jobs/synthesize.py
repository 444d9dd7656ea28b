"""The synthesize job: documents or rows in, what a model made of them and what was verified, out."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..child import call
from ..digests import FileDigests
from ..run import Made, Run
from ..settings import SynthesizeSettings
from ..settings.synthesize import OF_DOCUMENTS
from .engine import opened
from .inputs import data_of, model_of, task_files
from .output import Output, Outputs

if TYPE_CHECKING:
    import polars as pl

    from synth.engines.cache import Cached
    from synth.synthesised import Synthesised

# Methods whose prompts are the model's; the others answer prompts that they were given.
MAKING_PROMPTS = ("qa", "instructions", "dialogue", "backtranslate")


def synthesize(run: Run, step: str, settings: SynthesizeSettings, outputs: Outputs) -> Output:
    """Carry out the method of a step.

    Raises:
        InputError: for bad input.
    """
    model, model_digest = model_of(settings.model, outputs)
    digests = FileDigests(run)
    sources = [data_of(text, outputs, digests) for text in settings.data]
    held_out = task_files(settings.held_out, digests)
    inputs = [model_digest, *(digest for _, _, found in sources for digest in found), *held_out]
    config = settings.model_dump(mode="json", include={"method", "text_column", "task", "novelty", "engine"})
    config |= {"options": asdict(settings.options), "held_out": len(held_out)}
    paths = [str(path) for path, _, _ in sources]

    def make() -> Made:
        facts = call(_synthesize, run.folder, step, settings, run.seed, model, paths)
        return Made(tuple(_path(top, step) for top in ("samples", "ledger", "work")), facts)

    record = run.task(f"{step}/synthesize", ["synthesize", config], inputs, make)
    run.sweep(step, [record])
    return Output(run.folder / "samples" / step, record.digest, record.facts)


def _path(top: str, step: str) -> str:
    return f"{top}/{step}/{'rows' if top == 'work' else 'synthesize'}.parquet"


def _synthesize(
    folder: Path, step: str, settings: SynthesizeSettings, seed: int, model: str, paths: list[str]
) -> dict[str, Any]:
    """In the child: read the data, open the engine, carry out the method, compare, write; the report."""
    import polars as pl

    from curation import storage
    from curation.checks import typed
    from synth import novelty, rows
    from synth.synthesize import documents

    from . import held_out

    data = [Path(path) for path in paths]
    if settings.method in OF_DOCUMENTS:
        loaded: Any = documents.load(data, settings.text_column)
        texts = loaded.rows["text"].to_list()
    else:
        loaded = rows.load(data, settings.task, typed.ANSWER_KINDS)
        texts = [turns[-1]["content"] for turns in loaded.rows["prompt"].to_list()]
    prompts = held_out.prompts(settings.held_out)
    with opened(folder, step, model, settings.engine) as engine:
        made = _method(settings, loaded.rows, engine, model, seed)
        cache = {"generated": engine.generated, "cached": engine.hits}
    kind = "prompt" if settings.method in MAKING_PROMPTS else "completion"
    split = novelty.novel(made.samples, texts if kind == "prompt" else (), prompts, settings.novelty, seed, made=kind)
    storage.write_parquet(loaded.rows, folder / _path("work", step))
    storage.write_parquet(split.kept, folder / _path("samples", step))
    storage.write_parquet(pl.concat([loaded.ledger, made.ledger, split.ledger]), folder / _path("ledger", step))
    compared = {"samples": split.kept.height, "novelty": novelty.counts(split.ledger), "held_out": len(prompts)}
    read = {"records": loaded.records, "damaged": loaded.ledger.height}
    return {**made.report, "method": settings.method, **compared, **read, **cache}


def _method(
    settings: SynthesizeSettings, frame: "pl.DataFrame", engine: "Cached", model: str, seed: int
) -> "Synthesised":
    """Carry out the method; its module is loaded only here."""
    match settings.method:
        case "qa":
            from curation import tokens
            from synth.synthesize.qa import qa

            return qa(frame, engine, settings.options, seed, tokens.load(Path(model)))
