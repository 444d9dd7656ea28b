"""A model behind an OpenAI-compatible address, asked as the engines in this process are."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from curation import chat, storage, tables
from curation.errors import InputError
from curation.model import Request, Response, Score, ScoreRequest

from .. import engine as chunked
from .. import limits
from ..engine import Progress, Unfinished
from ..options import EngineOptions
from ..requests import Passage, Prompt, Prompter
from . import bodies, probe, replies
from .client import Client
from .failures import Refusal
from .loop import Loop
from .options import ServerOptions

CHUNK = 256
_BORDER = "The 3 cats; 하늘을 나는 새 12.5%\n"  # letters, digits and Hangul, on which tokenizers part
T = TypeVar("T")


class ServerEngine:
    """A served model. Generator and Scorer.

    With the model's folder at hand and vLLM behind the address, prompts are rendered and tokenised here and sent as
    tokens, the same as the offline engine's; otherwise the server renders conversations by its own template.
    """

    def __init__(
        self, model: str, options: EngineOptions | None, server: ServerOptions, progress: Progress | None = None
    ) -> None:
        """Look at a server and try what it can.

        Args:
            model: folder of the model that is served (its weights are not read), or any name where there is none.
            options: of these `max_model_len`, `thinking` and `chunk` count; the others are the server's business.
            server: where it is.
            progress: called as requests are answered.

        Raises:
            InputError: when the server cannot be used, with what to do.
        """
        self.options, self.server = options or EngineOptions(), server
        self.chunk = self.options.chunk or CHUNK
        self._progress = progress
        self._client = Client(server)
        self._loop = Loop()
        try:
            self.served = self._loop.run(probe.discover(self._client, server.model_name))
            self._open(Path(model).expanduser())
        except BaseException:
            self.close()
            raise

    def _open(self, folder: Path) -> None:
        served, asked = self.served, self.options.max_model_len
        if asked is not None and served.length is not None and asked > served.length:
            raise InputError(f"engine option max_model_len is {asked}, expected at most {served.length}, the context "
                             f"of {served.model} on the server")  # fmt: skip
        self._prompter: Prompter | None = None
        at_hand = (folder / "config.json").is_file()
        if at_hand and probe.TOKENS in served.abilities:
            self._prompter = self._tokens_of(folder)
            self.fingerprint = chat.model_fingerprint(folder)
        else:
            self.fingerprint = served.identity(self.server.host)
        self.name = f"server {served.software}, model {served.model}"
        self.setting = f"tokens {served.content}" if self._prompter is not None else "text"
        rendering = None if self._prompter is None else self._prompter.asking
        bodies_made_by = storage.digest(Path(str(bodies.__file__)))
        told = [served.length, served.limit, sorted(served.adapters.items()), sorted(map(str, served.abilities))]
        self.asking = tables.fingerprint([rendering, self.options.thinking, bodies_made_by, told])

    def _tokens_of(self, folder: Path) -> Prompter:
        """The tokenizer of the model's folder, seen to be the server's."""
        config = limits.configuration(folder)
        length = self.options.max_model_len or self.served.length or limits.context(str(folder), config, None, False)
        prompter = Prompter(folder, str(folder), length, self.options.thinking, config.vocab_size)
        body = {"model": self.served.model, "prompt": _BORDER, "max_tokens": 1, "add_special_tokens": False,
                "return_token_ids": True}  # fmt: skip
        reply = self._loop.run(probe.attempt(self._client, bodies.COMPLETIONS, body)) or {}
        choices = reply.get("choices")
        told = choices[0].get("prompt_token_ids") if isinstance(choices, list) and choices else None
        if told != prompter.tokenizer(_BORDER, add_special_tokens=False)["input_ids"]:
            raise InputError(f"{folder}: its tokenizer is not that of {self.served.model} on the server, expected the "
                             "folder of the model that is served")  # fmt: skip
        return prompter

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Answer every request, in order; one that the server will not answer is refused."""
        return chunked.generate(self, requests, self._progress)

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        """Log-probabilities of every continuation, in order."""
        return chunked.score(self, requests, self._progress)

    def prompt(self, request: Request) -> Prompt:
        """A request as it will be sent.

        Raises:
            InputError: when it needs what the server was not seen to do, or an adapter that it does not have.
        """
        bodies.check(self.served, request, self._prompter is not None)
        if request.adapter is not None:
            self.served.adapter(request.adapter)
        if self._prompter is not None:
            return self._prompter.prompt(request)
        return bodies.unrendered(request)

    def passage(self, request: ScoreRequest) -> Passage:
        """A text to score as it will be sent.

        Raises:
            InputError: when nothing but text can be sent: where its tokens begin and end is then not known.
        """
        if self._prompter is None:
            raise InputError(f"log-probabilities of a given text are asked of {self.served.model}, expected vLLM's "
                             "own server and the folder of its model, or the engine vllm or transformers")  # fmt: skip
        if self.served.adapters:
            names = ", ".join(list(self.served.adapters)[:10])
            raise InputError(f"log-probabilities of a given text are asked of a server with adapters ({names}), which "
                             "vLLM on a CPU does not survive: start one without them")  # fmt: skip
        return self._prompter.passage(request)

    def sent(self, prompt: Prompt) -> tuple[str, dict[str, Any]]:
        """Path and body of a request: what its answer hangs on."""
        return bodies.generation(self.served, prompt, self._prompter is not None, self.options.thinking)

    def answer(self, prompts: Sequence[Prompt], progress: Progress | None = None) -> list[Response]:
        """One response a prompt, in order; adapter by adapter: mixed in one batch they are wrong on a CPU.

        Raises:
            Unfinished: when nothing more will be answered, with what was.
        """
        found: dict[int, Response] = {}
        for adapter in dict.fromkeys(prompt.request.adapter for prompt in prompts):
            places = [place for place, prompt in enumerate(prompts) if prompt.request.adapter == adapter]
            jobs = [functools.partial(self._answer, prompts[place]) for place in places]
            for place, response in self._each(jobs, places, found):
                found[place] = response
                if progress is not None:
                    progress(1, len(response.token_ids))
        return [found[place] for place in range(len(prompts))]

    def measure(self, passages: Sequence[Passage], progress: Progress | None = None) -> list[Score]:
        """One score a passage, in order.

        Raises:
            Unfinished: when nothing more will be answered, with what was.
        """
        found: dict[int, Score] = {}
        jobs = [functools.partial(self._measure, passage) for passage in passages]
        for place, score in self._each(jobs, range(len(passages)), found):
            found[place] = score
            if progress is not None:
                progress(1, 0)
        return [found[place] for place in range(len(passages))]

    def close(self) -> None:
        """Close the connections; twice does nothing."""
        if not self._loop.is_closed:
            self._loop.run(self._client.close())
            self._loop.close()

    def _each(
        self, jobs: Sequence[Callable[[], Any]], places: Sequence[int], found: dict[int, T]
    ) -> Iterator[tuple[int, T]]:
        """Results of jobs under their places; an end of all of them carries what was found."""
        try:
            for number, result in self._loop.each(jobs, self.server.concurrency):
                yield places[number], result
        except InputError as error:
            raise Unfinished(str(error), found) from error

    async def _answer(self, prompt: Prompt) -> Response:
        path, body = self.sent(prompt)
        tokens = self._prompter is not None
        try:
            return await self._client.ask(path, body, lambda reply: replies.answer(reply, prompt, tokens))
        except Refusal as refusal:
            request = prompt.request
            return Response(request.id, request.sample, "", (), "refused", len(prompt.token_ids), str(refusal))

    async def _measure(self, passage: Passage) -> Score:
        path, body = bodies.scoring(self.served, passage)
        try:
            return await self._client.ask(path, body, lambda reply: replies.score(reply, passage))
        except Refusal as refusal:
            return Score(passage.request.id, (), (), str(refusal))
