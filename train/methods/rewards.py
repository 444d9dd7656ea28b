"""What an answer is worth: counted, checked, or scored by reward models; and how these become one number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from curation import chat
from curation.checks import typed
from curation.errors import InputError

from .. import models
from ..devices import processes, sharding
from ..losses import policy
from ..options.reinforcement import Reinforcement


@dataclass(frozen=True)
class Answer:
    """An answer that a model has drawn.

    Attributes:
        row: of the prompt, the columns of `prompts.ENCODED`.
        ids: its tokens, with the end token where it has one.
        text: what they say, without special tokens.
        ended: whether the last token is one that ends answers.
    """

    row: Mapping[str, Any]
    ids: Sequence[int]
    text: str
    ended: bool


Scorer = Callable[[Sequence[Answer]], torch.Tensor]  # (answers,), the higher the better, without bounds


@dataclass(frozen=True)
class Rewards:
    """The reward of answers, from its parts.

    Attributes:
        options: which parts count, and how much.
        scorers: of the reward models, in the order of the options.
        checked: whether any prompt of the run names a check.
    """

    options: Reinforcement
    scorers: Sequence[Scorer] = ()
    checked: bool = False

    def __call__(self, answers: Sequence[Answer]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The reward (answers,) in float32 of each answer, and what it is made of, before weights, by name."""
        options = self.options
        parts: dict[str, torch.Tensor] = {}
        weights: list[float] = []
        if options.count:
            parts["count"] = torch.tensor(
                [min(a.text.count(options.count), options.count_limit) for a in answers]
            ).float()
            weights.append(options.count_weight)
        if self.checked:
            parts["check"] = torch.tensor([passed(answer) for answer in answers])
            weights.append(options.check_weight)
        learned = {f"model_{number}": scorer(answers).float().cpu() for number, scorer in enumerate(self.scorers)}
        counted = learned
        if options.gate is not None:
            safety, helpfulness = (processes.gathered(torch.sigmoid(scores)) for scores in learned.values())
            gated = policy.gated(safety, helpfulness, options.gate)  # whitened over the answers of all processes
            counted = {"gated": gated[processes.own(len(gated))]}
        weights += options.model_weights or [1.0] * len(counted)
        total = torch.zeros(len(answers))
        for weight, scores in zip(weights, (*parts.values(), *counted.values()), strict=True):
            total += weight * scores
        total -= options.no_end_penalty * torch.tensor([not answer.ended for answer in answers])
        return total, parts | learned


def passed(answer: Answer) -> float:
    """1 where the answer passes the check of its row against any of its references, else 0; 0 without a check."""
    row = answer.row
    if row["check"] is None:
        return 0.0
    return float(any(
        typed.check(row["check"], reference, answer.text, choices=row["choices"],
                    pattern=reference if row["check"] == "regex" else None).passed
        for reference in row["references"]
    ))  # fmt: skip


class LearnedReward:
    """A reward model's scores of answers, `Scorer`.

    It reads what it was trained on: the prompt and the answer with its end token. Where its vocabulary is that of the
    policy it reads the very tokens that were drawn, else the text, encoded anew.
    """

    def __init__(self, folder: Path, drawn: Any, end_ids: frozenset[int], rows: int, device: torch.device) -> None:
        """Open a reward model.

        Args:
            folder: of a model for sequence classification with one output, as `method: reward` and TRL write it.
            drawn: tokenizer of the policy.
            end_ids: tokens that end the policy's answers.
            rows: answers that pass through the model at once.
            device: that it computes on.

        Raises:
            InputError: for a folder that is no such model or lacks weights, or a conversation without a chat template.
        """
        check_reward_model(folder)
        self._tokenizer = models.tokenizer(folder)
        self._same = self._tokenizer.get_vocab() == drawn.get_vocab()
        self._behind = behind(self._tokenizer, end_ids) if self._same else []
        self._rows, self._device, self._name = rows, device, folder.name
        model = models.scoring(folder)
        self._pad = padding_id(self._tokenizer, models.end_ids(folder, self._tokenizer), len_of(model))
        model.config.pad_token_id = self._pad  # the score is read at the last token that is not this one
        self._model = sharding.shared_out(model.to(device).eval().requires_grad_(False))

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """What it holds in memory."""
        return list(self._model.parameters())

    @torch.no_grad()
    def __call__(self, answers: Sequence[Answer]) -> torch.Tensor:
        """The score of each answer, float32 (answers,)."""
        sequences = [self._ids(answer) for answer in answers]
        found = []
        for start in range(0, len(sequences), self._rows):
            ids, attention = side_by_side(sequences[start : start + self._rows], self._pad, self._device)
            found.append(self._model(input_ids=ids, attention_mask=attention).logits[:, 0].float())
        return torch.cat(found)

    def _ids(self, answer: Answer) -> list[int]:
        if self._same:
            return sequence(answer, self._behind)
        row, tokenizer = answer.row, self._tokenizer
        if row["turns"] is None:
            ids = tokenizer(row["prompt"] + answer.text)["input_ids"]
            return [*ids, tokenizer.eos_token_id] if answer.ended else ids
        if not tokenizer.chat_template:
            raise InputError(f"reward model {self._name}: has no chat template, expected one for prompts of turns")
        turns = [*row["turns"], {"role": "assistant", "content": answer.text}]
        return tokenizer(chat.render(tokenizer, turns, generation_prompt=False), add_special_tokens=False)["input_ids"]


def check_reward_model(folder: Path) -> None:
    """Refuse a folder that holds no model for sequence classification with one output.

    Raises:
        InputError: naming the folder.
    """
    models.locate(str(folder))
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    kinds = config.architectures or []
    if config.num_labels != 1 or not any(kind.endswith("ForSequenceClassification") for kind in kinds):
        raise InputError(
            f"reward model {folder}: {', '.join(kinds) or 'no architecture'} with {config.num_labels} outputs, "
            "expected a model for sequence classification with one"
        )


def sequence(answer: Answer, tail: Sequence[int]) -> list[int]:
    """Tokens of prompt and answer and, behind an answer of a conversation that ended, of what the template writes."""
    ids = [*answer.row["input_ids"], *answer.ids]
    return [*ids, *tail] if answer.ended and answer.row["turns"] is not None else ids


def behind(tokenizer: Any, end_ids: frozenset[int]) -> list[int]:
    """Tokens that the chat template writes behind the end token of an answer: a line break, mostly nothing."""
    if not tokenizer.chat_template:
        return []
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    ids = tokenizer(chat.render(tokenizer, turns, generation_prompt=False), add_special_tokens=False)["input_ids"]
    last = max((place for place, token in enumerate(ids) if token in end_ids), default=len(ids) - 1)
    return ids[last + 1 :]


def padding_id(tokenizer: Any, end_ids: frozenset[int], vocabulary: int) -> int:
    """A token to fill up rows with on their right that never is the last of an answer.

    Models for sequence classification read their score at the last token that is not the padding: were the end token
    the padding, at the one before it.

    Raises:
        InputError: when every token may end an answer.
    """
    named = (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.bos_token_id)
    spare = range(len(tokenizer), vocabulary)  # rows of the embedding without a token
    for token in (*named, *spare[:1]):
        if token is not None and token not in end_ids:
            return token
    raise InputError(
        "the tokenizer has no token to fill up rows with but the one that ends answers, expected a pad_token"
    )


def len_of(model: Any) -> int:
    """Rows of a model's embedding."""
    return int(model.get_input_embeddings().weight.shape[0])


def side_by_side(
    rows: Sequence[Sequence[int]], pad: int, device: torch.device, left: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids int64 (rows, longest) filled up with `pad`, and the attention mask int64 of what is not padding."""
    longest = max(len(row) for row in rows)
    ids, attention = torch.full((len(rows), longest), pad), torch.zeros(len(rows), longest, dtype=torch.long)
    for number, row in enumerate(rows):
        place = slice(longest - len(row), None) if left else slice(0, len(row))
        ids[number, place] = torch.tensor(list(row))
        attention[number, place] = 1
    return ids.to(device), attention.to(device)
