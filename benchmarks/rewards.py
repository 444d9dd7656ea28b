"""What learning from rewards and preferences does to the seed model, on prompts that it was not trained on.

    python -m benchmarks.rewards --out runs/rewards [--seeds 1 2 3] [--parts preferences held ptx] [--ptx-rate 1e-3]

Liked is an even sum, right or wrong (`benchmarks.liked_sums`). Three parts, each under every seed of training:

- `preferences`: a reward model learns from pairs which sums are liked. All methods then start from the seed model: dpo,
  kto, orpo, slic and rrhf from the same pairs, rloo and grpo from prompts and the reward model.
- `held`: ppo with the reward model, at prices in the reward and in the loss, at a huge one in either, and with
  `ppo.kl_target`.
- `ptx`: ppo for a countable reward that has nothing to do with any skill, at no price, with and without rows of old
  skills beside it (`ppo.ptx`), equal steps: what became of the 16 skills that were not prompted.

Measured in the first two parts: held-out pairs whose liked answer is the likelier one; of answers drawn to held-out
prompts how many are even, how many right, and their exact divergence from the start.

Everything is kept in OUT, so that the same command goes on where it was stopped; tables are printed and written to
OUT/results.md.
"""

import argparse
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.liked_sums import MODEL, NEW_TOKENS, Inputs, inputs, kept, measured
from curation import storage
from train import models
from train.evaluation.forgetting import summarise
from train.options.preferences import Preferences
from train.options.reinforcement import Ppo, Reinforcement, RewardModel
from train.options.run import Source, TrainOptions
from train.training import train

SEEDS = (1, 2, 3)
PAIRED = ("dpo", "kto", "orpo", "slic", "rrhf")
DRAWN = ("rloo", "grpo")
PTX_RATE = 1e-3  # of learning, at which PPO for a word forgets nearly everything

# Of `held`: the price (none: a tenth of the reward model's margin), where it counts, and the target.
PRICES: dict[str, tuple[float | None, dict[str, Any]]] = {
    "0.05 in the reward": (0.05, {"kl_in": "reward"}),
    "tenth of the margin in the reward": (None, {"kl_in": "reward"}),
    "from 0.05 in the reward, target 1": (0.05, {"kl_in": "reward", "kl_target": 1.0}),
    "0.2 in the loss": (0.2, {"kl_in": "loss"}),
    "1000 in the reward": (1000.0, {"kl_in": "reward"}),
    "1000 in the loss": (1000.0, {"kl_in": "loss"}),
}


def options(method: Any, given: Inputs, seed: int, **fields: Any) -> TrainOptions:
    source = given.pairs if method in ("reward", *PAIRED) else given.prompts
    shared: dict[str, Any] = {"tuning": "full", "schedule": "constant", "warmup": 0.0, "threads": 1, "seed": seed}
    if method in PAIRED:
        shared["preferences"] = Preferences(given.held_out)
    return TrainOptions(str(MODEL), (Source(source),), method=method, **(shared | fields))


def reward_model(given: Inputs, seed: int, out: Path) -> Path:
    """Learned from the pairs of the sums that are trained on."""
    settings = options("reward", given, seed, steps=40, batch_size=16, learning_rate=1e-3, reward=RewardModel(0.2))
    return train(settings, out / f"reward-{seed}").folder


def tenth(judge: Path) -> float:
    """A price of leaving the start on the scale of a reward model: a tenth of the margin in its held-out pairs."""
    return 0.1 * float(models.read_json(judge / "run_card.json")["held_out"]["margin"])


def ppo(given: Inputs, seed: int, judge: Path, steps: int, rate: float, price: float, **settings: Any) -> TrainOptions:
    return options(
        "ppo", given, seed, steps=steps, batch_size=32, learning_rate=rate,
        reinforcement=Reinforcement(max_new_tokens=NEW_TOKENS, kl_weight=price, reward_models=(judge,)),
        ppo=Ppo(minibatches=2, critic_learning_rate=1e-3, **settings),
    )  # fmt: skip


# --- parts --------------------------------------------------------------------------------------------------------


def preferences(given: Inputs, seeds: Sequence[int], out: Path) -> Iterator[str]:
    """Held-out preference accuracy and even sums of every method, by seed."""
    before = measured(MODEL, given, out / "before.json")
    yield "| method | liked answer likelier, of 100, by seed | even sums drawn, of 100, by seed | nats an answer |"
    yield "| --- | --- | --- | --- |"
    yield f"| seed model | {100 * before['preferred']:.0f} | {100 * before['even']:.0f} | |"
    for method in (*DRAWN, *PAIRED):
        rows = []
        for seed in seeds:
            judge = reward_model(given, seed, out)
            if method in PAIRED:
                settings = options(method, given, seed, steps=15, batch_size=16, learning_rate=3e-4)
            else:
                settings = options(
                    method, given, seed, steps=15, batch_size=16, learning_rate=3e-4,
                    reinforcement=Reinforcement(max_new_tokens=NEW_TOKENS, reward_models=(judge,)),
                )  # fmt: skip
            folder = train(settings, out / f"{method}-{seed}").folder
            rows.append(measured(folder, given))
        yield f"| {method} | {_each(rows, 'preferred')} | {_each(rows, 'even')} | {_each(rows, 'kl_answer', 1)} |"


def held(given: Inputs, seeds: Sequence[int], out: Path) -> Iterator[str]:
    """PPO at prices of leaving the start."""
    before = measured(MODEL, given, out / "before.json")
    yield "| price | liked likelier, of 100, by seed | even sums, of 100 | right, of 100 | nats an answer | a token |"
    yield "| --- | --- | --- | --- | --- | --- |"
    start = [f"{100 * before[name]:.0f}" for name in ("preferred", "even", "right")]
    yield f"| seed model | {' | '.join(start)} | | |"
    for number, (name, (price, settings)) in enumerate(PRICES.items()):
        rows = []
        for seed in seeds:
            judge = reward_model(given, seed, out)
            asked_for = ppo(given, seed, judge, 10, 1e-4, tenth(judge) if price is None else price, **settings)
            rows.append(measured(train(asked_for, out / f"held{number}-{seed}").folder, given))
        cells = (
            _each(rows, "preferred"),
            _each(rows, "even"),
            _each(rows, "right"),
            _each(rows, "kl_answer", 1),
            _each(rows, "kl_token", 1, 3),
        )
        yield f"| {name} | {' | '.join(cells)} |"


def counted(given: Inputs, seed: int, rate: float, **settings: Any) -> TrainOptions:
    """PPO for a word that has nothing to do with any skill, at no price: what is not held otherwise is lost."""
    reward = Reinforcement(max_new_tokens=NEW_TOKENS, kl_weight=0.0, count="The", no_end_penalty=0.0)
    return options(
        "ppo", given, seed, steps=12, batch_size=32, learning_rate=rate, reinforcement=reward,
        ppo=Ppo(minibatches=2, critic_learning_rate=1e-3, **settings),
    )  # fmt: skip


def ptx(given: Inputs, seeds: Sequence[int], out: Path, rate: float = PTX_RATE) -> Iterator[str]:
    """PPO with and without old rows beside it: old skills through the whole forgetting report, over seeds."""
    scores = [_scores(MODEL, given, "seed model", 0, out)]
    rewards: dict[str, list[float]] = {"without": [], "with": []}
    for name, reached in rewards.items():
        for seed in seeds:
            old = (given.old,) if name == "with" else ()
            report = train(counted(given, seed, rate, ptx=old), out / f"ptx-{name}-{seed}")
            reached.append(report.card["measures"]["reward"][-1])
            scores.append(_scores(report.folder, given, name, seed, out))
    everything = pl.concat(scores)
    summary = {row["model"]: row for row in summarise(everything, "seed model").to_dicts()}
    yield "| ptx | reward at the last step, by seed | forgotten | forgotten by seed |"
    yield "| --- | --- | --- | --- |"
    for name, reached in rewards.items():
        each = []
        for seed in seeds:
            of_seed = (pl.col("model") == name) & (pl.col("seed") == seed)
            part = everything.filter((pl.col("model") == "seed model") | of_seed)
            each.append(summarise(part, "seed model", resamples=100)["forgotten"][0])
        by_seed = ", ".join(f"{100 * one:.1f}" for one in each)
        gained = ", ".join(f"{one:.1f}" for one in reached)
        yield f"| {name} | {gained} | {_interval(summary[name])} | {by_seed} |"
    contrast = summarise(everything.filter(pl.col("model") != "seed model"), "without").to_dicts()[0]
    yield f"\nForgotten with ptx less without: {_interval(contrast)} points of 100, paired by item and seed."


def _scores(folder: Path, given: Inputs, name: str, seed: int, out: Path) -> pl.DataFrame:
    path = out / f"old-{name.replace(' ', '-')}-{seed}.parquet"
    if not path.is_file():
        kept(folder, given, name, seed).write_parquet(path)
    return pl.read_parquet(path)


def _each(rows: Sequence[dict[str, float]], name: str, scale: int = 100, digits: int = 0) -> str:
    digits = digits or (1 if scale == 1 else 0)
    return ", ".join(f"{scale * row[name]:.{digits}f}" for row in rows)


def _interval(row: dict[str, Any]) -> str:
    return f"{100 * row['forgotten']:.1f} [{100 * row['forgotten_low']:.1f}, {100 * row['forgotten_high']:.1f}]"


PARTS: dict[str, Callable[[Inputs, Sequence[int], Path], Iterator[str]]] = {
    "preferences": preferences, "held": held, "ptx": ptx,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="of training")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--ptx-rate", type=float, default=PTX_RATE, help="learning rate of `ptx`; give it its own OUT")
    asked_for = parser.parse_args()
    out = asked_for.out.resolve()
    given = inputs(out / "inputs")
    parts = PARTS | {"ptx": functools.partial(ptx, rate=asked_for.ptx_rate)}
    shown = []
    for name in asked_for.parts:
        shown += [f"### {name}", ""]
        print(f"### {name}\n", flush=True)
        for line in parts[name](given, asked_for.seeds, out):
            shown.append(line)
            print(line, flush=True)
        shown.append("")
    storage.write_text("\n".join(shown), out / "results.md")


if __name__ == "__main__":
    main()
