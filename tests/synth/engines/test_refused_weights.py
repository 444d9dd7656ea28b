"""A model whose weights are no numbers is refused by name, before any engine loads it."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from curation.errors import InputError
from synth.engines import open_engine
from synth.engines.embedders import open_embedder


@pytest.fixture
def broken(seed_model: Path, tmp_path: Path) -> Path:
    """The seed model with one weight of a diverged run."""
    folder = tmp_path / "diverged"
    shutil.copytree(seed_model, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][3] = torch.nan
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


SAID = r"diverged/model\.safetensors: model\.norm\.weight has values that are NaN or infinite, expected numbers"


@pytest.mark.parametrize("kind", ["transformers", "vllm"])
def test_engines_refuse_it(broken: Path, kind: str) -> None:
    with pytest.raises(InputError, match=SAID), open_engine(kind, str(broken)):
        pass


def test_embedders_refuse_it(broken: Path) -> None:
    with pytest.raises(InputError, match=SAID), open_embedder("transformers", str(broken)):
        pass
