"""The engine of a step: its answers are kept with the run, and asked for only once."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from curation.errors import InputError
from curation.model import Request, Sampling, ScoreRequest
from pipelines.demo import make_seed_model, seed_tokenizer
from pipelines.demo.seed_corpus import sample_texts
from pipelines.jobs.engine import CACHE, Named, opened
from pipelines.settings import EngineSettings

PORTABLE = EngineSettings(kind="transformers", chunk=2)
REQUESTS = [
    Request(f"row{number}", (("user", f"Add: {number} + 4"),), Sampling(6, temperature=0.8, seed=3))
    for number in range(5)
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed model before its first step."""
    folder = tmp_path_factory.mktemp("models") / "untrained"
    tokenizer = seed_tokenizer.learn(sample_texts(0, 20), [], frequent=20)
    torch.manual_seed(0)
    make_seed_model.save(make_seed_model.build_model(tokenizer), tokenizer, folder)
    return folder


def test_what_was_answered_before_is_not_generated_again(model: Path, tmp_path: Path) -> None:
    with opened(tmp_path, "first", str(model), PORTABLE) as engine:
        first = list(engine.generate(REQUESTS))
        assert (engine.generated, engine.hits) == (5, 0)
    assert (tmp_path / CACHE).is_file()
    with opened(tmp_path, "second", str(model), PORTABLE) as engine:
        assert list(engine.generate([*REQUESTS, Request("new", "Input:", Sampling(4))]))[:5] == first
        assert (engine.generated, engine.hits) == (1, 5)
    assert [response.id for response in first] == [request.id for request in REQUESTS]
    assert all(response.finish_reason in ("stop", "length") and response.token_ids for response in first)


def test_another_run_has_its_own_cache(model: Path, tmp_path: Path) -> None:
    for run in ("one", "other"):
        with opened(tmp_path / run, "step", str(model), PORTABLE) as engine:
            list(engine.generate(REQUESTS[:1]))
            assert engine.generated == 1


def test_the_settings_reach_the_engine(model: Path, tmp_path: Path) -> None:
    settings = EngineSettings(kind="transformers", max_model_len=16)
    long = Request("long", "word " * 40, Sampling(4))
    with opened(tmp_path, "step", str(model), settings) as engine:
        (response,) = engine.generate([long])
        assert response.finish_reason == "refused" and str(response.error).endswith("limit 15")  # room for one token
        (score,) = engine.score([ScoreRequest("s", "Input:", " a")])
    assert score.error is None and len(score.logprobs) == len(AutoTokenizer.from_pretrained(model)(" a")["input_ids"])


def test_a_model_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"), opened(tmp_path, "s", str(tmp_path / "nowhere"), PORTABLE):
        pass


def test_an_error_inside_leaves_the_cache_readable(model: Path, tmp_path: Path) -> None:
    def failing() -> None:
        with opened(tmp_path, "step", str(model), PORTABLE) as engine:
            list(engine.generate(REQUESTS[:2]))
            raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"):
        failing()
    with opened(tmp_path, "step", str(model), PORTABLE) as engine:
        list(engine.generate(REQUESTS[:2]))
        assert (engine.generated, engine.hits) == (0, 2)


def test_a_closed_engine_is_quoted_and_not_asked() -> None:
    named = Named("engine 1", "f" * 32)
    ask: Callable = named.generate
    assert (named.name, named.fingerprint) == ("engine 1", "f" * 32)
    with pytest.raises(RuntimeError, match="engine 1 is closed"):
        list(ask(REQUESTS))
