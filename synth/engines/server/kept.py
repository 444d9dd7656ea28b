"""The cache of a server's answers: keyed by the very body that is sent."""

from pathlib import Path
from typing import Any

from curation import chat, tables

from ..cache import Cached
from ..engine import Progress
from ..requests import Prompt
from .engine import ServerEngine


class Kept(Cached):
    """A server's engine behind a cache file."""

    def __init__(self, engine: ServerEngine, path: Path, chunk: int = 256, progress: Progress | None = None) -> None:
        """See Cached."""
        super().__init__(engine, path, chunk, progress)
        self._server = engine

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
