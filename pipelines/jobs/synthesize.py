"""The synthesize job: documents or rows in, what a model made of them and what was verified, out."""

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..digests import FileDigests
from ..run import Run
from ..settings import SynthesizeSettings
from ..settings.synthesize import OF_BOTH, OF_DOCUMENTS
from .engine import answering_model, opened
from .inputs import data_of, model_of, task_files
from .output import Output, Outputs
from .samples import sampled, write

if TYPE_CHECKING:
    import polars as pl

# Methods whose prompts are the model's. Of a dialogue only some are: it may begin with a row's own, and of one cut into
# rows each prompt goes on from the one before.
MAKING_PROMPTS = ("qa", "instructions", "backtranslate")


def synthesize(run: Run, step: str, settings: SynthesizeSettings, outputs: Outputs) -> Output:
    """Carry out the method of a step.

    Raises:
        InputError: for bad input.
    """
    model, model_digest = answering_model(settings.model, settings.engine, outputs)
    other, other_digest = None, ""
    if settings.other_model is not None:
        other, other_digest = answering_model(settings.other_model, settings.other_engine, outputs)
    reward, reward_digest = None, ""
    if settings.reward_model is not None:
        reward, reward_digest = model_of(settings.reward_model, outputs)
    digests = FileDigests(run)
    sources = [data_of(text, outputs, digests) for text in settings.data]
    labelled = [data_of(text, outputs, digests) for text in settings.labelled]
    held_out = task_files(settings.held_out, digests)
    read = [digest for _, _, found in (*sources, *labelled) for digest in found]
    inputs = [model_digest, other_digest, reward_digest, *read, *held_out]
    config = settings.model_dump(mode="json", include={"method", "text_column", "task", "engine", "other_engine"})
    config |= {"options": asdict(settings.options), "novelty": asdict(settings.novelty)}
    config |= {"labelled": len(labelled), "held_out": len(held_out)}  # which of the inputs they are
    paths = [[path for path, _, _ in found] for found in (sources, labelled)]
    models = (model, other, reward)
    return sampled(run, step, "synthesize", config, inputs, _synthesize, settings, run.seed, models, *paths)


def _synthesize(
    folder: Path,
    step: str,
    settings: SynthesizeSettings,
    seed: int,
    models: tuple[str, str | None, str | None],
    paths: list[Path],
    labelled: list[Path],
) -> dict[str, Any]:
    """In the child: read the data, open what is asked, carry out the method, compare, write; the report."""
    from curation import storage
    from synth import novelty, rows
    from synth.synthesize.preferences import Preferences

    from . import methods
    from .held_out import held_out

    loaded, texts = _load(settings, paths)
    measured = rows.load(labelled, settings.task).rows if labelled else None
    held = held_out(settings.held_out)
    with contextlib.ExitStack() as engines:
        engine = None
        if settings.asks:
            engine = engines.enter_context(opened(folder, step, models[0], settings.engine))
        other = None
        if models[1] is not None:
            other = engines.enter_context(opened(folder, f"{step}: {models[1]}", models[1], settings.other_engine))
        made = methods.carry_out(settings, loaded.rows, measured, engine, other, models[0], models[2], seed)
        asked = [one for one in (engine, other) if one is not None]
        cache = {"generated": sum(one.generated for one in asked), "cached": sum(one.hits for one in asked)}
    if settings.method in MAKING_PROMPTS:
        split = novelty.novel(made.samples, texts, held, settings.novelty, seed)
    else:
        # Templates are filled from the rows themselves, whose answers stay what they are.
        given = None if settings.method == "templates" else _given(loaded.rows)
        split = novelty.novel(made.samples, (), held, settings.novelty, seed, made="completion", rows=given)
    write(folder, step, "synthesize", loaded.rows, split.kept, [loaded.ledger, made.ledger, split.ledger])
    more = []
    if isinstance(made, Preferences) and made.ties.height:
        more.append(f"work/{step}/ties.parquet")
        storage.write_parquet(made.ties, folder / more[0])
    compared = {
        "samples": split.kept.height,
        "novelty": novelty.counts(split.ledger),
        **novelty.unjudged(split),
        "held_out": len(held),
    }
    read = {"records": loaded.records, "damaged": loaded.ledger.height}
    return {**made.report, "method": settings.method, **compared, **read, **cache, "more": more}


def _given(frame: "pl.DataFrame") -> "pl.DataFrame":
    """What stands in the rows or documents that were read: `doc_id` (of the row), `text`, `answer`, `reference`."""
    import polars as pl

    from synth import likeness

    if "text" in frame.columns:
        return frame.select("doc_id", "text", answer=pl.lit(None, pl.String), reference=pl.lit(None, pl.String))
    texts = []
    for name, prompt, completion, answer, references in frame.select(
        "sample_id", "prompt", "completion", "answer", "references"
    ).iter_rows():
        reference = "\n".join(said for _, said in likeness.said(completion))
        texts += [(name, text, answer, reference) for text in (prompt[-1]["content"], reference, *(references or ()))]
    return pl.DataFrame(texts, dict.fromkeys(("doc_id", "text", "answer", "reference"), pl.String), orient="row")


def _load(settings: SynthesizeSettings, paths: list[Path]) -> tuple[Any, list[str]]:
    """What the method reads, and its texts, which no made-up prompt may repeat."""
    from curation.readers import rows as reader
    from synth import rows
    from synth.synthesize import documents

    of_documents = settings.method in OF_DOCUMENTS
    if settings.method in OF_BOTH:  # the first record says which; one of the other kind is damaged, and said so
        _, first = next(iter(reader.records(reader.files_of(paths[0])[0][0])))
        of_documents = isinstance(first, dict) and settings.text_column in first
    if of_documents:
        found = documents.load(paths, settings.text_column)
        return found, found.rows["text"].to_list()
    loaded = rows.load(paths, settings.task)
    return loaded, [turns[-1]["content"] for turns in loaded.rows["prompt"].to_list()]
