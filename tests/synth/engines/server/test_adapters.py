"""A server with LoRA adapters: asked for by their names, or by the folders that it read them from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from curation.model import Request, Sampling, ScoreRequest
from synth.engines.server import Kept, ServerEngine, ServerOptions
from synth.engines.transformers import TransformersEngine

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.long]

PROMPTS: list[Any] = ["the cat", "하늘을 나는 새", "Input: 12\nOutput:", (("system", "brief"), ("user", "the dog"))]


@pytest.fixture(scope="module")
def engine(start_vllm: Callable[..., str], tiny_model: Path, adapters: tuple[Path, Path]) -> Iterator[ServerEngine]:
    named = [f"small={adapters[0]}", f"large={adapters[1]}"]
    url = start_vllm(
        tiny_model, 256, "--enable-lora", "--max-lora-rank", "8", "--max-loras", "1", "--lora-modules", *named
    )
    engine = ServerEngine(str(tiny_model), None, ServerOptions(url, timeout=60))
    yield engine
    engine.close()


def test_adapters_are_answered_as_the_portable_engine_does(
    engine: ServerEngine, portable: TransformersEngine, adapters: tuple[Path, Path]
) -> None:
    """Mixed in one call, though the server may get them one after the other only."""
    small, large = map(str, adapters)
    mixed = [Request(f"{place} {folder}", prompt, Sampling(16), adapter=folder)
             for place, prompt in enumerate(PROMPTS) for folder in (large, None, small)]  # fmt: skip
    responses = list(engine.generate(mixed))
    assert responses == list(portable.generate(mixed))
    assert len({one.token_ids for one in responses}) == len(mixed)


def test_the_served_name_is_the_same_adapter_and_the_same_answer(
    engine: ServerEngine, adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    kept = Kept(engine, tmp_path / "cache.sqlite")
    named = [Request("r", "the cat", Sampling(9), adapter=name) for name in (str(adapters[0]), "small", "large", None)]
    texts = [next(kept.generate([request])).token_ids for request in named]
    assert texts[0] == texts[1] and len(set(texts)) == 3
    assert (kept.generated, kept.hits) == (3, 1)
    kept.close()


def test_a_server_with_adapters_is_not_asked_to_score(engine: ServerEngine) -> None:
    with pytest.raises(InputError, match=r"asked of a server with adapters \(small, large\), which vLLM on a CPU"):
        list(engine.score([ScoreRequest("s", "the", " cat")]))


def test_an_adapter_that_it_does_not_have_is_refused(engine: ServerEngine) -> None:
    with pytest.raises(InputError, match="^medium: the server has no such adapter, found small, large, expected it"):
        list(engine.generate([Request("r", "the", Sampling(2), adapter="medium")]))
