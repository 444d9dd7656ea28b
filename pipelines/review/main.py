"""`keepwise review`: draw a sample once, take answers on a local page, and say what they come to."""

import webbrowser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import storage
from curation.errors import InputError
from curation.review import answers
from curation.review.answers import reviewer_name
from curation.review.sampling import SampleOptions

from . import candidates, pairs, results, sample, words
from .deck import Deck, open_deck
from .desk import Desk
from .journal import Journal
from .server import Server

Say = Callable[[str], None]


@dataclass(frozen=True)
class Sitting:
    """How the page is served.

    Attributes:
        reviewer: whose answers they are.
        port: of the page, 0 for any that is free.
        show_decision: tell reviewers what the run decided.
        browse: open the page in this machine's browser.
    """

    reviewer: str = "reviewer-1"
    port: int = 0
    show_decision: bool = False
    browse: bool = False


def open_run(run: Path, step: str | None, given: Mapping[str, Any], fresh: bool = False) -> Deck:
    """The sample of a run's curate step, drawn if there is none.

    Args:
        run: folder of the run.
        step: of a run with several curate steps.
        given: fields of `SampleOptions` that were asked for; the others have their defaults, or those of the sample
            that is there.
        fresh: draw another sample.

    Raises:
        InputError: for a folder that is no run, or a sample that was drawn otherwise.
    """
    name = candidates.step_of(run, step)
    options = SampleOptions(**given)
    return open_deck(
        run / "review" / name,
        "rows",
        candidates.state(run, name),
        asdict(options),
        given,
        lambda: sample.draw(run, name, options),
        fresh=fresh,
    )


def open_pairs(folder: Path, files: Sequence[Path], given: Mapping[str, Any], fresh: bool = False) -> Deck:
    """The sample of one file of preference rows, or of two files of answers to the same prompts.

    Args:
        folder: where the sample and the answers go, in `review/pairs` below it.
        files: one or two files, or folders of files, of rows.
        given: as for `open_run`.
        fresh: draw another sample.

    Raises:
        InputError: for files that hold no pairs, or a sample that was drawn otherwise.
    """
    sides = pairs.sides_of(files)
    options = SampleOptions(**given)
    return open_deck(
        folder / "review" / "pairs",
        "pairs",
        pairs.state(files),
        asdict(options),
        given,
        lambda: pairs.draw(files, options),
        sides,
        fresh,
    )


def sit(deck: Deck, sitting: Sitting, say: Say) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        InputError: for a bad name or port, or when another process takes this reviewer's answers.
    """
    name = reviewer_name(sitting.reviewer)
    journal = Journal(deck.folder / "answers" / f"{name}.jsonl")
    try:
        desk = Desk(deck, name, journal, sitting.show_decision)
        server = Server(desk, sitting.port)
        queue = desk.queue()
        say(f"{len(queue['rows'])} rows for {name}, {len(queue['history'])} of them answered.")
        say(f"Open {server.url}")
        say("Every answer is saved at once. Ctrl-C ends and shows the results.")
        if sitting.browse:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("")
        finally:
            server.server_close()
    finally:
        journal.close()


def tell(deck: Deck, run: str, say: Say) -> None:
    """Write the results of a deck and say them."""
    found = results.write(deck)
    for line in words.lines(deck, found, run):
        say(line)
    say("")
    say(f"Written: {', '.join(str(path) for path in results.files(deck))}")


def apply(deck: Deck, say: Say) -> Path:
    """Write `overrides.parquet`: the rows that people decided otherwise than the run, for its next start.

    They are not applied to the documents of this run: a row that a rule dropped was never cleaned of personal data nor
    compared with the others, so that it must go through the stages that it missed.

    Raises:
        InputError: for pairs, which decide nothing about rows.
    """
    overrides = answers.overrides_from(_of_rows(deck, "--apply"))
    path = deck.folder / "overrides.parquet"
    storage.write_parquet(overrides, path)
    counts = {decision: int((overrides["decision"] == decision).sum()) for decision in answers.DECIDED}
    say(f"{counts['keep']} dropped rows are to be kept, {counts['drop']} kept rows to be dropped: {path}")
    return path


def train(deck: Deck, model: Path, say: Say) -> None:
    """Train the learned quality rule on the answers, and write the labelled rows as `labelled.parquet`.

    Raises:
        InputError: for pairs, or too few answers of a kind.
    """
    from curation import quality

    texts = deck.cards.select("row_id", "text", "question")
    labelled = answers.labelled(_of_rows(deck, "--train"), texts)
    path = deck.folder / "labelled.parquet"
    storage.write_parquet(labelled, path)
    good = int(labelled["label"].sum())
    say(f"{labelled.height} labelled rows, {good} to keep and {labelled.height - good} to drop: {path}")
    trained = quality.train(labelled.select("text", "label"))
    quality.save(trained, model)
    say(f"Trained: {model}")
    if trained.held_out is not None:
        held = trained.held_out
        right = results.per_cent(held.accuracy, held.accuracy_low, held.accuracy_high)
        say(f"Right on {right} of {held.rows} rows held out.")


def _of_rows(deck: Deck, option: str) -> pl.DataFrame:
    if deck.kind != "rows":
        raise InputError(f"{option}: found a review of pairs, expected one of rows")
    return results.reviewed(deck)
