"""Answers that were given once are kept, by what was sent: a crash loses one chunk, a second run generates nothing.

An answer that is there is used; what is missing of a chunk is generated in one call, in order. Chunks are cut by
position and committed whole, so after a kill each chunk of a list is either all there or all missing, and what a
resumed run generates has the same neighbours in its batch as in a run that was never killed. What failed is not kept:
the next run asks it again. Where an engine gives up within a chunk, what it had answered of it is kept.

The key of an answer is a hash of what was sent: of tokens. Rendering and tokenising is most of what a run without
generation takes, so the key that a request had is kept too, under a hash of the request as it was asked and of all that
makes tokens of it; it says only where to look.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from curation import chat, tables
from curation.errors import InputError
from curation.model import Request, Response, Sampling, Score, ScoreRequest

from .engine import Engine, Progress, Unfinished, windows
from .requests import Passage, Prompt
from .store import Store

Q = TypeVar("Q", Request, ScoreRequest)
S = TypeVar("S", Prompt, Passage)
R = TypeVar("R", Response, Score)


@dataclass(frozen=True)
class _Kind(Generic[Q, S, R]):
    """What is done with requests of one kind."""

    name: Callable[[Q], str]  # hash of a request as it was asked
    prepare: Callable[[Q], S]
    key: Callable[[S], str]  # hash of what is sent
    read: Callable[[list[str]], dict[str, R]]
    make: Callable[[list[S], Progress | None], list[R]]
    keep: Callable[[Mapping[str, R], Mapping[str, str]], None]


class Cached:
    """An engine behind a cache file. Generator and Scorer; one process at a time writes a file.

    Attributes:
        name, fingerprint: the engine's.
        hits: answers and scores that were there, or equal another's of the same chunk.
        generated: answers and scores that the engine made and that are kept.
        tokens: tokens of the answers that it made.
    """

    def __init__(self, engine: Engine, path: Path, chunk: int = 256, progress: Progress | None = None) -> None:
        """Open or create the file.

        Args:
            engine: makes what is missing.
            path: SQLite file; its folder is made.
            chunk: requests of one call and one commit.
            progress: called with the requests answered and the tokens generated since its last call.

        Raises:
            InputError: when the file is not such a cache or is damaged, naming it.
        """
        if chunk < 1:
            raise InputError(f"chunk is {chunk}, expected at least 1")
        self.name, self.fingerprint = engine.name, engine.fingerprint
        self.hits = self.generated = self.tokens = 0
        self._engine = engine
        self._chunk = chunk
        self._progress = progress
        store = self._store = Store(path)
        self._asked = _Kind(
            self._request_name, engine.prompt, self._prompt_key, store.answers, engine.answer, store.add_answers
        )
        self._scored = _Kind(
            self._score_name, engine.passage, self._passage_key, store.scores, engine.measure, store.add_scores
        )

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Answer every request exactly once, in order; a chunk is committed before its first answer is given."""
        for window in windows(requests, self._chunk):
            for request, answer in zip(window, self._complete(window, self._asked), strict=True):
                yield replace(answer, id=request.id, sample=request.sample)

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        """Score every request exactly once, in order; a chunk is committed before its first score is given."""
        for window in windows(requests, self._chunk):
            for request, score in zip(window, self._complete(window, self._scored), strict=True):
                yield replace(score, id=request.id)

    def close(self) -> None:
        """Close the file; the engine stays open."""
        self._store.close()

    def _complete(self, window: Sequence[Q], kind: _Kind[Q, S, R]) -> list[R]:
        """What a chunk is answered, in order: read where it is there, else made in one call and kept."""
        names = [kind.name(one) for one in window]
        keys = self._store.keys(names)
        found = kind.read(list(dict.fromkeys(keys.values())))
        new = {place: kind.prepare(one) for place, one in enumerate(window) if keys.get(names[place]) not in found}
        given = {names[place]: kind.key(one) for place, one in new.items() if one.refusal is None}
        found |= kind.read([key for key in dict.fromkeys(given.values()) if key not in found])
        missing: dict[str, S] = {}  # of equal ones the first is sent, and all are answered
        for place, one in new.items():
            if one.refusal is None and given[names[place]] not in found:
                missing.setdefault(given[names[place]], one)
        self._report(len(window) - len(missing))
        if there := {name: key for name, key in given.items() if key in found}:
            self._store.add_keys(there)
        if missing:
            found |= self._made(missing, given, kind)
        self.hits += len(window) - sum(one.refusal is not None for one in new.values()) - len(missing)
        keys |= given
        refused = {place: cast(R, one.refused()) for place, one in new.items() if one.refusal is not None}
        return [refused[place] if place in refused else found[keys[name]] for place, name in enumerate(names)]

    def _made(self, missing: Mapping[str, S], given: Mapping[str, str], kind: _Kind[Q, S, R]) -> dict[str, R]:
        """The answers to what is sent, by key; those that did not fail are committed."""
        names = list(missing)
        try:
            made = dict(zip(names, kind.make(list(missing.values()), self._progress), strict=True))
        except Unfinished as error:
            self._keep({names[place]: one for place, one in error.made.items()}, given, kind)
            raise
        self._keep(made, given, kind)
        return made

    def _keep(self, made: Mapping[str, R], given: Mapping[str, str], kind: _Kind[Q, S, R]) -> None:
        """Commit what did not fail, and whose answer it is."""
        answered = {key: one for key, one in made.items() if one.error is None}
        kind.keep(answered, {name: key for name, key in given.items() if key in answered})
        self.generated += len(answered)
        self.tokens += sum(len(one.token_ids) for one in answered.values() if isinstance(one, Response))

    def _report(self, done: int) -> None:
        if self._progress is not None and done:
            self._progress(done, 0)

    def _request_name(self, request: Request) -> str:
        sampling = request.sampling
        drawn = [request.id, request.sample] if sampling.temperature > 0 else None
        asked = [request.prompt, request.prefill, self._adapter(request.adapter), drawn]
        return tables.fingerprint([self._asking(), _told(sampling), asked])

    def _score_name(self, request: ScoreRequest) -> str:
        return tables.fingerprint([self._asking(), "score", request.context, request.prefill, request.continuation])

    def _prompt_key(self, prompt: Prompt) -> str:
        """Of what is sent. A greedy answer has no seed; a drawn one has that of its id and sample."""
        sampling = prompt.request.sampling.record() | {"max_tokens": prompt.max_tokens, "seed": prompt.seed}
        adapter = self._adapter(prompt.request.adapter)
        return tables.fingerprint([*self._model(), adapter, list(prompt.token_ids), sampling])

    def _passage_key(self, passage: Passage) -> str:
        return tables.fingerprint([*self._model(), "score", list(passage.token_ids), passage.start])

    def _adapter(self, named: str | None) -> Any:
        """An adapter by its content."""
        return None if named is None else chat.adapter_fingerprint(named)

    def _asking(self) -> list[str]:
        return [*self._model(), self._engine.asking]

    def _model(self) -> list[str]:
        return [self.name, self._engine.setting, self.fingerprint]


@lru_cache(maxsize=64)
def _told(sampling: Sampling) -> str:
    """How tokens are drawn, as text: of a run's requests all have the same."""
    return tables.canonical_json(sampling.record())
