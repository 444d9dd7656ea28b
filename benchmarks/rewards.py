"""What learning from rewards and preferences does to the seed model, on prompts that it was not trained on.

    python -m benchmarks.rewards --out runs/rewards [--seeds 1 2 3] [--parts preferences held ptx]

The skill is to add two numbers, and liked is an even sum, right or wrong: nothing that the model was made for, easily
told, and possible by a change of one digit. Three parts, each under every seed of training:

- `preferences`: a reward model learns from pairs which sums are liked. All methods then start from the seed model: dpo,
  kto, orpo, slic and rrhf from the same pairs, rloo and grpo from prompts and the reward model.
- `held`: ppo with the reward model, at the default price of leaving the start, at one on the scale of the reward
  model, and with `ppo.kl_target`.
- `ptx`: ppo for a countable reward that has nothing to do with any skill, at no price, with and without rows of old
  skills beside it (`ppo.ptx`), equal steps: what became of the 16 skills that were not prompted.

Measured in the first two parts: held-out pairs whose liked answer is the likelier one; of answers drawn to held-out
prompts how many are even, how many right, and their exact divergence from the start.

Everything is kept in OUT, so that the same command goes on where it was stopped; tables are printed and written to
OUT/results.md.
"""

import argparse
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import polars as pl
import torch

from curation import storage
from pipelines.demo.main import MODEL, SEED
from pipelines.demo.skills import SKILLS
from pipelines.demo.tasks import write_tasks
from synth.engines import open_engine
from train import models
from train.data import comparison_encoding, comparisons
from train.data.encoding import Encoder
from train.evaluation.evaluate import evaluate
from train.evaluation.forgetting import summarise
from train.evaluation.preference_accuracy import preference_accuracy
from train.evaluation.tasks import load_tasks
from train.methods.ppo.rollout import draw, generation_config
from train.methods.rewards import side_by_side
from train.options.preferences import Preferences
from train.options.reinforcement import Ppo, Reinforcement, RewardModel
from train.options.run import Source, TrainOptions
from train.training import train

SEEDS = (1, 2, 3)
UNSEEN = 120  # sums that nothing is trained on
TIMES = 2  # each is drawn
NEW_TOKENS = 16
OLD_ITEMS = 30  # unseen items of each old skill
PAIRED = ("dpo", "kto", "orpo", "slic", "rrhf")
DRAWN = ("rloo", "grpo")
CPU = torch.device("cpu")

Turns = list[dict[str, str]]


@dataclass(frozen=True)
class Inputs:
    """Files of all parts, and the sums that nothing is trained on."""

    pairs: Path
    held_out: Path
    prompts: Path
    old: Path
    tests: list[Path]
    unseen: list[tuple[int, int]]


def asked(a: int, b: int) -> Turns:
    return [{"role": "user", "content": f"Add: {a} + {b}"}]


def pair(a: int, b: int, near: random.Random) -> dict[str, Any]:
    """The even and the odd one of two neighbouring numbers at most three from the sum."""
    number = a + b + near.randint(-2, 2)
    even, odd = number + number % 2, number + 1 - number % 2
    return {"prompt": asked(a, b), "chosen": f"The sum is {even}.", "rejected": f"The sum is {odd}."}


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    storage.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), path)
    return path


def inputs(folder: Path) -> Inputs:
    """Sums up to 60, of which some are never trained on; demonstrations and unseen items of the other skills."""
    sums = [(a, b) for a in range(2, 40) for b in range(2, 21)]
    random.Random(0).shuffle(sums)
    unseen, trained_on, near = sums[:UNSEEN], sums[UNSEEN : UNSEEN + 400], random.Random(1)
    files = write_tasks(folder / "tasks", SEED)
    others = {skill.name for skill in SKILLS} - {"add"}
    demonstrations = [json.loads(line) for line in files["demos"][0].read_text(encoding="utf-8").splitlines()]
    tests = []
    for path in files["tests"]:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()][:OLD_ITEMS]
        if rows[0]["task"] in others:
            tests.append(write(folder / path.name, rows))
    return Inputs(
        write(folder / "pairs.jsonl", [pair(a, b, near) for a, b in trained_on]),
        write(folder / "held_out.jsonl", [pair(a, b, near) for a, b in unseen]),
        write(folder / "prompts.jsonl", [{"prompt": asked(a, b), "references": [str(a + b)]} for a, b in trained_on]),
        write(folder / "old.jsonl", [row for row in demonstrations if row["task"] in others]),
        tests,
        unseen,
    )  # fmt: skip


def options(method: Any, given: Inputs, seed: int, **fields: Any) -> TrainOptions:
    source = given.pairs if method in ("reward", *PAIRED) else given.prompts
    shared = {"tuning": "full", "schedule": "constant", "warmup": 0.0, "threads": 1, "seed": seed}
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


# --- what is measured ---------------------------------------------------------------------------------------------


def preferred(folder: Path, given: Inputs) -> float:
    """Held-out pairs whose liked answer is the likelier one, as a whole."""
    tokenizer = models.tokenizer(folder)
    encoder = Encoder(tokenizer, models.end_ids(folder, tokenizer), models.context_length(folder), "refuse")
    rows = comparisons.pairs(comparisons.load(given.held_out), "held_out")
    encoded = comparison_encoding.encode(rows, "held_out", encoder).rows
    return preference_accuracy(models.causal_lm(folder), encoded, per_token=False, batch=UNSEEN).share


@torch.no_grad()
def drawn(folder: Path, given: Inputs) -> dict[str, float]:
    """Of answers drawn to unseen sums: how many are even and how many right, and the divergence from the start.

    The divergence is exact at each place of the drawn answers, over the whole vocabulary.
    """
    tokenizer, model, start = models.tokenizer(folder), models.causal_lm(folder).eval(), models.causal_lm(MODEL).eval()
    sums = [one for one in given.unseen for _ in range(TIMES)]
    texts = [tokenizer.apply_chat_template(asked(a, b), tokenize=False, add_generation_prompt=True) for a, b in sums]
    prompts = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    ends = models.end_ids(folder, tokenizer)
    torch.manual_seed(0)
    config = generation_config(Reinforcement(max_new_tokens=NEW_TOKENS), ends, tokenizer.pad_token_id)
    answers = draw(model, prompts, config, len(prompts), CPU)
    ids, attention = side_by_side([[*p, *a] for p, a in zip(prompts, answers, strict=True)], config.pad_token_id, CPU)
    said = torch.zeros(ids.shape, dtype=torch.bool)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        said[row, len(prompt) : len(prompt) + len(answer)] = True
    now, before = (one(input_ids=ids, attention_mask=attention).logits[:, :-1].log_softmax(-1)
                   for one in (model, start))  # fmt: skip
    left = (now.exp() * (now - before)).sum(-1) * said[:, 1:]
    spoken = tokenizer.batch_decode(answers, skip_special_tokens=True)
    even = [text.startswith("The sum is ") and text[-2:] in ("0.", "2.", "4.", "6.", "8.") for text in spoken]
    right = [text == f"The sum is {a + b}." for text, (a, b) in zip(spoken, sums, strict=True)]
    return {"even": sum(even) / len(even), "right": sum(right) / len(right), "kl_answer": float(left.sum(1).mean()),
            "kl_token": float(left.sum() / said.sum())}  # fmt: skip


def kept(folder: Path, given: Inputs, name: str, seed: int) -> pl.DataFrame:
    """Scores of the items of old skills."""
    with open_engine("transformers", str(folder)) as engine:
        return evaluate(engine, None, load_tasks(given.tests), name, seed=seed, max_tokens=48)


def measured(folder: Path, given: Inputs, path: Path | None = None) -> dict[str, float]:
    """What a model prefers and draws, kept in a file beside it."""
    path = path or folder.parent / f"{folder.name}.json"
    if not path.is_file():
        found = {"preferred": preferred(folder, given)} | drawn(folder, given)
        storage.write_text(json.dumps(found, indent=1) + "\n", path)
    kept: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return kept


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
    """PPO at fixed prices and with a target."""
    before = measured(MODEL, given, out / "before.json")
    yield "| price | liked likelier, of 100, by seed | even sums, of 100 | right, of 100 | nats an answer | a token |"
    yield "| --- | --- | --- | --- | --- | --- |"
    start = [f"{100 * before[name]:.0f}" for name in ("preferred", "even", "right")]
    yield f"| seed model | {' | '.join(start)} | | |"
    arms: dict[str, tuple[bool, float | None]] = {
        "0.05, fixed": (False, None), "tenth of the margin, fixed": (True, None), "from 0.05, target 1": (False, 1.0),
    }  # fmt: skip
    for number, (name, (scaled, target)) in enumerate(arms.items()):
        rows = []
        for seed in seeds:
            judge = reward_model(given, seed, out)
            settings = ppo(given, seed, judge, 10, 1e-4, tenth(judge) if scaled else 0.05, kl_target=target)
            folder = train(settings, out / f"held{number}-{seed}").folder
            rows.append(measured(folder, given))
        cells = (
            _each(rows, "preferred"),
            _each(rows, "even"),
            _each(rows, "right"),
            _each(rows, "kl_answer", 1),
            _each(rows, "kl_token", 1, 2),
        )
        yield f"| {name} | {' | '.join(cells)} |"


def counted(given: Inputs, seed: int, **settings: Any) -> TrainOptions:
    """PPO for a word that has nothing to do with any skill, at no price: what is not held otherwise is lost."""
    reward = Reinforcement(max_new_tokens=NEW_TOKENS, kl_weight=0.0, count="The", no_end_penalty=0.0)
    return options(
        "ppo", given, seed, steps=12, batch_size=32, learning_rate=2e-4, reinforcement=reward,
        ppo=Ppo(minibatches=2, critic_learning_rate=1e-3, **settings),
    )  # fmt: skip


def ptx(given: Inputs, seeds: Sequence[int], out: Path) -> Iterator[str]:
    """PPO with and without old rows beside it: old skills through the whole forgetting report, over seeds."""
    scores = [_scores(MODEL, given, "seed model", 0, out)]
    rewards: dict[str, list[float]] = {"without": [], "with": []}
    for name, reached in rewards.items():
        for seed in seeds:
            report = train(counted(given, seed, ptx=(given.old,) if name == "with" else ()), out / f"ptx-{name}-{seed}")
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
    asked_for = parser.parse_args()
    out = asked_for.out.resolve()
    given = inputs(out / "inputs")
    shown = []
    for name in asked_for.parts:
        shown += [f"### {name}", ""]
        print(f"### {name}\n", flush=True)
        for line in PARTS[name](given, asked_for.seeds, out):
            shown.append(line)
            print(line, flush=True)
        shown.append("")
    storage.write_text("\n".join(shown), out / "results.md")


if __name__ == "__main__":
    main()
