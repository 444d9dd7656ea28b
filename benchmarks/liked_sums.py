"""What learning from rewards and preferences is tried on: sums that shall be even, and how a model is measured by them.

Liked is an even sum, right or wrong: nothing that the seed model was made for, easily told, and possible by a change of
one digit. Nothing is trained on the sums that a model is measured by.
"""

import json
import os
import random
from collections.abc import Sequence
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
from train.evaluation.preference_accuracy import preference_accuracy
from train.evaluation.tasks import load_tasks
from train.methods.ppo.rollout import draw, generation_config
from train.methods.rewards import side_by_side
from train.options.reinforcement import Reinforcement

UNSEEN = 120  # sums that nothing is trained on
TIMES = 2  # each is drawn
NEW_TOKENS = 16
OLD_ITEMS = 30  # unseen items of each old skill
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
