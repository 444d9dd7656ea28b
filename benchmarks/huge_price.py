"""Whether a huge price of leaving the start freezes PPO, and what keeps it from doing so.

    python -m benchmarks.huge_price --out runs/huge_price [--seeds 1 2] [--trl]

The seed model is rewarded for each "1" in its answers to sums, at a price of 1000 a nat. Arms: the price in the reward,
as published; so, with advantages that are not whitened, or only where that makes them smaller; the price in the loss;
and the first without a price. `--trl` adds TRL's PPO trainer at the same settings, of a version that has one (up to
0.24; it clips no gradients). Measured is the exact divergence from the start in answers drawn to unseen sums.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.liked_sums import MODEL, NEW_TOKENS, Inputs, inputs, measured
from benchmarks.rewards import options
from train.losses import policy
from train.methods.ppo import method
from train.methods.ppo.rollout import Rollout
from train.options.reinforcement import Ppo, Reinforcement
from train.training import train

PRICE, STEPS, ANSWERS, RATE, COUNTED = 1000.0, 10, 32, 1e-4, "1"
published = method.whitened_advantages

Advantages = Callable[[Rollout, float, float, float], tuple[torch.Tensor, torch.Tensor]]


def plain(rollout: Rollout, price: float, gamma: float, lam: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Advantages as they are."""
    rewards = policy.token_rewards(rollout.log_probs, rollout.reference, rollout.scores, rollout.mask, price)
    return policy.advantages(rewards, rollout.values, rollout.mask, gamma, lam)


def never_magnified(rollout: Rollout, price: float, gamma: float, lam: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Advantages around zero, divided by their spread where it is above one."""
    gains, returns = plain(rollout, price, gamma, lam)
    around = (gains - policy.masked_mean(gains, rollout.mask)) * rollout.mask
    return around / max(1.0, float(gains[rollout.mask].std())), returns


ARMS: dict[str, tuple[float, str, Advantages]] = {
    "no price": (0.0, "reward", published),
    "in the reward": (PRICE, "reward", published),
    "in the reward, not whitened": (PRICE, "reward", plain),
    "in the reward, never magnified": (PRICE, "reward", never_magnified),
    "in the loss": (PRICE, "loss", published),
}


def ours(given: Inputs, seed: int, name: str, out: Path) -> Path:
    price, where, advantages = ARMS[name]
    method.whitened_advantages = advantages  # type: ignore[assignment]  # whose parameters have names
    asked = Reinforcement(max_new_tokens=NEW_TOKENS, kl_weight=price, count=COUNTED, no_end_penalty=0.0)
    settings = options("ppo", given, seed, steps=STEPS, batch_size=ANSWERS, learning_rate=RATE, reinforcement=asked)
    return train(replace(settings, ppo=Ppo(minibatches=2, kl_in=where)), out).folder  # type: ignore[arg-type]


class Count(torch.nn.Module):
    """A reward model that counts a token behind the prompt, in the form that TRL asks rewards of."""

    base_model_prefix = "backbone"

    def __init__(self, token: int, behind: int) -> None:
        super().__init__()
        self.score = torch.nn.Identity()
        self._token, self._behind = token, behind

    def backbone(self, input_ids: torch.Tensor, **_: Any) -> Any:
        answer = (input_ids == self._behind).cumsum(1) > 0
        return SimpleNamespace(hidden_states=[((input_ids == self._token) & answer).cumsum(1).float().unsqueeze(-1)])


def trls(given: Inputs, seed: int, out: Path) -> Path:
    from trl import PPOConfig, PPOTrainer

    if (out / "config.json").is_file():
        return out
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(MODEL, padding_side="left")
    policy_model, reference = (AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32) for _ in range(2))
    critic = AutoModelForSequenceClassification.from_pretrained(MODEL, num_labels=1, dtype=torch.float32)
    torch.nn.init.zeros_(critic.score.weight)
    rows = [line["prompt"] for line in Dataset.from_json(str(given.prompts))]
    texts = [tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) for turns in rows]
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    marks = [tokenizer.convert_tokens_to_ids(token) for token in (COUNTED, "<|assistant|>")]
    config = PPOConfig(
        output_dir=str(out / "run"), per_device_train_batch_size=ANSWERS, num_mini_batches=2, num_ppo_epochs=4,
        total_episodes=STEPS * ANSWERS, learning_rate=RATE, lr_scheduler_type="constant", kl_coef=PRICE,
        response_length=NEW_TOKENS, stop_token="eos", temperature=1.0, use_cpu=True, bf16=False, report_to=[],
        num_sample_generations=0, seed=seed, save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    trainer = PPOTrainer(
        args=config, processing_class=tokenizer, model=policy_model, ref_model=reference, reward_model=Count(*marks),
        value_model=critic, train_dataset=Dataset.from_dict({"input_ids": ids}),
        eval_dataset=Dataset.from_dict({"input_ids": ids[:ANSWERS]}),
    )  # fmt: skip
    trainer.train()
    policy_model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="of training")
    parser.add_argument("--trl", action="store_true", help="TRL's trainer too")
    asked_for = parser.parse_args()
    out = asked_for.out.resolve()
    given = inputs(out / "inputs")
    print("| price | nats a token, by seed |\n| --- | --- |", flush=True)
    for number, name in enumerate([*ARMS, *(["TRL, in the reward"] if asked_for.trl else [])]):
        found = []
        for seed in asked_for.seeds:
            folder = out / f"{number}-{seed}"
            made = ours(given, seed, name, folder) if name in ARMS else trls(given, seed, folder)
            found.append(measured(made, given)["kl_token"])
        print(f"| {name} | {', '.join(f'{one:.3f}' for one in found)} |", flush=True)


if __name__ == "__main__":
    main()
