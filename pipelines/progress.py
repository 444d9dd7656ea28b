"""Progress of anything over two seconds, on standard error: a bar on a terminal, elsewhere a plain line at times.

What cannot tell how far it is, the loading of a model above all, is announced in a line and has its seconds in another.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

QUIET_SECONDS = 2.0  # what is over sooner shows nothing
LINE_SECONDS = 10.0  # between two plain lines
Advance = Callable[..., None]  # advance(amount, note="...", total=whole)


@contextlib.contextmanager
def track(title: str, total: float | None, unit: str) -> Iterator[Advance]:
    """Show how far a job is, its rate and the time left.

    Args:
        title: what is being done.
        total: amount of the whole in `unit`, none when it cannot be known, or not yet.
        unit: `rows`, `MB`, `tokens`, `steps`, ...

    Yields:
        `advance(amount, note="", total=None)`: add an amount done; a note stands behind the rate, and a total that has
        become known takes the place of the first.
    """
    display = _bar if sys.stderr.isatty() else _lines
    with display(title, total, unit) as advance:
        yield advance


@contextlib.contextmanager
def waiting(said: str) -> Iterator[None]:
    """Say what is waited for as soon as it takes over two seconds, and at its end how long it took.

    Args:
        said: whose it is and what is being done, as in `distilled: loading Qwen3-0.6B with vllm`.
    """
    started, told = time.monotonic(), threading.Event()

    def tell() -> None:
        told.set()
        print(f"{said} …", file=sys.stderr, flush=True)

    timer = threading.Timer(QUIET_SECONDS, tell)  # what is waited for has no moments at which it could speak itself
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
    if told.is_set():
        print(f"{said}: {time.monotonic() - started:,.0f} s", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _bar(title: str, total: float | None, unit: str) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
    )
    started = time.monotonic()
    progress = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=True)
    bar = progress.add_task(title, total=total, rate="", note="")
    shown = False

    def advance(amount: float, note: str = "", total: float | None = None) -> None:
        nonlocal shown
        elapsed = time.monotonic() - started
        progress.advance(bar, amount)
        rate = progress.tasks[0].completed / max(elapsed, 1e-9)
        said = f"{rate:,.1f} {unit}/s" if rate < 100 else f"{rate:,.0f} {unit}/s"
        progress.update(bar, total=total, rate=said, note=note)  # a total of none leaves the one it has
        if not shown and elapsed > QUIET_SECONDS:
            progress.start()
            shown = True

    try:
        yield advance
    finally:
        if shown:
            progress.stop()


@contextlib.contextmanager
def _lines(title: str, total: float | None, unit: str) -> Iterator[Advance]:
    started = last = time.monotonic()
    done, whole = 0.0, total

    def advance(amount: float, note: str = "", total: float | None = None) -> None:
        nonlocal done, last, whole
        done += amount
        whole = whole if total is None else total
        now = time.monotonic()
        first = last == started
        if now - started < QUIET_SECONDS or (not first and now - last < LINE_SECONDS):
            return
        last = now
        rate = done / max(now - started, 1e-9)
        of = f" of {_amount(whole)}" if whole else ""
        left = f", {(whole - done) / rate:,.0f} s left" if whole and rate > 0 else ""
        print(f"{title}: {_amount(done)}{of} {unit}, {rate:,.1f} {unit}/s{left}{', ' + note if note else ''}",
              file=sys.stderr, flush=True)  # fmt: skip

    yield advance


def _amount(value: float) -> str:
    """Whole numbers, but a decimal of the few megabytes of a small input."""
    return f"{value:,.1f}" if value < 10 and value != int(value) else f"{value:,.0f}"
