"""Group relative policy optimisation (Shao et al. 2024, arXiv 2402.03300), through TRL."""

from typing import Any

from trl import GRPOConfig, GRPOTrainer

from . import drawn, setup
from .prompted import prepare
from .setup import Setup, Trained

__all__ = ["prepare", "run"]


class EncodedGrpo(GRPOTrainer):
    """TRL's trainer on prompts that are tokens already; what a step draws hangs on its number."""

    def _tokenize_prompts(self, prompts: list[list[int]]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return prompts, None, {}

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Any:
        with drawn.by_row(self, len(inputs)):
            return super()._generate_and_score_completions(inputs)


def run(given: Setup) -> Trained:
    """Train: rewards are centred and scaled within the answers to a prompt, the price of leaving the start is a term of
    the loss (the paper's equation 3)."""
    trainer = EncodedGrpo(
        model=given.tuned.model,
        reward_funcs=drawn.judge(given),
        args=GRPOConfig(**drawn.arguments(given), loss_type="grpo", scale_rewards="group"),
        train_dataset=drawn.dataset(given),
        processing_class=given.tokenizer,
        peft_config=given.tuned.peft,
    )
    return setup.run(trainer, given, drawn.measures(given))
