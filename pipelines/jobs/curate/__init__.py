"""The curate job: raw files in; documents, scores, dropped texts and a ledger out, partition by partition.

Row-wise tasks run on one partition each; global ones read narrow side tables of all partitions and return decisions,
which are applied at the end. Every task conserves rows or stops the run.
"""

from pathlib import Path

from curation import chunks, readers, tables
from curation.errors import InputError
from curation.rules import c4

from ...executors import Executor, InProcess, LocalExecutor, RayExecutor
from ...review import overrides
from ...run import Run
from ...settings import CurateSettings
from ..output import Output
from .counts import endings, funnel
from .drops import Pending
from .edits import edit_rows
from .filtering import CLEAN, filter_rows
from .finishing import finish
from .reading import TEXT, options_of, read, without_records
from .shelf import Curation
from .stages import global_stages
from .structuring import STRUCTURE, cut

SMALL = 32 << 20  # bytes of input below which starting processes costs more than they save
MOST_RULES = 3  # that an error names
TIMES_LARGER = 4  # than its file on disk is compressed text, about


def curate(run: Run, step: str, settings: CurateSettings) -> Output:
    """Curate the inputs of a step.

    Raises:
        InputError: for bad input, before anything is decided about it where that is possible.
    """
    slices = readers.plan(settings.inputs, options_of(settings))
    with executor_for(settings, slices) as executor:
        job = Curation(run, step, executor)
        parts = read(job, settings, slices)
        text, stages = TEXT, ["read"]
        if settings.structure is not None:
            text = cut(job, text, parts, settings.structure, settings.keep_dropped)
            stages.append("structure")
        if settings.c4_lines is not None:
            config = settings.model_dump(mode="json")["c4_lines"]
            text = edit_rows(job, text, parts, "c4_lines", config, c4.edit_lines, settings.c4_lines,
                             settings.keep_dropped)  # fmt: skip
            stages.append("c4_lines")
        if settings.overrides is not None:
            job.override(overrides.load(Path(settings.overrides)))
        filter_rows(job, settings, parts, text)
        pending = Pending(CLEAN, parts, settings.date)
        stages += ["rules", *global_stages(job, pending, settings)]
        finish(job, pending, settings)
    run.sweep(step, job.records)
    if settings.chunks is not None:
        stages.append(chunks.STAGE)
    if settings.samples is not None:
        stages.append(STRUCTURE)
    facts = funnel(job.records, stages)
    facts["without_records"] = without_records(job, slices)
    facts["passed_over"] = endings(readers.passed_over(settings.inputs))
    if not facts["passed"]:
        dropped = sorted(facts["dropped"].items(), key=lambda item: (-item[1], item[0]))
        why = ", ".join(f"{rule} dropped {number:,}" for rule, number in dropped[:MOST_RULES])
        ledger = run.folder / "ledger" / step
        raise InputError(f"{step}: no document is left of {facts['records']:,}: {why}; see {ledger} for each, and set "
                         "what is too strict for such texts")  # fmt: skip
    top, tasks = ("documents", "finish") if settings.samples is None else ("samples", "samples")
    digest = tables.fingerprint([record.digest for record in job.records if f"/{tasks}/" in record.task])
    return Output(run.folder / top / step, digest, facts)


def executor_for(settings: CurateSettings, slices: list[readers.Slice]) -> Executor:
    """Where the tasks of a step run: several processes where the corpus is large enough to gain by them."""
    if settings.executor == "ray":
        return RayExecutor(settings.ray_address, settings.workers)
    size = sum(piece.bytes * (TIMES_LARGER if piece.compression else 1) for piece in slices)
    if settings.workers == 1 or (settings.workers is None and size < SMALL):
        return InProcess()
    executor = LocalExecutor(settings.workers, preload=(__name__,))
    return InProcess() if executor.workers == 1 else executor
