import json
from pathlib import Path
from typing import Any

import pytest
import torch

from train import models
from train.data.encoding import Encoder
from train.methods import prompted, rloo
from train.methods.setup import Progress, Setup
from train.options.blocks import Blocks
from train.options.reinforcement import Reinforcement
from train.options.run import Source, TrainOptions
from train.training import train
from train.tunings.tuning import load


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "prompts.jsonl"
    rows = [{"prompt": [{"role": "user", "content": word}]} for word in ("ab", "cd", "ef", "gh")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def options(model: Path, prompts: Path, **given: object) -> TrainOptions:
    return TrainOptions(**{
        "model": str(model), "data": (Source(prompts),), "method": "rloo", "tuning": "full", "steps": 4,
        "batch_size": 4, "learning_rate": 3e-3, "threads": 1, "checkpoint_steps": 2,
        "reinforcement": Reinforcement(count="e", max_new_tokens=6, answers=4), **given,
    })  # fmt: skip


class Stopped(Exception):
    """Raised in the middle of a run."""


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(tiny_model: Path, prompts: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == 3:
            raise Stopped

    given = options(tiny_model, prompts)
    with pytest.raises(Stopped):
        train(given, tmp_path / "stopped", stop)
    again, whole = train(given, tmp_path / "stopped"), train(given, tmp_path / "whole")
    assert again.resumed_from == 2 and whole.resumed_from == 0
    for name in ("model.safetensors", "run_card.json"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name
    measures = whole.card["measures"]
    assert {"reward", "kl", "entropy", "completions/clipped_ratio", "reward_count"} <= set(measures)
    assert all(len(values) == 4 for values in measures.values())
    assert measures["kl"][0] == pytest.approx(0, abs=1e-6) and measures["kl"][-1] != 0


def test_adapters_and_new_blocks_learn_too(tiny_model: Path, prompts: Path, tmp_path: Path) -> None:
    for tuning in ("lora", "blocks"):
        report = train(options(tiny_model, prompts, tuning=tuning, steps=1, blocks=Blocks(2, 1)), tmp_path / tuning)
        models.causal_lm(report.folder)


def test_an_answer_s_gradient_is_weighed_by_its_reward_less_its_price_against_the_others(
    tiny_model: Path, prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arXiv 2402.14740 says, by hand on the answers that were drawn: loss, gradient, end tokens, temperature."""
    monkeypatch.setattr(rloo.setup, "run", lambda trainer, *_: trainer)  # made as it is, and not trained
    asked = Reinforcement(count="e", max_new_tokens=6, answers=4, kl_weight=0.3, temperature=0.7, no_end_penalty=0.5)
    given = options(tiny_model, prompts, batch_size=2, reinforcement=asked)
    tokenizer = models.tokenizer(tiny_model)
    prepared = prompted.prepare(given, Encoder(tokenizer, frozenset({1}), 64, "drop"))
    trainer: Any = rloo.run(Setup(given, load(given, tiny_model, tmp_path), tokenizer, prepared, tmp_path, None, None))
    policy, start = trainer.model, models.causal_lm(tiny_model)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in policy.parameters():
            weight.add_(0.03 * torch.randn_like(weight))  # or no answer had a price
        rows = [trainer.train_dataset[place] for place in (0, 0, 0, 0, 1, 1, 1, 1)]
        (hidden,) = policy.model(input_ids=torch.tensor([rows[0]["prompt"]])).last_hidden_state[:, -1]
        policy.get_output_embeddings().weight[1] += 3 * hidden / (hidden @ hidden)  # some answers end
    found = trainer._generate_and_score_completions(rows)
    both = zip(found["completion_ids"], found["completion_mask"].bool(), strict=True)
    drawn = [ids[mask].tolist() for ids, mask in both]
    ended = [answer[-1] == 1 for answer in drawn]
    assert any(ended) and not all(ended) and all(1 not in answer[:-1] for answer in drawn)

    def log_probability(model: Any, prompt: list[int], answer: list[int]) -> torch.Tensor:
        logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0, len(prompt) - 1 : -1] / 0.7
        return logits.log_softmax(-1)[range(len(answer)), answer].sum()

    said = [log_probability(policy, row["prompt"], answer) for row, answer in zip(rows, drawn, strict=True)]
    rewards = []
    for row, answer, log_prob, end in zip(rows, drawn, said, ended, strict=True):
        left = float(log_prob.detach()) - float(log_probability(start, row["prompt"], answer).detach())
        text = tokenizer.decode(answer, skip_special_tokens=True)
        rewards.append(text.count("e") - 0.5 * (not end) - 0.3 * left)
    others = [(sum(rewards[4 * (n // 4) : 4 * (n // 4) + 4]) - rewards[n]) / 3 for n in range(8)]
    gains = [reward - other for reward, other in zip(rewards, others, strict=True)]
    assert found["advantages"].tolist() == pytest.approx(gains, abs=1e-4)
    expected = -sum(gain * log_prob for gain, log_prob in zip(gains, said, strict=True)) / 8
    by_hand = torch.autograd.grad(expected, list(policy.parameters()))
    loss = trainer.compute_loss(policy, found)
    assert float(loss) == pytest.approx(-sum(gains) / 8, abs=1e-4)
    for ours, theirs in zip(by_hand, torch.autograd.grad(loss, list(policy.parameters())), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
