"""REINFORCE leave-one-out (Ahmadian et al. 2024, arXiv 2402.14740), through TRL."""

from typing import Any

from trl import RLOOConfig, RLOOTrainer

from . import drawn, setup
from .prompted import prepare
from .setup import Setup, Trained

__all__ = ["prepare", "run"]


class EncodedRloo(RLOOTrainer):
    """TRL's trainer on prompts that are tokens already; what a step draws hangs on its number."""

    def _tokenize_prompts(self, prompts: list[list[int]]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return prompts, None, {}

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Any:
        with drawn.by_row(self, len(inputs)):
            return super()._generate_and_score_completions(inputs)


def run(given: Setup) -> Trained:
    """Train: each answer is compared with the mean reward of the others to its prompt, less the price of leaving the
    start."""
    trainer = EncodedRloo(
        model=given.tuned.model,
        reward_funcs=drawn.judge(given),
        args=RLOOConfig(**drawn.arguments(given)),
        train_dataset=drawn.dataset(given),
        processing_class=given.tokenizer,
        peft_config=given.tuned.peft,
    )
    return setup.run(trainer, given, drawn.measures(given))
