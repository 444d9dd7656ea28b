"""A reward model: a transformers model with one output that scores a conversation by its last answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation import chat
from curation.errors import InputError

from ..engines.silence import quiet
from .plain import plain
from .reward import Turns


class RewardModel:
    """Scores of answers, as `best_of` and `preferences` take them (`reward.Reward`).

    One conversation at a time in float32, so that a score hangs on nothing but its own text: with padding and batches
    its last digits would depend on its neighbours.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        """Load a model for sequence classification with one output, as reward trainers save it, and its tokenizer.

        Raises:
            InputError: when it cannot be read, lacks weights, has another number of outputs, or no chat template.
        """
        import torch
        from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

        try:
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        except Exception as error:  # transformers raises nothing narrower for a folder that it cannot read
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"reward model {folder}: cannot be read ({reason}), expected one of transformers"
            ) from None
        kinds = config.architectures or []
        if not any(kind.endswith("ForSequenceClassification") for kind in kinds) or config.num_labels != 1:
            raise InputError(
                f"reward model {folder}: {', '.join(kinds) or 'no architecture'} with {config.num_labels} outputs, "
                "expected a model for sequence classification with one"
            )
        if not self._tokenizer.chat_template:
            raise InputError(f"reward model {folder}: has no chat template, expected one to write conversations with")
        try:
            with quiet():
                model, report = AutoModelForSequenceClassification.from_pretrained(
                    folder, dtype=torch.float32, trust_remote_code=False, use_safetensors=True, output_loading_info=True
                )
        except (OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"reward model {folder}: cannot be read ({reason}), expected a whole model") from error
        if missing := sorted(report["missing_keys"]):  # transformers fills them with random numbers
            raise InputError(f"reward model {folder}: its weights lack {missing[0]}, one of {len(missing)}, expected "
                             "a whole model")  # fmt: skip
        self._torch = torch
        self._model: Any = model.to(device).eval()
        self._device = device

    def __call__(self, pairs: Sequence[tuple[Turns, str]]) -> list[float]:
        """The score of each answer to its prompt, in their order; marks of turns in a text stay text."""
        return [self._score((*prompt, ("assistant", answer))) for prompt, answer in pairs]

    def _score(self, turns: Turns) -> float:
        turns = tuple((role, plain(content)) for role, content in turns)
        text = chat.render(self._tokenizer, turns, generation_prompt=False)
        ids = self._tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"].to(self._device)
        with self._torch.inference_mode():
            return float(self._model(input_ids=ids).logits[0, 0])
