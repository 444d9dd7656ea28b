"""Opening an engine by its kind, closing it, and models that none can open."""

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numba  # noqa: F401 - its library handle once kept vLLM from starting in a process that had imported it
import numpy as np
import pytest
import torch

from curation.errors import InputError
from curation.model import Request, Sampling, ScoreRequest
from synth.engines import KINDS, EngineOptions, cached, open_engine
from synth.engines.cache import Cached
from synth.engines.copies import Copies
from synth.engines.server import ServerOptions
from synth.engines.transformers import TransformersEngine
from synth.engines.vllm import VllmEngine
from synth.engines.vllm_process import ENVIRONMENT, installed

LOCAL = [kind for kind in KINDS if kind != "server"]
REQUEST = Request("r", "the cat", Sampling(max_tokens=5))


@pytest.mark.vllm
def test_an_engine_leaves_the_process_as_it_found_it(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "WARNING")  # what the user has set stays

    def state() -> tuple:
        numbers = np.random.get_state()
        return (dict(os.environ), random.getstate(), numbers[1].tolist(), numbers[2], torch.get_rng_state().tolist(),
                torch.get_num_threads(), torch.set_num_threads)  # fmt: skip

    before = state()
    engine = VllmEngine(str(tiny_model))
    assert os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert os.environ["VLLM_LOGGING_LEVEL"] == "WARNING"
    assert len(next(engine.generate([REQUEST])).token_ids) == 5
    engine.close()
    assert state() == before
    monkeypatch.setenv("SET_LATER", "1")
    random.seed(5)
    later = state()
    engine.close()  # closing twice does nothing
    assert state() == later


@pytest.mark.vllm
def test_auto_is_vllm_where_it_is_installed(tiny_model: Path) -> None:
    told: list[int] = []
    options = EngineOptions(max_model_len=64)
    with open_engine("auto", str(tiny_model), options, lambda done, tokens: told.append(tokens)) as engine:
        assert isinstance(engine, VllmEngine)
        assert next(engine.generate([REQUEST])).id == "r"
        assert next(engine.score([ScoreRequest("s", "the", " cat")])).error is None
        assert next(engine.generate([Request("r", "zq" * 40, Sampling(max_tokens=5))])).error
    assert told[0] == 5
    with pytest.raises(AttributeError):
        list(engine.generate([REQUEST]))  # it was closed


def test_auto_is_transformers_elsewhere(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)  # to import and to find_spec it is as if it were not installed
    assert not installed()
    with open_engine("auto", str(tiny_model)) as engine:
        assert isinstance(engine, TransformersEngine)
        assert len(next(engine.generate([REQUEST])).token_ids) == 5
    with (
        pytest.raises(InputError, match="^vLLM is not installed, expected the package vllm"),
        open_engine("vllm", str(tiny_model)),
    ):
        pass


def test_an_engine_is_closed_by_an_error_too(tiny_model: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_engine("transformers", str(tiny_model)) as engine:
        raise KeyboardInterrupt
    with pytest.raises(TypeError):
        list(engine.generate([REQUEST]))


def test_an_unknown_kind_is_refused_before_the_model_is_looked_for() -> None:
    said = "^engine 'vlm' is unknown, expected one of auto, vllm, transformers, server$"
    with pytest.raises(InputError, match=said), open_engine("vlm", "nowhere"):
        pass


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def with_a_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def without_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def with_half_a_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text()[:500])


def without_configuration(folder: Path) -> None:
    (folder / "config.json").unlink()


def of_an_unknown_type(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "nonsense"}')


@pytest.mark.parametrize("kind", [pytest.param(one, marks=pytest.mark.vllm) if one == "vllm" else one for one in LOCAL])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without_weights, ": a model folder without weights, expected model.safetensors"),
        (with_a_pickle, ": found pickled weights only, expected safetensors"),
        (without_tokenizer, ": no tokenizer, expected tokenizer.json"),
        (with_half_a_tokenizer, ": its tokenizer cannot be read "),
        (without_configuration, ": no config.json, expected the folder of a transformers model"),
        (of_an_unknown_type, "/config.json: .* expected a model that transformers knows"),
    ],
)
def test_a_model_that_no_engine_can_open(
    copied_model: Path, kind: str, damage: Callable[[Path], None], said: str
) -> None:
    damage(copied_model)
    with pytest.raises(InputError, match=f"^{copied_model}{said}"), open_engine(kind, str(copied_model)):
        pass


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    said = f"^{tmp_path}/none: found nothing, expected a model folder or a hub name"
    with pytest.raises(InputError, match=said), open_engine("auto", str(tmp_path / "none")):
        pass


def test_a_server_has_an_address_and_the_others_have_none() -> None:
    with pytest.raises(InputError, match="^engine 'server' without engine.url"), open_engine("server", "m"):
        pass
    for kind in LOCAL:
        said = f"^engine '{kind}' with engine.url, expected it for `server` alone$"
        with pytest.raises(InputError, match=said), open_engine(kind, "m", server=ServerOptions("http://host")):
            pass


def test_an_engine_gets_the_cache_of_its_kind(tiny_model: Path, tmp_path: Path) -> None:
    with open_engine("transformers", str(tiny_model)) as engine:
        kept = cached(engine, tmp_path / "cache.sqlite", 3)
        assert type(kept) is Cached and kept.name == engine.name
        assert len(next(kept.generate([REQUEST])).token_ids) == 5
        kept.close()


def test_a_chunk_of_several_copies_is_one_for_each(tmp_path: Path) -> None:
    copies = object.__new__(Copies)  # no cluster is started: only what the cache asks of it is there
    copies.options = EngineOptions(data_parallel_size=3)
    copies.name, copies.fingerprint = "copies 1", "c" * 32
    kept = cached(copies, tmp_path / "cache.sqlite", chunk=4)
    assert kept._chunk == 12
    kept.close()
