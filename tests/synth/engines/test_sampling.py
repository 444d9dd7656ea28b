"""Drawing a token: against transformers' own processors, and against the distribution it must follow."""

import pytest
import torch
from scipy import stats
from transformers import RepetitionPenaltyLogitsProcessor, TopKLogitsWarper, TopPLogitsWarper

from curation.model import Sampling
from synth.engines.sampling import draw, nucleus, penalise, top


def logits(seed: int, size: int = 200) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed)) * 3


@pytest.mark.parametrize("seed", range(5))
def test_the_rules_are_those_of_transformers(seed: int) -> None:
    values = logits(seed)
    seen = [3, 3, 5, 190, 77]
    peer = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([seen]), values[None].clone())[0]
    torch.testing.assert_close(penalise(values, set(seen), 1.3), peer)
    for count in (1, 7, 200, 500):
        assert torch.equal(top(values, count), TopKLogitsWarper(count)(torch.zeros(1, 0), values[None].clone())[0])
    for share in (0.05, 0.5, 0.9, 0.999):
        assert torch.equal(nucleus(values, share), TopPLogitsWarper(share)(torch.zeros(1, 0), values[None].clone())[0])


def test_off_is_off() -> None:
    values = logits(1)
    assert penalise(values, {1, 2}, 1.0) is values
    assert top(values, 0) is values
    assert nucleus(values, 1.0) is values


def test_draws_follow_the_distribution() -> None:
    values, sampling = logits(2, 12), Sampling(max_tokens=1, temperature=1.5)
    draws = 4000
    counts = torch.zeros(12)
    for seed in range(draws):  # a generator a request, as in an engine, and the first number of each
        counts[draw(values, (), sampling, torch.Generator().manual_seed(seed * 7919))] += 1
    expected = (values / 1.5).softmax(-1) * draws
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-3


def test_a_temperature_of_zero_takes_the_likeliest() -> None:
    values = logits(3)
    likeliest = int(values.argmax())
    assert draw(values, (), Sampling(max_tokens=1), None) == likeliest
    punished = draw(values, {likeliest}, Sampling(max_tokens=1, repetition_penalty=100.0), None)
    assert punished == int(values.argsort(descending=True)[1])


def test_the_last_token_that_is_left_is_drawn_and_no_other() -> None:
    values = logits(4)
    allowed = set(values.topk(3).indices.tolist())
    sampling = Sampling(max_tokens=1, temperature=5.0, top_k=3)
    drawn = {draw(values, (), sampling, torch.Generator().manual_seed(seed)) for seed in range(200)}
    assert drawn == allowed
