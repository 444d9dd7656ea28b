"""Answers that were given once are kept, by what was sent: a crash loses one chunk, a second run generates nothing.

An answer that is there is used; what is missing of a chunk is generated in one call, in order. Chunks are cut by
position and committed whole, so after a kill each chunk of a list is either all there or all missing, and what a
resumed run generates has the same neighbours in its batch as in a run that was never killed. What failed is not kept:
the next run asks it again. Where an engine gives up within a chunk, what it had answered of it is kept.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from curation import chat, tables
from curation.errors import InputError
from curation.model import Request, Response, Score, ScoreRequest

from .engine import Engine, Progress, Unfinished, windows
from .requests import Passage, Prompt
from .store import Store

S = TypeVar("S", Prompt, Passage)
R = TypeVar("R", Response, Score)


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
        self._store = Store(path)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Answer every request exactly once, in order; a chunk is committed before its first answer is given."""
        for window in windows(requests, self._chunk):
            prompts = [self._engine.prompt(request) for request in window]
            keys = [self._prompt_key(prompt) if prompt.refusal is None else "" for prompt in prompts]
            found = self._complete(keys, prompts, self._store.answers, self._engine.answer, self._store.add_answers)
            for key, prompt in zip(keys, prompts, strict=True):
                request = prompt.request
                yield replace(found[key], id=request.id, sample=request.sample) if key else prompt.refused()

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        """Score every request exactly once, in order; a chunk is committed before its first score is given."""
        for window in windows(requests, self._chunk):
            passages = [self._engine.passage(request) for request in window]
            keys = [self._passage_key(passage) if passage.refusal is None else "" for passage in passages]
            found = self._complete(keys, passages, self._store.scores, self._engine.measure, self._store.add_scores)
            for key, passage in zip(keys, passages, strict=True):
                yield replace(found[key], id=passage.request.id) if key else passage.refused()

    def close(self) -> None:
        """Close the file; the engine stays open."""
        self._store.close()

    def _complete(
        self,
        keys: list[str],
        sent: Sequence[S],
        read: Callable[[list[str]], dict[str, R]],
        make: Callable[[list[S], Progress | None], list[R]],
        keep: Callable[[Mapping[str, R]], None],
    ) -> dict[str, R]:
        """What a chunk is answered, by key: read where it is there, else made in one call and kept."""
        found = read([key for key in keys if key])
        missing: dict[str, S] = {}  # of equal ones the first is sent, and all are answered
        for key, one in zip(keys, sent, strict=True):
            if key and key not in found:
                missing.setdefault(key, one)
        self._report(len(keys) - len(missing))
        if missing:
            names = list(missing)
            try:
                made = dict(zip(names, make(list(missing.values()), self._progress), strict=True))
            except Unfinished as error:
                self._keep({names[place]: one for place, one in error.made.items()}, keep)
                raise
            self._keep(made, keep)
            found.update(made)
        self.hits += sum(bool(key) for key in keys) - len(missing)
        return found

    def _keep(self, made: Mapping[str, R], keep: Callable[[Mapping[str, R]], None]) -> None:
        """Commit what did not fail."""
        answered = {key: one for key, one in made.items() if one.error is None}
        keep(answered)
        self.generated += len(answered)
        self.tokens += sum(len(one.token_ids) for one in answered.values() if isinstance(one, Response))

    def _report(self, done: int) -> None:
        if self._progress is not None and done:
            self._progress(done, 0)

    def _prompt_key(self, prompt: Prompt) -> str:
        """Of what is sent. A greedy answer has no seed; a drawn one has that of its id and sample."""
        sampling = prompt.request.sampling.record() | {"max_tokens": prompt.max_tokens, "seed": prompt.seed}
        folder = prompt.request.adapter
        adapter = None if folder is None else chat.adapter_fingerprint(folder)
        return tables.fingerprint([*self._model(), adapter, list(prompt.token_ids), sampling])

    def _passage_key(self, passage: Passage) -> str:
        return tables.fingerprint([*self._model(), "score", list(passage.token_ids), passage.start])

    def _model(self) -> list[str]:
        return [self.name, self._engine.setting, self.fingerprint]
