import os
from pathlib import Path

import pytest
import torch

from curation.model import Request, Sampling
from synth.engines import vllm_process

pytestmark = pytest.mark.vllm


@pytest.mark.long
def test_an_engine_that_is_closed_leaves_the_others_what_they_share(tiny_model: Path):
    from synth.engines.vllm import VllmEngine

    def asked(name: str) -> list[Request]:
        return [Request(name, "The cat", Sampling(5))]

    before, threads = dict(os.environ), torch.set_num_threads
    first, second = VllmEngine(str(tiny_model)), VllmEngine(str(tiny_model))
    try:
        expected = [response.token_ids for response in first.generate(asked("a"))]
        first.close()
        assert vllm_process.ENVIRONMENT.items() <= os.environ.items(), "the second still runs in it"
        assert [response.token_ids for response in second.generate(asked("b"))] == expected
        third = VllmEngine(str(tiny_model))
        third.close()
        assert [response.token_ids for response in second.generate(asked("c"))] == expected
    finally:
        first.close()
        second.close()
    assert dict(os.environ) == before and torch.set_num_threads is threads


def test_the_version_is_that_of_the_package():
    assert vllm_process.installed() and vllm_process.version()[0].isdigit()
