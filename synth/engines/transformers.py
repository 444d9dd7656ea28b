"""Transformers as an engine: slower than vLLM, but it runs wherever torch runs."""

import contextlib
import gc
import importlib.metadata
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from curation import chat, tables, weights
from curation.errors import InputError
from curation.model import Request, Response, Score, ScoreRequest

from . import engine as chunked
from . import limits
from .devices import device
from .engine import Progress
from .guides import Guides
from .options import EngineOptions
from .requests import Passage, Prompt, Prompter, guidable
from .silence import quiet
from .writing import Writing

_LOADING = (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError)  # raised for unusable files
SCORED = 1 << 28  # logits of one scoring pass, at most: 1 GiB in float32


@dataclass(frozen=True)
class Addition:
    """What is put onto a model after it is read, made by whoever knows its form.

    Attributes:
        attach: puts it onto the model of transformers. Passes that score a text then name the length of each row's
            prompt, int64 of shape (rows,), as `prompt_tokens`.
        fingerprint: of its content.
        room: positions of the context that it takes.
    """

    attach: Callable[[Any], None]
    fingerprint: str
    room: int = 0


class TransformersEngine:
    """A model in transformers, batched with padding on the left. Generator and Scorer.

    A token is drawn with its request's own generator, on the CPU, so that a request's draws depend on neither its
    neighbours nor the device.
    """

    def __init__(
        self,
        model: str,
        options: EngineOptions | None = None,
        progress: Progress | None = None,
        addition: Addition | None = None,
    ) -> None:
        """Load a model.

        Args:
            model: folder or hub name.
            options: see EngineOptions.
            progress: called as requests are answered.
            addition: put onto the model.

        Raises:
            InputError: when the model or the options cannot be used here, with what to do.
        """
        self.options = options or EngineOptions()
        folder = chat.model_folder(model)
        weights.check_finite(folder)
        config = limits.configuration(folder)
        self._device = device(self.options.device, "engine option device")
        on_cpu = self._device.type == "cpu"
        dtype = limits.number_type(self.options.dtype, config, on_cpu)
        length = limits.context(model, config, self.options.max_model_len, on_cpu)
        if addition is not None:
            length = min(length, getattr(config, "max_position_embeddings", length) - addition.room)
        self._prompter = Prompter(folder, model, length, self.options.thinking, config.vocab_size)
        self.name = f"transformers {importlib.metadata.version('transformers')}"
        self.fingerprint = chat.model_fingerprint(folder)
        self._added = addition is not None
        self.setting = f"{dtype} {self._device.type}"
        self.asking = self._prompter.asking
        self.chunk = self.options.chunk or 256
        self._progress = progress
        self._adapters: set[str] = set()
        self._whole_layers = False  # whether the adapter that is loaded has such
        self._guides: Guides | None = None  # made for the first request that has one
        self._model: Any = _load(model, folder, getattr(torch, dtype), self._device)
        if addition is not None:
            self.fingerprint = tables.fingerprint([self.fingerprint, addition.fingerprint])
            addition.attach(self._model)
        self._ends = _end_tokens(self._prompter.tokenizer, self._model.generation_config)
        self._keeps = "logits_to_keep" in inspect.signature(self._model.forward).parameters

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Answer every request, in order; one that does not fit the context is refused."""
        return chunked.generate(self, requests, self._progress)

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        """Log-probabilities of every continuation, in order."""
        return chunked.score(self, requests, self._progress)

    def prompt(self, request: Request) -> Prompt:
        """A request rendered and tokenised; refused is one with a guide where there is no xgrammar."""
        return guidable(self._prompter.prompt(request))

    def passage(self, request: ScoreRequest) -> Passage:
        """A text to score, tokenised."""
        return self._prompter.passage(request)

    @torch.inference_mode()
    def answer(self, prompts: Sequence[Prompt], progress: Progress | None = None) -> list[Response]:
        """Answer batch by batch, for each adapter apart; prompts of like length share a batch."""
        found: dict[int, Response] = {}
        for adapter in dict.fromkeys(prompt.request.adapter for prompt in prompts):
            places = [place for place, prompt in enumerate(prompts) if prompt.request.adapter == adapter]
            places.sort(key=lambda place: len(prompts[place].token_ids))
            with self._adapted(adapter):
                for begin in range(0, len(places), self.options.batch):
                    some = places[begin : begin + self.options.batch]
                    written = self._write([prompts[place] for place in some])
                    found.update((place, one.response()) for place, one in zip(some, written, strict=True))
                    if progress is not None:
                        progress(len(some), sum(len(one.token_ids) for one in written))
        return [found[place] for place in range(len(prompts))]

    @torch.inference_mode()
    def measure(self, passages: Sequence[Passage], progress: Progress | None = None) -> list[Score]:
        """Log-probabilities of each continuation from one pass over its batch."""
        vocabulary = self._model.get_input_embeddings().num_embeddings
        places = sorted(range(len(passages)), key=lambda place: len(passages[place].token_ids))
        found: dict[int, Score] = {}
        with self._adapted(None):
            while len(found) < len(passages):
                longest = max(1, len(passages[places[len(found)]].token_ids))
                rows = max(1, min(self.options.batch, SCORED // (longest * vocabulary)))
                some = places[len(found) : len(found) + rows]
                found.update(zip(some, self._read([passages[place] for place in some]), strict=True))
                if progress is not None:
                    progress(len(some), 0)
        return [found[place] for place in range(len(passages))]

    def close(self) -> None:
        """Free the model."""
        self._model = None
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        elif self._device.type == "mps":
            torch.mps.empty_cache()

    def _write(self, prompts: list[Prompt]) -> list[Writing]:
        """Draw tokens for a batch until every row has ended; rows that have ended leave the batch."""
        writings = [self._writing(prompt) for prompt in prompts]
        rows = list(writings)
        tokens, mask = self._padded([prompt.token_ids for prompt in prompts])
        state: Any = None
        while rows:
            positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
            output = self._model(
                input_ids=tokens, attention_mask=mask, position_ids=positions, past_key_values=state, use_cache=True,
                **self._kept(1),
            )  # fmt: skip
            state = output.past_key_values
            drawn = [row.draw(logits) for row, logits in zip(rows, output.logits[:, -1].float().cpu(), strict=True)]
            left = [place for place, row in enumerate(rows) if row.finish_reason is None]
            if len(left) < len(rows):
                chosen = torch.tensor(left, dtype=torch.long, device=self._device)
                rows = [rows[place] for place in left]
                mask = mask[chosen]
                if rows:
                    state.batch_select_indices(chosen)
            tokens = torch.tensor([[drawn[place]] for place in left], dtype=torch.long, device=self._device)
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
        return writings

    def _writing(self, prompt: Prompt) -> Writing:
        guide = prompt.request.sampling.guide
        if guide is not None and self._guides is None:
            width = self._model.get_output_embeddings().weight.shape[0]
            self._guides = Guides(self._prompter.tokenizer, width, self._ends)
        held = self._guides.begin(guide) if guide is not None and self._guides is not None else None
        return Writing(prompt, self._prompter.tokenizer, self._ends, held)

    def _read(self, passages: list[Passage]) -> list[Score]:
        tokens, mask = self._padded([passage.token_ids for passage in passages])
        keep = max(len(passage.token_ids) - passage.start for passage in passages) + 1
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        told = {}
        if self._added:
            told["prompt_tokens"] = torch.tensor([passage.start for passage in passages], device=self._device)
        logits = self._model(
            input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=False, **self._kept(keep), **told
        ).logits[:, -keep:]
        scores = []
        for passage, row in zip(passages, logits, strict=True):
            wanted = passage.token_ids[passage.start :]
            before = row[keep - 1 - len(wanted) : keep - 1].float().log_softmax(-1)
            places = torch.tensor(wanted, dtype=torch.long, device=self._device)
            values = before.gather(-1, places[:, None])[:, 0]
            scores.append(Score(passage.request.id, tuple(values.tolist()), wanted))
        return scores

    def _padded(self, sequences: list[tuple[int, ...]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and attention mask, int64 of shape (rows, longest), padded on the left."""
        longest = max(map(len, sequences))
        tokens = torch.zeros(len(sequences), longest, dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, sequence in enumerate(sequences):
            tokens[row, longest - len(sequence) :] = torch.tensor(sequence)
            mask[row, longest - len(sequence) :] = 1
        return tokens.to(self._device), mask.to(self._device)

    def _kept(self, positions: int) -> dict[str, int]:
        """Ask for the logits of the last positions only, of models that can give them."""
        return {"logits_to_keep": positions} if self._keeps else {}

    @contextlib.contextmanager
    def _adapted(self, folder: str | None) -> Iterator[None]:
        """The model with an adapter, or without any."""
        if folder is None:
            with self._model.disable_adapter() if self._adapters else contextlib.nullcontext():
                yield
            return
        if self._added:
            raise InputError(
                f"{folder}: found an adapter for a model that has something beside it, expected one of them"
            )
        name = chat.adapter_fingerprint(folder)
        if name not in self._adapters:
            limits.check_adapter(folder)
            self._load_adapter(folder, name)
            self._adapters.add(name)
        self._model.set_adapter(name)
        yield

    def _load_adapter(self, folder: str, name: str) -> None:
        """Put an adapter into the model; one that does not fit leaves the model as it was."""
        from peft import LoraConfig, PeftModelForCausalLM

        wrapped = self._model
        try:
            settings = LoraConfig.from_pretrained(folder, inference_mode=True)
            whole = bool(settings.modules_to_save)
            if self._adapters and (whole or self._whole_layers):  # PEFT cannot hold such beside any other
                wrapped = self._model = _bare(self._model)
                self._adapters.clear()
            if not self._adapters:
                wrapped = PeftModelForCausalLM(self._model, settings, adapter_name=name)
            wrapped.load_adapter(folder, adapter_name=name)
            self._model, self._whole_layers = wrapped.eval(), whole
        except _LOADING as error:
            if self._adapters:
                if name in wrapped.peft_config:
                    wrapped.delete_adapter(name)
            elif wrapped is not self._model:
                self._model = _bare(wrapped)
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"{folder}: {reason}; expected a LoRA adapter made for this model") from error


def _bare(wrapped: Any) -> Any:
    """The model without its adapters: unloading alone would leave their whole layers in place of its own."""
    for name in list(wrapped.peft_config):
        wrapped.delete_adapter(name)
    return wrapped.unload()


def _load(model: str, folder: Path, dtype: torch.dtype, device: torch.device) -> Any:
    """The model, whole: transformers would fill weights that are not in the files with random numbers."""
    from transformers import AutoModelForCausalLM

    try:
        with quiet():
            loaded, report = AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, trust_remote_code=False, use_safetensors=True, output_loading_info=True
            )
        missing = sorted(report["missing_keys"])
        if not missing:
            return loaded.to(device).eval()
    except _LOADING as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"{model}: transformers cannot load it ({reason}), expected a whole causal model") from error
    raise InputError(f"{model}: its weights lack {missing[0]}, one of {len(missing)}, expected a whole causal model")


def _end_tokens(tokenizer: Any, settings: Any) -> frozenset[int]:
    """Tokens that end an answer: the tokenizer's, and those of the model's generation settings."""
    named = settings.eos_token_id
    more = named if isinstance(named, list) else [named]
    return frozenset(token for token in [tokenizer.eos_token_id, *more] if token is not None)
