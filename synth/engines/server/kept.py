"""The cache of a server's answers: keyed by the very body that is sent, and without what failed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from curation import chat, tables

from ..cache import Cached, R, S
from ..engine import Progress
from ..requests import Prompt
from .engine import ServerEngine
from .failures import Unfinished


class Kept(Cached):
    """A server's engine behind a cache file.

    A request that failed is asked again by the next run. Where a server is lost within a chunk, what it had answered of
    it is kept.
    """

    def __init__(self, engine: ServerEngine, path: Path, chunk: int = 256, progress: Progress | None = None) -> None:
        """See Cached."""
        super().__init__(engine, path, chunk, progress)
        self._server = engine

    def _complete(
        self,
        keys: list[str],
        sent: Sequence[S],
        read: Callable[[list[str]], dict[str, R]],
        make: Callable[[list[S], Progress | None], list[R]],
        keep: Callable[[Mapping[str, R]], None],
    ) -> dict[str, R]:
        names = {id(one): key for key, one in zip(keys, sent, strict=True)}

        def keep_answered(made: Mapping[str, R]) -> int:
            answered = {key: one for key, one in made.items() if one.error is None}
            keep(answered)
            return len(answered)

        def keep_all(made: Mapping[str, R]) -> None:
            self.generated -= len(made) - keep_answered(made)

        def make_or_keep(missing: list[S], progress: Progress | None) -> list[R]:
            try:
                return make(missing, progress)
            except Unfinished as error:
                made = {names[id(missing[place])]: one for place, one in error.made.items()}
                self.generated += keep_answered(made)
                raise

        return super()._complete(keys, sent, read, make_or_keep, keep_all)

    def _prompt_key(self, prompt: Prompt) -> str:
        adapter = prompt.request.adapter
        return tables.fingerprint([*self._model(), self._adapter(adapter), *self._server.sent(prompt)])

    def _adapter(self, named: str | None) -> Any:
        """An adapter by its content where its folder is at hand, else by what the server tells of it."""
        if named is None:
            return None
        name = self._server.served.adapter(named)
        for folder in (named, self._server.served.adapters[name]):
            if folder is not None and (Path(folder) / "adapter_config.json").is_file():
                return chat.adapter_fingerprint(folder)
        return [name, self._server.served.adapters[name]]
