"""The models of PPO, each with weights of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
from peft import get_peft_model
from safetensors.torch import load_file

from curation.errors import InputError

from ... import models
from ...devices import sharding
from ..rewards import LearnedReward, Scorer
from ..setup import Setup

HEAD = "score.weight"  # of a model for sequence classification


class Actors(Protocol):
    """Policy, reference, critic and reward models, however they hold their weights.

    Token ids and attention masks are int64 (rows, length).
    """

    policy: Any
    scorers: list[Scorer]

    def logits(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """Of the policy, (rows, length, vocabulary)."""
        ...

    def reference_logits(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """Of the model that training started from, (rows, length, vocabulary)."""
        ...

    def values(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """What the critic expects from each place on, float32 (rows, length)."""
        ...

    def moving(self) -> tuple[dict[str, torch.nn.Parameter], dict[str, torch.nn.Parameter]]:
        """Weights that are trained, by name: the policy's, and the critic's."""
        ...

    def weights(self) -> list[torch.nn.Parameter]:
        """Every weight that is held, each once."""
        ...

    def learning(self, on: bool) -> None:
        """Say whether gradients are about to be needed: models recompute activations only in training mode."""
        ...

    def result(self) -> Any:
        """The trained policy, as the frame writes it."""
        ...


class Critic(torch.nn.Module):
    """Hidden states of a model and a linear head: the value of each place."""

    def __init__(self, folder: Path) -> None:
        """Start from a model; its head from that of a reward model, else from zero.

        Raises:
            InputError: for a folder whose weights are missing, of other shapes than it says, or no numbers.
        """
        super().__init__()
        self.backbone: Any = models.backbone(models.locate(str(folder)))
        size = self.backbone.config.get_text_config().hidden_size
        self.head = torch.nn.Linear(size, 1, bias=False)
        self.head.weight.data.copy_(head_of(folder, size))

    def forward(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """Values, float32 (rows, length)."""
        hidden = self.backbone(input_ids=tokens, attention_mask=attention, use_cache=False).last_hidden_state
        return self.head(hidden.to(self.head.weight.dtype)).squeeze(-1).float()


class Separate:
    """Each model has its own weights; the reference of a policy with adapters is the policy without them."""

    def __init__(self, given: Setup, end_ids: frozenset[int], device: torch.device) -> None:
        options = given.options
        model, peft = given.tuned.model, given.tuned.peft
        of_critic = (  # adapters alone; peft changes what it is given
            None if peft is None else replace(peft, task_type="FEATURE_EXTRACTION", modules_to_save=None)
        )
        self.policy: Any = sharding.shared_out(model if peft is None else get_peft_model(model, peft))
        self._adapted = peft is not None
        self._reference: Any = None
        if not self._adapted:
            frozen = models.causal_lm(given.tuned.folder).to(device).eval().requires_grad_(False)
            self._reference = sharding.shared_out(frozen)
        self._critic = Critic(options.ppo.critic or given.tuned.folder)
        if of_critic is not None:
            self._critic.backbone = get_peft_model(self._critic.backbone, of_critic)
        sharding.shared_out(self._critic)
        self._checkpointing = options.gradient_checkpointing
        for module, backbone in ((self.policy, self.policy), (self._critic, self._critic.backbone)):
            without_dropout(module.to(device).eval())
            if options.gradient_checkpointing:
                backbone.gradient_checkpointing_enable()
                backbone.enable_input_require_grads()
        rows = options.micro_batch_size or options.batch_size
        learned = [LearnedReward(folder, given.tokenizer, end_ids, rows, device)
                   for folder in options.reinforcement.reward_models]  # fmt: skip
        self.scorers: list[Scorer] = list(learned)
        self._learned = learned

    def logits(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """Of the policy."""
        return self.policy(input_ids=tokens, attention_mask=attention, use_cache=False).logits

    def reference_logits(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """Of the model that training started from."""
        if self._reference is not None:
            return self._reference(input_ids=tokens, attention_mask=attention, use_cache=False).logits
        with self.policy.disable_adapter():
            return self.logits(tokens, attention)

    def values(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """What the critic expects from each place on."""
        return self._critic(tokens, attention)

    def moving(self) -> tuple[dict[str, torch.nn.Parameter], dict[str, torch.nn.Parameter]]:
        """Weights that are trained."""
        return trained(self.policy), trained(self._critic)

    def weights(self) -> list[torch.nn.Parameter]:
        """Every weight that is held."""
        held = [self.policy, self._critic, *([] if self._reference is None else [self._reference])]
        return [weight for model in held for weight in model.parameters()] + [
            weight for scorer in self._learned for weight in scorer.parameters
        ]

    def learning(self, on: bool) -> None:
        """Say whether gradients are about to be needed."""
        for module in (self.policy, self._critic):
            module.train(on and self._checkpointing)

    def result(self) -> Any:
        """The trained policy."""
        return sharding.whole(self.policy)


def trained(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """Weights of a module that move, by name."""
    return {name: weight for name, weight in module.named_parameters() if weight.requires_grad}


def head_of(folder: Path, size: int) -> torch.Tensor:
    """The head of a reward model's folder, zeros (1, size) for another model's.

    Raises:
        InputError: for one of another shape, or with values that are no numbers.
    """
    for file in sorted(folder.glob("*.safetensors")):
        found = load_file(file).get(HEAD)
        if found is None:
            continue
        if found.shape != (1, size) or not found.isfinite().all():
            wrong = int((~found.isfinite()).sum())
            raise InputError(f"{file}: {HEAD} has the shape {tuple(found.shape)} and {wrong} values that are NaN or "
                             f"infinite, expected numbers of the shape {(1, size)}")  # fmt: skip
        return found.float()
    return torch.zeros(1, size)


def without_dropout(module: torch.nn.Module) -> None:
    """Keep every input: the probabilities that are trained must be those that answers were drawn from."""
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        if isinstance(getattr(part, "attention_dropout", None), float):
            part.attention_dropout = 0.0  # type: ignore[assignment]
