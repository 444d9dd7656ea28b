"""The command by which people judge what a run did."""

from pathlib import Path
from typing import Annotated

import typer

from curation.errors import InputError

from .app import app, said, say


@app.command()
def review(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder; with --pairs, any folder.")],
    reviewer: Annotated[str, typer.Option(help="Whose answers they are.")] = "reviewer-1",
    pairs: Annotated[
        list[Path] | None,
        typer.Option(help="File of preference rows to judge as A and B; twice: files of answers."),
    ] = None,
    step: Annotated[str | None, typer.Option(help="Curate step, of a run with several.")] = None,
    size: Annotated[int | None, typer.Option(help="Rows to draw; as many as --half-width needs unless given.")] = None,
    half_width: Annotated[
        float | None, typer.Option(help="Half the width of the 95 % intervals; 0.1 unless given.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sample; 17 unless given.")] = None,
    show_decision: Annotated[bool, typer.Option("--show-decision", help="Tell what the run decided.")] = False,
    port: Annotated[int, typer.Option(help="Port of the page; 0 for any that is free.")] = 0,
    browse: Annotated[bool, typer.Option("--browse", help="Open the page in this machine's browser.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print the results and serve no page.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Write overrides.parquet for the next run, and stop.")] = False,
    train: Annotated[
        Path | None, typer.Option(help="Train a quality model on the answers into this folder, and stop.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Draw another sample; answers stay.")] = False,
) -> None:
    """Judge a sample of a run's rows, or pairs of answers, on a page of this machine.

    Example: keepwise review runs/corpus --reviewer ann
    """
    from ..review import main as reviewing

    given = said({"size": size, "half_width": half_width, "seed": seed})
    if pairs and step is not None:
        raise InputError("--step: found it beside --pairs, expected one of the two")
    if pairs:
        deck = reviewing.open_pairs(run_folder, pairs, given, fresh)
    else:
        deck = reviewing.open_run(run_folder, step, given, fresh)
    if apply:
        reviewing.apply(deck, say)
    if train is not None:
        reviewing.train(deck, train, say)
    if apply or train is not None:
        return
    if not report:
        reviewing.sit(deck, reviewing.Sitting(reviewer, port, show_decision, browse), say)
    reviewing.tell(deck, " ".join([str(run_folder), *(f"--pairs {path}" for path in pairs or [])]), say)
