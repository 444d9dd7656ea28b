from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from train import models
from train.losses.policy import masked_mean
from train.methods.drawn import row_seeds, seed_step
from train.methods.ppo.rollout import answers_of, draw, generation_config, observe, whitened_advantages
from train.methods.rewards import Rewards
from train.options.reinforcement import Reinforcement

CPU = torch.device("cpu")
OPTIONS = Reinforcement(count="a", max_new_tokens=6, temperature=0.7, no_end_penalty=1.0)
PROMPTS = [[40, 41, 42], [50], [60, 61, 62, 63, 64]]


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Any:
    return models.causal_lm(tiny_model).eval()


def test_what_a_step_draws_hangs_on_seed_and_step_alone(model: Any) -> None:
    config = generation_config(OPTIONS, frozenset({1}), 0)
    found = []
    for seed, step in ((1, 4), (1, 4), (1, 5), (2, 4)):
        seed_step(seed, step)
        found.append(draw(model, PROMPTS, config, 3, CPU))
    assert found[0] == found[1] and found[1] != found[2] and found[1] != found[3]


def test_what_an_answer_draws_does_not_hang_on_those_beside_it(model: Any) -> None:
    config, seeds = generation_config(OPTIONS, frozenset({1}), 0), row_seeds(1, 4, 3)
    whole = draw(model, PROMPTS, config, 3, CPU, seeds)
    assert draw(model, PROMPTS, config, 2, CPU, seeds) == whole
    assert draw(model, PROMPTS[1:], config, 2, CPU, seeds[1:]) == whole[1:]
    assert draw(model, PROMPTS, config, 3, CPU, row_seeds(1, 5, 3)) != whole


def test_answers_stop_with_their_first_end_token(model: Any) -> None:
    ends = frozenset(range(1, 130))  # half of the vocabulary, so that most answers end early
    seed_step(0, 0)
    drawn = draw(model, PROMPTS * 6, generation_config(OPTIONS, ends, 0), 5, CPU)
    assert len(drawn) == 18 and all(1 <= len(ids) <= 6 for ids in drawn)
    for ids in drawn:
        assert not ends.intersection(ids[:-1]) and (ids[-1] in ends or len(ids) == 6)
    assert len({len(ids) for ids in drawn}) > 2


def test_settings_of_the_folder_do_not_cut_the_distribution(model: Any) -> None:
    config = generation_config(OPTIONS, frozenset({1}), 0)
    seed_step(0, 0)
    plain = draw(model, PROMPTS, config, 3, CPU)
    model.generation_config = GenerationConfig(repetition_penalty=5.0, min_p=0.9, top_k=3)
    seed_step(0, 0)
    assert draw(model, PROMPTS, config, 3, CPU) == plain


def rows(tokenizer: Any) -> list[dict[str, Any]]:
    return [{"input_ids": ids, "prompt": tokenizer.decode(ids), "turns": None, "references": [], "check": None,
             "choices": []} for ids in PROMPTS]  # fmt: skip


def test_what_is_observed_of_each_token_by_hand(model: Any, tiny_model: Path) -> None:
    tokenizer = models.tokenizer(tiny_model)
    answers = answers_of(rows(tokenizer), [[70, 71, 1], [72], [73, 74]], tokenizer, frozenset({1}))
    assert [answer.ended for answer in answers] == [True, False, False]
    actors = SimpleNamespace(
        logits=lambda ids, attention: model(input_ids=ids, attention_mask=attention).logits,
        reference_logits=lambda ids, attention: 2 * model(input_ids=ids, attention_mask=attention).logits,
        values=lambda ids, attention: ids.float(),
    )
    found = observe(actors, Rewards(OPTIONS), answers, 0, 2, 0.7, CPU)  # type: ignore[arg-type]
    assert found.mask.sum(1).tolist() == [3, 1, 2] and found.ids.shape == (3, 7)
    assert found.ended == pytest.approx(1 / 3) and found.scores.tolist() == [-0.0, -1.0, -1.0]
    for row, answer in enumerate(answers):
        whole = torch.tensor([[*answer.row["input_ids"], *answer.ids]])
        logits = model(input_ids=whole).logits[0] / 0.7
        begin = len(answer.row["input_ids"])
        for place in range(begin, whole.shape[1]):
            token = whole[0, place]
            expected = torch.log_softmax(logits[place - 1], -1)[token]
            torch.testing.assert_close(found.log_probs[row, place - 1], expected)
            torch.testing.assert_close(
                found.reference[row, place - 1], torch.log_softmax(2 * logits[place - 1], -1)[token]
            )
            assert found.values[row, place - 1] == whole[0, place - 1], "the value before the token"


def test_advantages_of_a_rollout_are_whitened_over_its_answers(model: Any, tiny_model: Path) -> None:
    tokenizer = models.tokenizer(tiny_model)
    answers = answers_of(rows(tokenizer), [[70, 71, 1], [72], [73, 74]], tokenizer, frozenset({1}))
    given = (lambda ids, attention: model(input_ids=ids, attention_mask=attention).logits,) * 2
    actors = SimpleNamespace(logits=given[0], reference_logits=given[1], values=lambda ids, attention: 0.0 * ids)
    rollout = observe(actors, Rewards(OPTIONS), answers, 0, 3, 1.0, CPU)  # type: ignore[arg-type]
    gains, returns = whitened_advantages(rollout, 0.1, 1.0, 0.95)
    assert masked_mean(gains, rollout.mask).item() == pytest.approx(0, abs=1e-6)
    assert gains[rollout.mask].std().item() == pytest.approx(1, abs=1e-5)
    last = rollout.mask.shape[1] - 1 - rollout.mask.flip(1).int().argmax(1)
    assert returns[torch.arange(3), last].tolist() == [0.0, -1.0, -1.0], "nothing was left: the price is zero"
