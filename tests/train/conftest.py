"""A tiny Llama with a byte-level tokenizer and a chat template: real components, seconds to train."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from curation.model import Request, Response, Score, ScoreRequest

TEMPLATE = (
    "{% for turn in messages %}<|{{ turn['role'] }}|>{{ turn['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]


def make_tokenizer(template: str | None = TEMPLATE) -> PreTrainedTokenizerFast:
    """One token a byte and five special tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>")
    wrapped.chat_template = template
    return wrapped


def write_model(folder: Path, template: str | None = TEMPLATE, layers: int = 2, tied: bool = True) -> Path:
    """A model folder with random weights of a fixed seed."""
    torch.manual_seed(5)
    tokenizer = make_tokenizer(template)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=layers,
        num_attention_heads=2, num_key_value_heads=2, head_dim=32, max_position_embeddings=256,
        tie_word_embeddings=tied, eos_token_id=tokenizer.eos_token_id, pad_token_id=None, bos_token_id=None,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def byte_tokenizer() -> Callable[..., PreTrainedTokenizerFast]:
    return make_tokenizer


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Path]:
    return write_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def raw_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without a chat template."""
    return write_model(tmp_path_factory.mktemp("models") / "raw", template=None)


class HuggingFace:
    """Generates and scores with transformers, one request at a time: the smallest engine that is a real one."""

    name = "transformers"

    def __init__(self, folder: Path) -> None:
        self.fingerprint = folder.name
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def _ids(self, prompt: str | tuple[tuple[str, str], ...]) -> list[int]:
        if isinstance(prompt, str):
            return self.tokenizer(prompt)["input_ids"]
        turns = [{"role": role, "content": content} for role, content in prompt]
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    @torch.inference_mode()
    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        for request in requests:
            ids = self._ids(request.prompt)
            made = self.model.generate(
                input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                max_new_tokens=request.sampling.max_tokens, do_sample=False,
                pad_token_id=self.tokenizer.eos_token_id,
            )[0, len(ids) :].tolist()  # fmt: skip
            reason = "stop" if made[-1] == self.tokenizer.eos_token_id else "length"
            text = self.tokenizer.decode(made, skip_special_tokens=True)
            yield Response(request.id, request.sample, text, tuple(made), reason, len(ids))

    @torch.inference_mode()
    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        for request in requests:
            context = self._ids(request.context) or [self.tokenizer.bos_token_id or self.tokenizer.eos_token_id]
            if isinstance(request.context, str):
                ids = self.tokenizer(request.context + request.continuation)["input_ids"]
                ids = ids if ids[: len(context)] == context else context + ids
            else:
                ids = context + self.tokenizer(request.continuation, add_special_tokens=False)["input_ids"]
            logprobs = self.model(torch.tensor([ids])).logits[0].log_softmax(-1)
            tail = ids[len(context) :]
            found = [float(logprobs[len(context) + n - 1, token]) for n, token in enumerate(tail)]
            yield Score(request.id, tuple(found), tuple(tail))


@pytest.fixture(scope="session")
def engine() -> type[HuggingFace]:
    return HuggingFace


def carry_out(script: str, arguments: list[str], said: str) -> None:
    """In a process of its own: what `python -c` does, with what it prints in two files."""
    for descriptor, kind in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{said}.{kind}", os.O_CREAT | os.O_WRONLY | os.O_APPEND), descriptor)
    sys.argv = ["-c", *arguments]
    exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})


class Started:
    """A script in a process that begins as a copy of one which has imported the libraries."""

    def __init__(self, copies: ForkServerContext, script: str, arguments: list[str], said: Path) -> None:
        self.said = said
        self.process = copies.Process(target=carry_out, args=(script, arguments, str(said)))
        self.process.start()

    def line(self) -> str:
        """The first line that it prints, or what it printed if it ends without."""
        while self.process.is_alive() and "\n" not in self.read("out"):
            time.sleep(0.02)
        return self.read("out") or self.read("err")

    def read(self, kind: str) -> str:
        path = self.said.with_name(f"{self.said.name}.{kind}")
        return path.read_text() if path.exists() else ""

    def kill(self) -> int:
        """`kill -9`; its exit code."""
        self.process.kill()
        return self.code()

    def code(self) -> int:
        self.process.join()
        return int(self.process.exitcode or 0)


@pytest.fixture
def started(copies: ForkServerContext, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Started]:
    """Starts a script with arguments as `python -c` does, in a process that need not import torch and TRL again."""

    def start(script: str, *arguments: object) -> Started:
        return Started(copies, script, [str(one) for one in arguments], tmp_path_factory.mktemp("started") / "said")

    return start
