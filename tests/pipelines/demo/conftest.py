"""A seed model with random weights: the real tokenizer and layout, without the minutes of training."""

from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from pipelines.demo import make_seed_model, seed_tokenizer
from pipelines.demo.seed_corpus import sample_texts

Model = tuple[LlamaForCausalLM, PreTrainedTokenizerFast]


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """Learned from a few documents of every kind."""
    return seed_tokenizer.learn(sample_texts(0, 100), ["apple", "사과", "cold"], frequent=20)


@pytest.fixture(scope="session")
def untrained(tokenizer: PreTrainedTokenizerFast) -> Model:
    """The seed model before its first step."""
    torch.manual_seed(0)
    return make_seed_model.build_model(tokenizer).eval(), tokenizer


@pytest.fixture(scope="session")
def untrained_folder(untrained: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model, saved."""
    folder = tmp_path_factory.mktemp("models") / "untrained"
    make_seed_model.save(*untrained, folder)
    return folder
