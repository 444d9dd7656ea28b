"""Several copies of a model, each an actor of Ray with GPUs of its own, asked as one engine is."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeVar, cast

from curation import chat, cluster
from curation.errors import InputError
from curation.model import Request, Response, Score, ScoreRequest

from . import engine as chunked
from . import vllm_settings
from .engine import Progress
from .options import EngineOptions
from .requests import Passage, Prompt, Prompter, guidable

T = TypeVar("T", Response, Score)


class Copy:
    """One copy, in the process of its actor."""

    def open(self, kind: str, model: str, options: dict[str, Any]) -> dict[str, Any]:
        """Load the model, and say what the asking side needs to know of it."""
        from . import opened

        self._engine = cast(Any, opened(kind, model, EngineOptions(**options)))
        told = {name: getattr(self._engine, name) for name in ("name", "fingerprint", "setting", "chunk")}
        prompter: Prompter = self._engine._prompter
        return {**told, "length": prompter.max_model_len, "vocabulary": prompter.vocabulary}

    def answer(self, prompts: list[Prompt]) -> list[Response]:
        """See Engine."""
        return self._engine.answer(prompts)

    def measure(self, passages: list[Passage]) -> list[Score]:
        """See Engine."""
        return self._engine.measure(passages)


class Copies:
    """An engine over copies of one. Generator and Scorer.

    A chunk is cut into as many stretches as there are copies, in its order, so that requests with a common beginning
    stay together; each copy answers one. Answers are those of one copy, but for last bits, which hang on what shares a
    batch.
    """

    def __init__(self, kind: str, model: str, options: EngineOptions, progress: Progress | None = None) -> None:
        """Load the copies, all at the same time.

        They run on the Ray cluster that RAY_ADDRESS names, else on one of this machine that ends with them; a copy
        takes `tensor_parallel_size` GPUs of one machine, or a core where the cluster has no GPU. Every machine sees
        the model under the same path.

        Args:
            kind: `vllm` or `transformers`.
            model: folder or hub name.
            options: see EngineOptions.
            progress: called as requests are answered.

        Raises:
            InputError: when Ray or the model cannot be used, or the cluster is too small, with what to do.
        """
        folder = chat.model_folder(model)
        self.options = options
        self._kind, self._model, self._progress = kind, model, progress
        self._ray, self._ours = _connected()
        self._copies: list[Any] = []
        try:
            self._start()
            own = asdict(vllm_settings.of_one_copy(options))
            told = self._asked([copy.open.remote(kind, str(folder), own) for copy in self._copies])
        except BaseException:
            self.close()
            raise
        facts = told[0]
        self.name, self.fingerprint, self.setting = facts["name"], facts["fingerprint"], facts["setting"]
        self.chunk = facts["chunk"] * options.data_parallel_size
        self._prompter = Prompter(folder, model, facts["length"], options.thinking, facts["vocabulary"])
        self.asking = self._prompter.asking

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Answer every request, in order; one that does not fit the context is refused."""
        return chunked.generate(self, requests, self._progress)

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        """Log-probabilities of every continuation, in order."""
        return chunked.score(self, requests, self._progress)

    def prompt(self, request: Request) -> Prompt:
        """A request as one copy would send it.

        Raises:
            InputError: as a copy does.
        """
        if self._kind == "vllm":
            vllm_settings.check_room(request, self.options)
        return guidable(self._prompter.prompt(request))

    def passage(self, request: ScoreRequest) -> Passage:
        """A text to score, tokenised."""
        return self._prompter.passage(request)

    def answer(self, prompts: Sequence[Prompt], progress: Progress | None = None) -> list[Response]:
        """One response a prompt, in order.

        Raises:
            InputError: as a copy does, or when one is lost.
        """
        shares = self._shares(len(prompts))
        return self._joined(
            [copy.answer.remote(list(prompts[share])) for copy, share in zip(self._copies, shares, strict=False)],
            progress,
        )

    def measure(self, passages: Sequence[Passage], progress: Progress | None = None) -> list[Score]:
        """One score a passage, in order.

        Raises:
            InputError: as a copy does, or when one is lost.
        """
        shares = self._shares(len(passages))
        return self._joined(
            [copy.measure.remote(list(passages[share])) for copy, share in zip(self._copies, shares, strict=False)],
            progress,
        )

    def close(self) -> None:
        """End the copies, and the cluster where it was started for them; twice does nothing."""
        copies, self._copies = self._copies, []
        for copy in copies:
            self._ray.kill(copy)
        if self._ours:
            self._ours = False
            self._ray.shutdown()

    def _start(self) -> None:
        """Make the actors, once the cluster is seen to have room for all: Ray would wait for room for ever."""
        wanted = self.options.data_parallel_size
        machines = [machine["Resources"] for machine in self._ray.nodes() if machine["Alive"]]
        unit = "GPU" if any(machine.get("GPU") for machine in machines) else "CPU"
        each = self.options.tensor_parallel_size if unit == "GPU" else 1
        room = sum(int(machine.get(unit, 0)) // each for machine in machines)
        if wanted > room:
            server = " ".join(vllm_settings.served(self._model, self.options))
            raise InputError(
                f"engine option data_parallel_size is {wanted}, and the Ray cluster has room for {room} copies of "
                f"{each} {unit} on one machine each; expected fewer, RAY_ADDRESS to name a larger cluster, or for a "
                f"copy over several machines a server: start `{server}` and choose the engine server"
            )
        made = self._ray.remote(num_cpus=1, num_gpus=each if unit == "GPU" else 0)(Copy)
        self._copies = [made.remote() for _ in range(wanted)]

    def _shares(self, count: int) -> list[slice]:
        """Where each copy's stretch begins and ends; their lengths differ by one at most, and none is empty."""
        number = min(len(self._copies), count)
        borders = [count * place // number for place in range(number + 1)] if number else []
        return [slice(begin, end) for begin, end in zip(borders, borders[1:], strict=False)]

    def _joined(self, shares: list[Any], progress: Progress | None) -> list[T]:
        """What the copies make, in the order of their shares, told as each is done."""
        found: dict[Any, list[T]] = {}
        while waiting := [share for share in shares if share not in found]:
            for share in self._ray.wait(waiting)[0]:
                found[share] = self._asked(share)
                if progress is not None:
                    tokens = sum(len(one.token_ids) for one in found[share] if isinstance(one, Response))
                    progress(len(found[share]), tokens)
        return [one for share in shares for one in found[share]]

    def _asked(self, reference: Any) -> Any:
        """What a copy returns, or raises, here; of several all that they return."""
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, InputError):
                raise InputError(str(error.cause)) from error
            raise
        except self._ray.exceptions.RayError as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(
                f"{self._model}: a copy was lost (out of memory?): {reason}; run the same command again, what was "
                "answered before is kept"
            ) from error


def _connected() -> tuple[Any, bool]:
    """Ray, on a cluster, and whether this call went there."""
    ray = sys.modules.get("ray")
    if ray is not None and ray.is_initialized():
        return ray, False
    return cluster.connect(os.environ.get("RAY_ADDRESS"), "engine option data_parallel_size"), True
