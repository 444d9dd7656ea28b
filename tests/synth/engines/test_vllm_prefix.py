"""What prompts have in common: computed once within a chunk, never taken from what ran before it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from curation.model import Request, Sampling, ScoreRequest
from synth.engines import limits
from synth.engines.vllm import VllmEngine, _parameters

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> Iterator[VllmEngine]:
    engine = VllmEngine(str(tiny_model))
    yield engine
    engine.close()


@pytest.fixture
def found(engine: VllmEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens of each prompt were in the prefix cache, one prompt after the other."""
    seen: list[int] = []
    run = engine._run

    def noting(*arguments: Any) -> list[Any]:
        outputs = run(*arguments)
        seen.extend(output.num_cached_tokens for output in outputs)
        return outputs

    monkeypatch.setattr(engine, "_run", noting)
    return seen


def blocks(tokens: Sequence[int]) -> int:
    """How many tokens of a prompt can be found: those in whole blocks, the last token aside."""
    return (len(tokens) - 1) // limits.BLOCK * limits.BLOCK


def test_a_chunk_begins_without_what_others_left_behind(engine: VllmEngine, found: list[int]) -> None:
    """A prompt found in the prefix cache is computed otherwise, and its last bits would hang on what came before."""
    prompt = engine.prompt(Request("r", "zq" * 100, Sampling(max_tokens=2)))
    for _ in range(2):
        engine.answer([prompt])
    engine.measure([engine.passage(ScoreRequest("s", "zq" * 100, "zq"))])
    assert found == [0, 0, 0]
    for _ in range(2):
        engine._run([prompt.token_ids], [_parameters(prompt)], None, None)
    assert found[4] == blocks(prompt.token_ids) > 0  # within a chunk the blocks of the cache are used


def test_a_short_beginning_in_common_is_computed_once(engine: VllmEngine, found: list[int]) -> None:
    """SSR's demonstrations are often shorter than the 128 tokens that vLLM's blocks have on a CPU of themselves."""
    common, sampling = "zq" * 30, Sampling(max_tokens=1)
    endings = ("", " the cat", " the cat and the dog")
    prompts = [engine.prompt(Request(f"r{place}", common + end, sampling)) for place, end in enumerate(endings)]
    engine.answer(prompts)
    shared = blocks(prompts[0].token_ids)
    assert 0 < shared < 128 and found == [0, shared, shared]
