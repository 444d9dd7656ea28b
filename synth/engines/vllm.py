"""vLLM in this process: the default engine and the fast one."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from curation import chat, weights
from curation.errors import InputError
from curation.model import Request, Response, Sampling, Score, ScoreRequest

from . import engine as chunked
from . import guides, limits, vllm_process, vllm_settings
from .engine import Progress
from .options import EngineOptions
from .requests import Passage, Prompt, Prompter


class VllmEngine:
    """A model in vLLM's offline engine. Generator and Scorer."""

    def __init__(self, model: str, options: EngineOptions | None = None, progress: Progress | None = None) -> None:
        """Load a model.

        Args:
            model: folder or hub name.
            options: see EngineOptions.
            progress: called as requests are answered.

        Raises:
            InputError: when the model or the options cannot be used here, with what to do.
        """
        self.options = options or EngineOptions()
        folder = chat.model_folder(model)
        weights.check_finite(folder)
        self.fingerprint = chat.model_fingerprint(folder)
        self._llm: Any = None
        self._adapters: dict[str, Any] = {}
        self._numbered = 0
        self._progress = progress
        self.name = f"vllm {vllm_process.version()}"
        self._entered = vllm_process.enter()
        try:
            self._open(model, folder)
        except BaseException:
            self.close()
            raise

    def _open(self, model: str, folder: Path) -> None:
        here = vllm_settings.fit(model, folder, self.options.max_model_len, self.options.dtype)
        self._prompter = Prompter(folder, model, here.length, self.options.thinking, here.config.vocab_size)
        self.setting = f"{here.dtype} {here.device}"
        self.asking = self._prompter.asking
        self.chunk = self.options.chunk or (256 if here.on_cpu else 4096)
        self._llm = vllm_process.load(model, folder, vllm_settings.settings(self.options, here))
        _compile_in_turn(self._llm)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Answer every request, in order; one that does not fit the context is refused."""
        return chunked.generate(self, requests, self._progress)

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        """Log-probabilities of every continuation, in order."""
        return chunked.score(self, requests, self._progress)

    def prompt(self, request: Request) -> Prompt:
        """A request rendered and tokenised.

        Raises:
            InputError: when it names an adapter that this engine was not opened for, or needs a missing template.
        """
        vllm_settings.check_room(request, self.options)
        return self._prompter.prompt(request)

    def passage(self, request: ScoreRequest) -> Passage:
        """A text to score, tokenised."""
        return self._prompter.passage(request)

    def answer(self, prompts: Sequence[Prompt], progress: Progress | None = None) -> list[Response]:
        """One generate call for each adapter that the prompts name: mixed in one batch they are wrong on a CPU."""
        self._llm.reset_prefix_cache()
        found: dict[int, Response] = {}
        for adapter in dict.fromkeys(prompt.request.adapter for prompt in prompts):
            places = [place for place, prompt in enumerate(prompts) if prompt.request.adapter == adapter]
            chosen = [prompts[place] for place in places]
            outputs = self._run(
                [prompt.token_ids for prompt in chosen],
                [_parameters(prompt) for prompt in chosen],
                self._adapter(adapter),
                progress,
            )
            for place, output in zip(places, outputs, strict=True):
                found[place] = _response(prompts[place], output)
        return [found[place] for place in range(len(prompts))]

    def measure(self, passages: Sequence[Passage], progress: Progress | None = None) -> list[Score]:
        """Log-probabilities of each continuation from one pass over its prompt.

        Raises:
            InputError: when the engine was opened for adapters, with which vLLM cannot give log-probabilities of a
                prompt: open another one.
        """
        if self.options.adapter_rank:
            raise InputError("an engine opened with adapter_rank cannot score: merge the adapter and open its model")
        from vllm import SamplingParams

        self._llm.reset_prefix_cache()
        parameters = SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=0, detokenize=False)
        outputs = self._run([passage.token_ids for passage in passages], [parameters] * len(passages), None, progress)
        return [_score(passage, output) for passage, output in zip(passages, outputs, strict=True)]

    def _run(
        self, prompts: list[tuple[int, ...]], parameters: list[Any], adapter: Any, progress: Progress | None
    ) -> list[Any]:
        """Send tokens, step the engine until all are answered; outputs in the order of the prompts."""
        from vllm.inputs import TokensPrompt

        engine = self._llm.llm_engine
        inputs = [TokensPrompt(prompt_token_ids=list(prompt)) for prompt in prompts]
        names = self._llm.enqueue(inputs, parameters, lora_request=adapter, use_tqdm=False)
        finished: dict[str, Any] = {}
        try:
            while engine.has_unfinished_requests():
                done = [output for output in engine.step() if output.finished]
                finished.update((output.request_id, output) for output in done)
                if progress is not None and done:
                    progress(len(done), sum(len(output.outputs[0].token_ids) for output in done))
        except BaseException:
            engine.abort_request([name for name in names if name not in finished], internal=True)
            raise
        return [finished[name] for name in sorted(finished, key=lambda name: int(name))]

    def _adapter(self, folder: str | None) -> Any:
        """The adapter as vLLM names it: by a number that stays with its content."""
        if folder is None:
            return None
        from vllm.lora.request import LoRARequest

        content = chat.adapter_fingerprint(folder)
        if content not in self._adapters:
            limits.check_adapter(folder, vllm_settings.slot(self.options.adapter_rank))
            self._numbered += 1
            adapter = LoRARequest(content, self._numbered, str(folder))
            try:
                self._llm.llm_engine.add_lora(adapter)
            except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
                reason = " ".join(str(error).split())[:300]
                raise InputError(f"{folder}: {reason}; expected a LoRA adapter made for this model, of a kind that "
                                 "vLLM serves (the engine transformers serves every kind)") from error  # fmt: skip
            self._adapters[content] = adapter
        return self._adapters[content]

    def close(self) -> None:
        """Free the model, and with the last engine of the process what vLLM changed in it; twice does nothing."""
        if self._entered:
            llm, self._llm, self._entered = self._llm, None, False
            vllm_process.leave(llm)


def _compile_in_turn(llm: Any) -> None:
    """Make grammars as requests come in, not beside them.

    A request whose grammar is still being made waits while others go on, and which share its batch would hang on how
    fast this machine is just then: the last bits of what comes out too.
    """
    core = getattr(llm.llm_engine.engine_core, "engine_core", None)  # none where the engine is another process
    if core is not None:
        core.structured_output_manager._use_async_grammar_compilation = False


def _parameters(prompt: Prompt) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    sampling: Sampling = prompt.request.sampling
    held = None
    if sampling.guide is not None:
        held = StructuredOutputsParams(regex=guides.pattern(sampling.guide), grammar=guides.grammar(sampling.guide))
    return SamplingParams(
        max_tokens=prompt.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        repetition_penalty=sampling.repetition_penalty,
        stop=list(sampling.stop),
        seed=prompt.seed,
        structured_outputs=held,
    )


def _response(prompt: Prompt, output: Any) -> Response:
    request, made, count = prompt.request, output.outputs[0], len(prompt.token_ids)
    if made.finish_reason not in ("stop", "length"):
        said = f"vLLM gave the answer up ({made.finish_reason}): its guide may lead to where no token can follow"
        return Response(request.id, request.sample, "", (), "refused", count, said)
    return Response(request.id, request.sample, made.text, tuple(made.token_ids), made.finish_reason, count)


def _score(passage: Passage, output: Any) -> Score:
    tokens = passage.token_ids[passage.start :]
    rows = output.prompt_logprobs[passage.start :]
    values = tuple(float(row[token].logprob) for row, token in zip(rows, tokens, strict=True))
    return Score(passage.request.id, values, tokens)
