"""What a method asks for a row and what became of it: every request ends in a sample or in the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from curation import tables
from curation.checks.typed_result import CheckResult
from curation.model import Generator, Request, Response

from ..answers import answered
from ..drop import Drop, ledger
from ..prompts import Template
from ..script import language_of as language_of  # of the prompts: every method takes it from here


@dataclass(frozen=True)
class Source:
    """A row or document that samples are made from, as far as samples and ledger rows name it.

    Attributes:
        id: `sample_id` of a row, `doc_id` of a document.
        task: written to the samples.
        file: where it was read, none where it was not read from a file.
        record: number in the file.
    """

    id: str
    task: str
    file: str | None
    record: int | None


@dataclass(frozen=True)
class Ask:
    """A request for a source, and the template that made its prompt; none where the row's own prompt was asked."""

    source: Source
    request: Request
    template: Template | None = None


@dataclass
class Attempt:
    """A request with its answer. A method sets `used` or `drop`, never both, and leaves none without one.

    Attributes:
        engine: name of the engine that answered.
        model: fingerprint of its model.
        checks: what the text was checked for.
        used: whether it is part of a sample.
        drop: why it is part of none.
    """

    ask: Ask
    response: Response
    engine: str
    model: str
    checks: tuple[CheckResult, ...] = ()
    used: bool = False
    drop: Drop | None = None

    @property
    def source(self) -> Source:
        """What was asked about."""
        return self.ask.source

    @property
    def key(self) -> str:
        """Id of the request and number of the sample: unique in a run, the same in every run."""
        return f"{self.ask.request.id}-{self.ask.request.sample}"

    @property
    def text(self) -> str:
        """The answer without white space around it."""
        return self.response.text.strip()

    @property
    def verified(self) -> bool:
        """Whether it was not dropped and every check of it passed."""
        return self.drop is None and all(check.passed for check in self.checks)

    def settle(self, drop: Drop | None) -> None:
        """Part of a sample, or why not; a reason that is there already stays."""
        if self.drop is None:
            self.drop = drop
            self.used = drop is None

    def generation(self, method: str, **more: Any) -> str:
        """JSON text for the generation column: everything that made the text.

        Args:
            method: name of the method.
            more: what else the method says about it, plain JSON values.
        """
        request, template = self.ask.request, self.ask.template
        made = {
            "model": self.model,
            "adapter": request.adapter,
            "engine": self.engine,
            "method": method,
            "template": template.name if template else None,
            "template_hash": template.hash if template else None,
            "sampling": request.sampling.record(),
            "request": request.id,
            "sample": request.sample,
            "prompt_tokens": self.response.prompt_tokens,
            "tokens": len(self.response.token_ids),
            "finish_reason": self.response.finish_reason,
        }
        return tables.canonical_json({**made, **more})


def attempted(asks: Sequence[Ask], generator: Generator) -> list[Attempt]:
    """Ask all at once; the attempts in the order of the asks.

    What the engine refused is dropped as `refused`, and what no UTF-8 can spell (a server may send half of a UTF-16
    pair) as `not_unicode`, its text written with escapes.
    """
    if not asks:
        return []
    responses = answered([ask.request for ask in asks], generator)
    attempts = []
    for ask in asks:
        response = responses[ask.request.id, ask.request.sample]
        spelt = response.text.encode("utf-8", "backslashreplace").decode("utf-8")
        attempt = Attempt(ask, replace(response, text=spelt), generator.name, generator.fingerprint)
        if spelt != response.text:
            attempt.drop = Drop("not_unicode")
        if response.finish_reason == "refused":
            attempt.drop = Drop("refused", detail={"error": response.error or "refused without a reason"})
        attempts.append(attempt)
    return attempts


def draws(ask: Ask, count: int) -> list[Ask]:
    """The same request as samples 0 to count - 1."""
    return [replace(ask, request=replace(ask.request, sample=number)) for number in range(count)]


def source_of(row: dict[str, Any]) -> Source:
    """A row (`synth.rows.ROWS`) or a document (`tables.DOCUMENTS`) as a source; a document's task is its data set."""
    if "doc_id" in row:
        return Source(row["doc_id"], row["source"], row["file"], row["record"])
    return Source(row["sample_id"], row["task"], row.get("file"), row.get("record"))


def events(attempts: Sequence[Attempt], method: str) -> pl.DataFrame:
    """A ledger row (action `drop`) for each attempt that is in no sample, with its text."""
    dropped = [one for one in attempts if one.drop is not None]
    return ledger([_event(one.key, one.source, one.drop, one.text, method) for one in dropped], method)


def idle(sources: Sequence[tuple[Source, Drop]], method: str) -> pl.DataFrame:
    """A ledger row (action `drop`) for each source that gave no sample."""
    return ledger([_event(source.id, source, drop, "", method) for source, drop in sources], method)


def _event(row_id: str, source: Source, drop: Drop | None, text: str, method: str) -> dict[str, Any]:
    assert drop is not None
    return drop.event(method, row_id, {"source": source.id, "text": text or None}, source.file, source.record)
