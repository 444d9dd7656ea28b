"""What our layer costs: the same fine-tuning through `train.training` and through TRL called directly, in one process.

    python benchmarks/training.py --model MODEL [--steps 60] [--rounds 3] [--tuning lora]

Both arms see the same rows the same number of times, with the same settings, alternating. `loop` is the time inside
the trainer's steps; `whole` also reads and encodes the data, saves the model and, for LoRA, merges the adapter, which
the bare script leaves out: the part of it that is ours is what a user gets for that time.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback
from trl import SFTConfig, SFTTrainer

from train.adapters import lora_config
from train.options import Lora, Source, TrainOptions
from train.silence import quiet
from train.training import Progress, train

BATCH = 16
LEARNING_RATE = 1e-3


def write_rows(path: Path, rows: int) -> None:
    """Raw prompts and completions of 40 to 200 characters, from a fixed seed."""
    rng = random.Random(7)
    words = ["the", "a", "little", "big", "red", "blue", "cat", "dog", "sun", "moon", "ran", "saw", "old", "new"]
    lines = [
        {"prompt": " ".join(rng.choices(words, k=rng.randint(5, 20))), "completion": " " + " ".join(
            rng.choices(words, k=rng.randint(5, 20)))}
        for _ in range(rows)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def ours(model: str, rows: Path, steps: int, tuning: str, folder: Path) -> tuple[float, float, int]:
    told: list[tuple[float, Progress]] = []
    started = time.perf_counter()
    options = TrainOptions(model=model, data=(Source(rows),), tuning=tuning, steps=steps, batch_size=BATCH,  # type: ignore[arg-type]
                           learning_rate=LEARNING_RATE, checkpoint_steps=10 * steps)  # fmt: skip
    report = train(options, folder / "ours", lambda progress: told.append((time.perf_counter(), progress)))
    whole = time.perf_counter() - started
    last = told[-1][1]
    return report.card["tokens"] / last.tokens_per_second, whole, report.card["tokens"]


def bare(model: str, rows: Path, steps: int, tuning: str, folder: Path) -> tuple[float, float, int]:
    started = time.perf_counter()
    config = SFTConfig(
        output_dir=str(folder / "bare"), max_steps=steps, per_device_train_batch_size=BATCH, max_length=None,
        learning_rate=LEARNING_RATE, gradient_checkpointing=False, bf16=torch.cuda.is_available(), report_to=[],
        use_cpu=not torch.cuda.is_available(), save_strategy="no", logging_steps=10, disable_tqdm=True,
    )  # fmt: skip
    with quiet():
        trainer = SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32), args=config,
            train_dataset=load_dataset("json", data_files=str(rows), split="train", cache_dir=str(folder / "cache")),
            processing_class=AutoTokenizer.from_pretrained(model),
            peft_config=lora_config(Lora()) if tuning == "lora" else None,
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        loop = time.perf_counter()
        trainer.train()
        loop = time.perf_counter() - loop
        trainer.save_model(str(folder / "bare" / "model"))
    return loop, time.perf_counter() - started, int(trainer.state.log_history[-2]["num_tokens"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tuning", choices=("lora", "full"), default="lora")
    given = parser.parse_args()
    rates: dict[str, list[tuple[float, float]]] = {"bare": [], "ours": []}
    with tempfile.TemporaryDirectory() as name:
        rows = Path(name) / "rows.jsonl"
        write_rows(rows, given.steps * BATCH // 2)  # two passes
        for number in range(given.rounds + 1):
            for arm, run in (("bare", bare), ("ours", ours)):
                loop, whole, tokens = run(given.model, rows, given.steps, given.tuning, Path(name) / str(number))
                if number:  # the first round warms the machine
                    rates[arm].append((tokens / loop, tokens / whole))
                    print(f"{arm}: {tokens} tokens, loop {tokens / loop:,.0f}/s, whole {tokens / whole:,.0f}/s")
    result = {
        arm: {"loop_tokens_per_second": statistics.median(loop for loop, _ in found),
              "whole_tokens_per_second": statistics.median(whole for _, whole in found)}
        for arm, found in rates.items()
    }  # fmt: skip
    result["overhead_of_the_loop"] = {
        "share": 1 - result["ours"]["loop_tokens_per_second"] / result["bare"]["loop_tokens_per_second"]
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
