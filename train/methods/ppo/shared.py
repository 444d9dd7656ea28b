"""The models of PPO as adapters of one frozen base, which is in memory once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file

from curation.errors import InputError

from ... import models
from ...devices import sharding
from ..rewards import Answer, Scorer, behind, check_reward_model, padding_id, sequence, side_by_side
from ..setup import Setup
from .actors import HEAD, head_of, without_dropout

POLICY, CRITIC = "default", "critic"
CARD = "run_card.json"


class Shared:
    """Policy, critic and reward models are adapters; the reference is the base without any.

    One adapter is active at a time: who asks for gradients takes them before asking another model.
    """

    def __init__(self, given: Setup, end_ids: frozenset[int], device: torch.device) -> None:
        options, base = given.options, given.tuned.model
        if given.tuned.peft is None:
            raise InputError(f"ppo.shared: tuning is {options.tuning!r}, expected lora: what moves must be adapters")
        size = base.config.get_text_config().hidden_size
        of_critic = replace(given.tuned.peft)  # peft changes what it is given
        self.policy: Any = get_peft_model(base, given.tuned.peft)
        self.policy.add_adapter(CRITIC, of_critic)
        self._head = torch.nn.Linear(size, 1, bias=False)
        torch.nn.init.zeros_(self._head.weight)
        rewards = options.reinforcement.reward_models
        fingerprint = models.fingerprint(given.tuned.folder) if rewards else ""
        heads = [self._add(folder, f"reward_{number}", fingerprint, size) for number, folder in enumerate(rewards)]
        self.policy.to(device)
        self._head.to(device)
        self._share_out()
        self._checkpointing = options.gradient_checkpointing
        without_dropout(self.policy.eval())
        if self._checkpointing:
            self.policy.gradient_checkpointing_enable()
            self.policy.enable_input_require_grads()
        pad = padding_id(given.tokenizer, end_ids, base.get_input_embeddings().weight.shape[0])
        rows = options.micro_batch_size or options.batch_size
        tail = behind(given.tokenizer, end_ids)
        self.scorers: list[Scorer] = [
            _Score(self, f"reward_{number}", head.to(device), pad, rows, tail) for number, head in enumerate(heads)
        ]
        self._heads = heads

    def _share_out(self) -> None:
        """Share out the base's layers; adapters change places, and the head is asked apart: they stay as they are."""
        outside = [base.weight for base in (self.policy.get_input_embeddings(), self.policy.get_output_embeddings())]
        adapters = [weight for name, weight in self.policy.named_parameters()
                    if any(f".{adapter}." in name for adapter in self.policy.peft_config)]  # fmt: skip
        sharding.shared_out(self.policy.get_base_model().base_model, [*outside, *adapters])

    def _add(self, folder: Path, name: str, base: str, size: int) -> torch.Tensor:
        """Put a reward model's adapter beside the base's weights; its head (1, size)."""
        check_reward_model(folder)
        card = models.read_json(folder / CARD) if (folder / CARD).is_file() else {}
        adapter = folder / "adapter"
        if not (adapter / "adapter_config.json").is_file() or card.get("model", {}).get("fingerprint") != base:
            raise InputError(f"reward model {folder}: found no adapter of the policy's base, expected one trained with "
                             "method reward and tuning lora from the same model, or ppo.shared false")  # fmt: skip
        config = LoraConfig.from_pretrained(adapter)
        self.policy.add_adapter(name, replace(config, task_type="CAUSAL_LM", modules_to_save=None, inference_mode=True))
        saved = _weights(adapter / "adapter_model.safetensors")
        lora = {key: weight for key, weight in saved.items() if not key.endswith(HEAD)}
        asked = get_peft_model_state_dict(self.policy, adapter_name=name, save_embedding_layers=False).keys()
        if lora.keys() != asked:
            raise InputError(f"reward model {folder}: its adapter does not fit the policy's base, found "
                             f"{len(lora.keys() - asked)} weights too many and {len(asked - lora.keys())} missing"
                             )  # fmt: skip
        set_peft_model_state_dict(self.policy, lora, adapter_name=name)
        return head_of(folder, size)

    def hidden(self, adapter: str, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """The last hidden states under an adapter, (rows, length, size)."""
        self.policy.set_adapter(adapter)
        backbone = self.policy.get_base_model().base_model
        return backbone(input_ids=tokens, attention_mask=attention, use_cache=False).last_hidden_state

    def logits(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """Of the policy."""
        self.policy.set_adapter(POLICY)
        return self.policy(input_ids=tokens, attention_mask=attention, use_cache=False).logits

    def reference_logits(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """Of the model that training started from."""
        self.policy.set_adapter(POLICY)
        with self.policy.disable_adapter():
            return self.policy(input_ids=tokens, attention_mask=attention, use_cache=False).logits

    def values(self, tokens: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """What the critic expects from each place on."""
        hidden = self.hidden(CRITIC, tokens, attention)
        return self._head(hidden.to(self._head.weight.dtype)).squeeze(-1).float()

    def moving(self) -> tuple[dict[str, torch.nn.Parameter], dict[str, torch.nn.Parameter]]:
        """Weights that are trained; an adapter that is not active is not marked as such."""
        named = dict(self.policy.named_parameters())
        policy, critic = ({name: weight for name, weight in named.items() if f".{adapter}." in name}
                          for adapter in (POLICY, CRITIC))  # fmt: skip
        return policy, {**critic, HEAD: self._head.weight}

    def weights(self) -> list[torch.nn.Parameter]:
        """Every weight that is held."""
        return [*self.policy.parameters(), self._head.weight, *map(torch.nn.Parameter, self._heads)]

    def learning(self, on: bool) -> None:
        """Say whether gradients are about to be needed. Answers are drawn from the policy, whoever was asked last."""
        self.policy.set_adapter(POLICY)
        self.policy.train(on and self._checkpointing)

    def result(self) -> Any:
        """The trained policy, alone with its adapter."""
        self.policy.set_adapter(POLICY)
        for adapter in [name for name in self.policy.peft_config if name != POLICY]:
            self.policy.delete_adapter(adapter)
        return sharding.whole(self.policy)


def _weights(file: Path) -> dict[str, torch.Tensor]:
    """Of an adapter; they must be numbers."""
    try:
        found = load_file(file)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{file}: found damaged or cut off weights ({error}), expected a whole file") from error
    for name, weight in found.items():
        if wrong := int((~weight.isfinite()).sum()):
            raise InputError(f"{file}: {name} has {wrong} of {weight.numel()} values that are NaN or infinite, "
                             "expected numbers")  # fmt: skip
    return found


class _Score:
    """A reward model of `Shared`, `Scorer`."""

    def __init__(
        self, actors: Shared, adapter: str, head: torch.Tensor, pad: int, rows: int, tail: Sequence[int]
    ) -> None:
        self._actors, self._adapter, self._head = actors, adapter, head
        self._pad, self._rows, self._tail = pad, rows, tail

    @torch.no_grad()
    def __call__(self, answers: Sequence[Answer]) -> torch.Tensor:
        """The score of each answer, float32 (answers,)."""
        sequences = [sequence(answer, self._tail) for answer in answers]
        found = []
        for start in range(0, len(sequences), self._rows):
            ids, attention = side_by_side(sequences[start : start + self._rows], self._pad, self._head.device)
            hidden = self._actors.hidden(self._adapter, ids, attention)
            last = hidden[torch.arange(len(ids)), attention.sum(1) - 1].float()
            found.append((last @ self._head.T).squeeze(1))
        return torch.cat(found)
