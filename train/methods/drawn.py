"""What rloo and grpo give TRL: prompts as tokens, rewards of ours, and drawing that resumes exactly."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import xxhash
from datasets import Dataset
from transformers import LogitsProcessor, LogitsProcessorList

from .. import models
from ..data.preparation import Prepared
from ..devices import processes, sharding
from . import setup
from .rewards import Answer, LearnedReward, Rewards
from .setup import Setup

MEASURES = ("reward", "reward_std", "frac_reward_zero_std", "entropy", "clip_ratio/region_mean",
            "completions/mean_length", "completions/clipped_ratio")  # fmt: skip
COLUMNS = ("turns", "references", "check", "choices")  # of a prompt's row that rewards read, beside prompt and tokens

Judge = Callable[..., list[float]]


def seed_step(seed: int, step: int) -> None:
    """Let everything that a step draws hang on the run's seed and the step's number alone: it resumes exactly."""
    torch.manual_seed(_number(f"{seed}:{step}"))


def row_seeds(seed: int, step: int, rows: int) -> list[int]:
    """A seed for each answer of a step: what it draws hangs on no other one, nor on who draws them together."""
    return [_number(f"{seed}:{step}:{row}") for row in range(rows)]


class RowDraws(LogitsProcessor):
    """Draws the next token of each row with a generator of its own, and leaves `generate` no other choice.

    The largest of log p - log e, e from the exponential distribution, is a draw from p.
    """

    def __init__(self, seeds: Sequence[int], temperature: float, device: torch.device) -> None:
        """One seed a row; `generate` divides by the temperature after this."""
        self._generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self._temperature = temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Logits (rows, vocabulary) that only the drawn token survives."""
        noise = torch.empty(scores.shape, dtype=torch.float32, device=scores.device)
        for row, generator in zip(noise, self._generators, strict=True):
            row.exponential_(generator=generator)
        drawn = (scores.float() / self._temperature - noise.log()).argmax(-1, keepdim=True)
        return torch.full_like(scores, -torch.inf).scatter_(1, drawn, 0.0)


@contextlib.contextmanager
def by_row(trainer: Any, rows: int) -> Iterator[None]:
    """Let a trainer of TRL draw the answers of its present step so, of which this process has `rows`."""
    args, model, step = trainer.args, trainer.model, trainer.state.global_step
    seed_step(args.seed, step)
    everyone = rows * processes.count()
    seeds = row_seeds(args.seed, step, everyone)[processes.own(everyone)]
    draws = LogitsProcessorList([RowDraws(seeds, args.temperature, args.device)])
    drawing = functools.partial(model.generate, logits_processor=draws, synced_gpus=False)

    def generate(*given: Any, **settings: Any) -> Any:
        with sharding.kept_whole(model):  # the processes' answers are of different lengths
            return drawing(*given, **settings)

    model.generate = generate
    try:
        yield
    finally:
        del model.generate


def _number(name: str) -> int:
    return xxhash.xxh3_64_intdigest(name.encode()) >> 1


def checked(prepared: Prepared) -> bool:
    """Whether any prompt of a run names a check."""
    return any(kind is not None for kind in prepared.dataset["check"])


def arguments(given: Setup) -> dict[str, Any]:
    """Arguments that both configurations of TRL take: of `setup.arguments`, with as many rows as there are answers."""
    options, asked = given.options, given.options.reinforcement
    answers = options.batch_size * asked.answers // processes.count()  # of this process
    micro = options.micro_batch_size or answers
    return setup.arguments(given) | {
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": answers // micro,
        "num_generations": asked.answers,
        "max_completion_length": asked.max_new_tokens,
        "temperature": asked.temperature,
        "top_k": 0,
        "top_p": 1.0,
        "beta": asked.price(False),
        "epsilon": asked.clip,
        "shuffle_dataset": False,  # the order is the mixture's
        "disable_dropout": True,
    }  # fmt: skip


def dataset(given: Setup) -> Dataset:
    """The prompts as TRL's trainers take them, tokens in place of texts: they are encoded once, by us."""
    return given.prepared.dataset.rename_column("prompt", "asked").rename_column("input_ids", "prompt")


def judge(given: Setup) -> Judge:
    """The rewards of a run as a reward function of TRL."""
    options = given.options
    end_ids = models.end_ids(given.tuned.folder, given.tokenizer)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows = options.micro_batch_size or options.batch_size
    learned = [LearnedReward(folder, given.tokenizer, end_ids, rows, device)
               for folder in options.reinforcement.reward_models]  # fmt: skip
    rewards = Rewards(options.reinforcement, learned, checked(given.prepared))

    def reward(
        prompts: Sequence[list[int]], completions: Sequence[str], completion_ids: Sequence[list[int]],
        asked: Sequence[str | None], log_metric: Callable[[str, float], None], **columns: Any,
    ) -> list[float]:  # fmt: skip
        answers = [
            Answer(
                {"input_ids": prompts[n], "prompt": asked[n], **{name: columns[name][n] for name in COLUMNS}},
                ids, completions[n], ids[-1] in end_ids,
            )
            for n, ids in enumerate(completion_ids)
        ]  # fmt: skip
        total, parts = rewards(answers)
        for name, scores in parts.items():
            log_metric(f"reward_{name}", float(scores.mean()))
        return total.tolist()

    return reward


def measures(given: Setup) -> tuple[str, ...]:
    """Names of what is kept for every step."""
    options = given.options.reinforcement
    parts = ["count"] if options.count else []
    parts += ["check"] if checked(given.prepared) else []
    parts += [f"model_{number}" for number in range(len(options.reward_models))]
    return *MEASURES, *(["kl"] if options.price(False) else []), *(f"reward_{part}" for part in parts)
