"""What the jobs that make samples share: one task in a child process, the tables that it writes, the output."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..child import call
from ..run import Made, Run
from .output import Output

if TYPE_CHECKING:
    import polars as pl

TOPS = ("samples", "ledger", "work")


def table(top: str, step: str, job: str) -> str:
    """Where a table of a step is, below the run folder; under `work` are the rows that were read."""
    return f"{top}/{step}/{'rows' if top == 'work' else job}.parquet"


def sampled(
    run: Run, step: str, job: str, config: Any, inputs: list[str], function: Callable[..., dict[str, Any]], *given: Any
) -> Output:
    """The output of a step whose one task is a function in a child process.

    Args:
        run: of the step.
        step: its name.
        job: its job.
        config: what its result hangs on besides inputs, as JSON values.
        inputs: fingerprints of what it reads.
        function: module-level; called with the run folder, the step and `given`, it writes the tables and returns the
            report, with the paths of further files as `more` where there are any.
        given: its further arguments.

    Raises:
        InputError: for bad input.
    """

    def make() -> Made:
        facts = call(function, run.folder, step, *given)
        return Made((*(table(top, step, job) for top in TOPS), *facts.pop("more", ())), facts)

    record = run.task(f"{step}/{job}", [job, config], inputs, make)
    run.sweep(step, [record])
    return Output(run.folder / "samples" / step, record.digest, record.facts)


def write(
    folder: Path, step: str, job: str, rows: "pl.DataFrame", samples: "pl.DataFrame", ledger: "Sequence[pl.DataFrame]"
) -> None:
    """Write what a step read, its samples and its ledger."""
    import polars as pl

    from curation import storage

    storage.write_parquet(rows, folder / table("work", step, job))
    storage.write_parquet(samples, folder / table("samples", step, job))
    storage.write_parquet(pl.concat(ledger), folder / table("ledger", step, job))
