"""A tiny model with random weights, its adapters and its tokenizer: real components that take a second to make."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from curation.model import Response, Score
from synth.engines.engine import Progress
from synth.engines.options import EngineOptions
from synth.engines.requests import Passage, Prompt
from synth.engines.transformers import TransformersEngine

TEMPLATE = (
    "{{ bos_token }}{% for turn in messages %}"
    "{% if turn['role'] not in ('system', 'user', 'assistant') %}{{ raise_exception('unknown role') }}{% endif %}"
    "<|{{ turn['role'] }}|>{{ turn['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|pad|>", "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEXTS = [
    "the cat sat on the mat and the dog sat on the cat",
    "하늘을 나는 새와 하늘을 보는 사람",
    "Input: 12\nOutput: 21\n\n",
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """A model this small is slower on two threads, and far slower where another process has the second core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make_tokenizer(template: str | None = TEMPLATE, ends: bool = False) -> PreTrainedTokenizerFast:
    """Byte-level pairs, a start token before raw text and, with `ends`, an end token after it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|bos|> $A <|end|>" if ends else "<|bos|> $A", special_tokens=[("<|bos|>", 1), ("<|end|>", 2)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|bos|>", eos_token="<|end|>", pad_token="<|pad|>"
    )
    wrapped.chat_template = template
    return wrapped


@pytest.fixture(scope="session")
def write_tokenizer() -> Callable[..., PreTrainedTokenizerFast]:
    return make_tokenizer


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers, heads of dimension 32 and a context of 256 tokens; its logits are far apart."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = make_tokenizer()
    torch.manual_seed(11)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=32, max_position_embeddings=256, initializer_range=0.25,
        tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def adapters(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two LoRA adapters of ranks 4 and 8 that change what the tiny model says."""
    folders = []
    for rank in (4, 8):
        base = AutoModelForCausalLM.from_pretrained(tiny_model)
        torch.manual_seed(rank)
        model = get_peft_model(
            base, LoraConfig(r=rank, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
        )
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.1)
        folders.append(tmp_path_factory.mktemp("adapters") / f"rank{rank}")
        model.save_pretrained(folders[-1])
    return folders[0], folders[1]


@pytest.fixture
def copied_model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be damaged."""
    return Path(shutil.copytree(tiny_model, tmp_path / "copy"))


@pytest.fixture(scope="session")
def portable(tiny_model: Path) -> Iterator[TransformersEngine]:
    """The tiny model in transformers."""
    engine = TransformersEngine(str(tiny_model))
    yield engine
    engine.close()


class Watched(TransformersEngine):
    """A real engine that notes the ids of each chunk that reaches the model."""

    chunks: list[list[str]]

    def answer(self, prompts: Sequence[Prompt], progress: Progress | None = None) -> list[Response]:
        self.chunks.append([prompt.request.id for prompt in prompts])
        return super().answer(prompts, progress)

    def measure(self, passages: Sequence[Passage], progress: Progress | None = None) -> list[Score]:
        self.chunks.append([passage.request.id for passage in passages])
        return super().measure(passages, progress)


@pytest.fixture(scope="session")
def open_watched(tiny_model: Path) -> Callable[..., Watched]:
    """Open a model in transformers, the tiny one unless another is named, and note what reaches it."""

    def opened(options: EngineOptions | None = None, model: Path | None = None) -> Watched:
        engine = Watched(str(model or tiny_model), options)
        engine.chunks = []
        return engine

    return opened
