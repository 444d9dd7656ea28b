"""A small model made from nothing that goes on with lists of a task's rows: what rehearsal asks of any model.

Its tokenizer and its weights are learned on the spot from the training rows of the SuperNI subset of the SSR paper. A
list has three rows of one task under the labels that `rehearse` asks with, and ends there, as two demonstrations and a
row that is made up do.
"""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from curation import storage
from train.options.run import Source, TrainOptions
from train.training import train

END, PAD = "<|end|>", "<|pad|>"
# Words with the space before them, single letters, whole numbers, what parts the items of a list, other signs, spaces.
ITEMS = r" ?\p{L}{2,}|\p{L}|\p{N}+|', '|, ?|[^\s\p{L}\p{N}]+|\n+| +"
TOKENS, POSITIONS, WIDTH, LAYERS, HEADS = 6_000, 2_048, 128, 4, 4
ROWS = 3  # of a list
ITEM_TOKENS = 8_000  # where whole numbers are among them


def flat(text: str) -> str:
    """Without blank lines, which part the rows of a list."""
    return "\n".join(line.strip() for line in text.strip().split("\n") if line.strip())


def row(one: Mapping[str, Any]) -> str:
    return f"Input: {flat(one['input'])}\nOutput: {flat(one['output'])}"


def make(
    found: Mapping[str, Sequence[Mapping[str, Any]]], out: Path, lists: int, steps: int, seed: int, items: bool = False
) -> Path:
    """The model's folder.

    Args:
        found: by task, rows with `input` and `output`.
        out: folder to write to.
        lists: of each task; each draws its rows anew.
        steps: of training, 4,096 tokens each.
        seed: of weights, lists and order.
        items: letters that stand alone and numbers are one token each, and what parts them another: a list is as many
            tokens as twice its elements.
    """
    out.mkdir(parents=True, exist_ok=True)
    _start([row(one) for rows in found.values() for one in rows], out / "start", seed, items)
    rng = random.Random(seed)
    texts = [
        "\n\n".join(row(one) for one in rng.sample(list(found[task]), ROWS))
        for task in sorted(found)
        for _ in range(lists)
    ]
    storage.write_text(
        "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts), out / "lists.jsonl"
    )
    options = TrainOptions(
        str(out / "start"), (Source(out / "lists.jsonl"),), method="cpt", tuning="full", steps=steps, batch_size=2,
        max_tokens=POSITIONS, learning_rate=3e-3, over_long="drop", checkpoint_steps=50, threads=1, seed=seed,
    )  # fmt: skip
    return train(options, out / "model", _tell).folder


def _tell(at: Any) -> None:
    if at.step % 25 == 0:
        print(f"step {at.step} of {at.steps}, loss {at.loss:.3f}", flush=True)


def _start(texts: Sequence[str], folder: Path, seed: int, items: bool) -> None:
    """A tokenizer of the texts and a model of random weights."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if items:
        whole = pre_tokenizers.Split(Regex(ITEMS), "isolated")
        as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([whole, as_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    count = ITEM_TOKENS if items else TOKENS
    trainer = trainers.BpeTrainer(vocab_size=count, special_tokens=[PAD, END], initial_alphabet=alphabet,
                                  show_progress=False)  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=PAD,
                                   model_max_length=POSITIONS, clean_up_tokenization_spaces=False)  # fmt: skip
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(fast), hidden_size=WIDTH, intermediate_size=3 * WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=HEADS, max_position_embeddings=POSITIONS,
        tie_word_embeddings=True, eos_token_id=fast.eos_token_id, pad_token_id=fast.pad_token_id, bos_token_id=None,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
