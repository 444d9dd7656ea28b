"""Vectors from a model behind an OpenAI-compatible address, which pools hidden states as it was started to."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from curation import chat
from curation.embedding.vectors import unit
from curation.errors import InputError
from curation.model import Text, Vector

from . import limits
from .embedding import Cutter, EmbedderOptions, Tokens, embedded, written
from .engine import Progress, windows
from .server import ServerOptions, bodies, probe, replies
from .server.client import Client
from .server.failures import Absent, Refusal
from .server.loop import Loop

TEXTS = 32  # of one request
_BORDER = "The 3 cats; 하늘을 나는 새 12.5%"  # letters, digits and Hangul, on which tokenizers part
_ALIKE = 0.999  # cosine of a text's two vectors, sent as text and as tokens, in low precision too


class ServerEmbedder:
    """A served embedding model. Embedder.

    With the model's folder at hand and vLLM behind the address, texts are cut into windows of tokens here and sent as
    tokens, the same as in the other embedders; otherwise whole texts are sent, and the server tokenises them.
    """

    def __init__(
        self, model: str, options: EmbedderOptions | None, server: ServerOptions, progress: Progress | None = None
    ) -> None:
        """Look at a server and try what it can.

        Args:
            model: folder of the model that is served (its weights are not read), or any name where there is none.
            options: of these `long`, `prefix` and `max_model_len` count, and `pooling`, `layer` and `dtype` are the
                server's business.
            server: where it is.
            progress: called as texts are embedded, with the texts and tokens since its last call.

        Raises:
            InputError: when the server cannot be used or gives no embeddings, with what to do.
        """
        self.options = options or EmbedderOptions()
        for name, only in (("pooling", "auto"), ("layer", -1), ("dtype", "auto")):
            if (found := getattr(self.options, name)) != only:
                raise InputError(f"embedder option {name} is {found!r}, expected {only!r} with a server, since that is "
                                 "decided where it is started")  # fmt: skip
        self._server, self._progress = server, progress
        self._client = Client(server)
        self._loop = Loop()
        try:
            self.served = self._loop.run(probe.look(self._client, server.model_name))
            self._open(model, Path(model).expanduser())
        except BaseException:
            self.close()
            raise

    def _open(self, model: str, folder: Path) -> None:
        served = self.served
        self.name = f"server {served.software}, model {served.model}"
        self._cutter = None
        if served.is_vllm and (folder / "config.json").is_file():
            config = limits.configuration(folder)
            length = limits.context(model, config, self.options.max_model_len, False)
            self._cutter = Cutter(folder, model, config, min(length, served.length or length), self.options)
            self._see_tokens(model)
            self.fingerprint = chat.model_fingerprint(folder)
            self.setting = f"the server's pooling, window {self._cutter.length}, tokens {served.content}"
        elif self.options.long != "refuse" or self.options.max_model_len is not None:
            raise InputError(
                f"the server of {served.model} ({served.software}) is asked for windows of tokens, which needs vLLM's "
                "own server and the folder of its model, expected long: refuse, and no max_model_len"
            )
        else:
            self.fingerprint = served.identity(self._server.host)
            self.setting = "the server's pooling, text"
        self.dimensions = int(self._pool(self._cutter.windows([Text("", "a")])[0]).shape[1] if self._cutter
                              else self._ask(["a"]).shape[1])  # fmt: skip

    def _see_tokens(self, model: str) -> None:
        """Compare the vector of a text with that of its tokens: a folder with another tokenizer is another model's."""
        assert self._cutter is not None
        [pieces] = self._cutter.windows([Text("", _BORDER)])
        if len(pieces) > 1:  # windows this short cannot be compared with a text
            return
        one, other = unit(self._ask([list(pieces[0])]))[0], unit(self._ask([self.options.prefix + _BORDER]))[0]
        if one.shape != other.shape or float(one @ other) < _ALIKE:
            raise InputError(f"{model}: its tokenizer is not that of {self.served.model} on the server, expected the "
                             "folder of the model that is served")  # fmt: skip

    def embed(self, texts: Iterable[Text]) -> Iterator[Vector]:
        """Embed every text exactly once, in order.

        Raises:
            InputError: for a text that cannot be embedded.
        """
        if self._cutter is not None:
            return embedded(texts, self._cutter, self._pool, self.dimensions, self._progress)
        return self._whole(texts)

    def close(self) -> None:
        """Close the connections; twice does nothing."""
        if not self._loop.is_closed:
            self._loop.run(self._client.close())
            self._loop.close()

    def _pool(self, pieces: list[Tokens]) -> np.ndarray:
        return self._ask([list(piece) for piece in pieces])

    def _whole(self, texts: Iterable[Text]) -> Iterator[Vector]:
        """Vectors of texts that the server tokenises; it refuses one that is longer than its context."""
        for window in windows(texts, TEXTS * self._server.concurrency):
            filled = [self.options.prefix + one.text for one in window if written(one).strip()]
            rows = iter(unit(self._ask(filled))) if filled else iter(())
            for one in window:
                yield Vector(one.id, next(rows) if one.text.strip() else np.zeros(self.dimensions, np.float32))
            if self._progress is not None:
                self._progress(len(window), 0)

    def _ask(self, inputs: Sequence[bodies.Shown]) -> np.ndarray:
        """Vectors of texts or windows of tokens at the length the server gives them, float32 (n, dimensions)."""
        groups = [inputs[begin : begin + TEXTS] for begin in range(0, len(inputs), TEXTS)]
        jobs = [functools.partial(self._post, group) for group in groups]
        made = dict(self._loop.each(jobs, self._server.concurrency))
        return np.concatenate([made[place] for place in range(len(groups))])

    async def _post(self, group: Sequence[bodies.Shown]) -> np.ndarray:
        path, body = bodies.embedding(self.served, group)
        try:
            return np.stack(await self._client.ask(path, body, lambda reply: replies.vectors(reply, len(group))))
        except Absent as absent:
            raise InputError(f"{self._server.host}: {self.served.model} gives no embeddings (it has no such path), "
                             "expected a server started for them (vLLM: --runner pooling), or an embedder vllm or "
                             "transformers") from absent  # fmt: skip
        except Refusal as refusal:
            if len(group) > 1:  # one of them may be too long, or all of them too many
                return np.concatenate([await self._post([one]) for one in group])
            shown = f"the text that begins {group[0][:40]!r}" if isinstance(group[0], str) else "tokens of a text"
            raise InputError(f"{self._server.host}: {self.served.model} refused {shown} ({refusal}), expected texts "
                             "that its context holds, and a server started for embeddings (vLLM: --runner pooling)"
                             ) from refusal  # fmt: skip
