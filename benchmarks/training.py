"""What our layer costs, and what packing gains: the same training through ours and through TRL called directly.

    python benchmarks/training.py --model MODEL [--steps 60] [--rounds 5] [--tuning full] [--threads 1]

Each arm runs in a process of its own, in turns. `bare` and `ours` see the same batches: the same rows in the same order
with the same settings, logged every step. `padded` and `packed` see the same texts through our layer, side by side and
put together. A rate is real tokens (no padding) over the time from the first step's beginning to the last one's end;
`whole` is that of everything behind the imports: reading, encoding, the model read and written. Memory is the most that
the process held.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

BATCH = 16
LEARNING_RATE = 1e-3
PACKED = 512  # tokens of a packed row
WORDS = ["the", "a", "little", "big", "red", "blue", "cat", "dog", "sun", "moon", "ran", "saw", "old", "new"]


def write_rows(folder: Path, rows: int) -> None:
    """Raw prompts and completions of 5 to 20 words, and texts of 5 to 120, from a fixed seed."""
    rng = random.Random(7)

    def words(most: int) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(5, most)))

    pairs = [{"prompt": words(20), "completion": " " + words(20)} for _ in range(rows)]
    texts = [{"text": words(120)} for _ in range(rows)]
    for name, lines in (("pairs", pairs), ("texts", texts)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def ours(given: argparse.Namespace, folder: Path) -> tuple[float, int, float]:
    """Seconds of the loop, real tokens, and the share of padding."""
    from train.options.run import Source, TrainOptions
    from train.training import Progress, train

    told: list[Progress] = []
    settings: dict[str, Any] = {"tuning": given.tuning, "batch_size": BATCH, "steps": given.steps}
    source = Source(folder / "pairs.jsonl", ordered=True)
    if given.arm in ("packed", "padded"):
        source = Source(folder / "texts.jsonl", ordered=given.arm == "padded")
    if given.arm == "packed":
        # About as many tokens a step as the rows side by side have; one pass.
        settings |= {"method": "cpt", "batch_size": 6, "max_tokens": PACKED, "steps": None}
    options = TrainOptions(model=given.model, data=(source,), learning_rate=LEARNING_RATE, threads=given.threads,
                           checkpoint_steps=10**6, **settings)  # fmt: skip
    report = train(options, folder / "out" / given.arm / str(time.monotonic_ns()), told.append)
    tokens = report.card["tokens"]
    padding = 0.0 if given.arm == "packed" else _padding(given, folder, source.path)
    return tokens / told[-1].tokens_per_second, tokens, padding


def _padding(given: argparse.Namespace, folder: Path, path: Path) -> float:
    """Share of the places of all batches, rows in the order of the file, that hold no token."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(given.model)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    texts = [row.get("text") or row["prompt"] + row["completion"] for row in rows]
    lengths = [len(ids) + 1 for ids in tokenizer(texts)["input_ids"]]
    batches = [lengths[start : start + BATCH] for start in range(0, len(lengths), BATCH)]
    return 1 - sum(lengths) / sum(max(batch) * len(batch) for batch in batches)


def bare(given: argparse.Namespace, folder: Path) -> tuple[float, int, float]:
    """The same from a script that calls TRL."""
    import torch
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from train.options.run import Lora
    from train.silence import quiet
    from train.tunings.adapters import lora_config

    class Clock(TrainerCallback):
        began = ended = 0.0

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.monotonic()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            self.ended = time.monotonic() if "loss" in (logs or ()) else self.ended

    torch.set_num_threads(given.threads)
    config = SFTConfig(
        output_dir=str(folder / "bare"), max_steps=given.steps, per_device_train_batch_size=BATCH, max_length=None,
        learning_rate=LEARNING_RATE, lr_scheduler_type="cosine", warmup_steps=round(0.05 * given.steps),
        gradient_checkpointing=False, bf16=torch.cuda.is_available(), use_cpu=not torch.cuda.is_available(),
        train_sampling_strategy="sequential", save_strategy="no", logging_steps=1, disable_tqdm=True, report_to=[],
        dataloader_pin_memory=torch.cuda.is_available(),
    )  # fmt: skip
    clock = Clock()
    rows = load_dataset("json", data_files=str(folder / "pairs.jsonl"), split="train", cache_dir=str(folder / "cache"))
    with quiet():
        trainer = SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(given.model, dtype=torch.float32), args=config,
            train_dataset=rows, processing_class=AutoTokenizer.from_pretrained(given.model),
            peft_config=lora_config(Lora()) if given.tuning == "lora" else None, callbacks=[clock],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        trainer.save_model(str(folder / "bare" / "model"))
    tokens = next(int(entry["num_tokens"]) for entry in reversed(trainer.state.log_history) if "num_tokens" in entry)
    return clock.ended - clock.began, tokens, _padding(given, folder, folder / "pairs.jsonl")


def one(given: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Run one arm in this process."""
    import trl  # noqa: F401  (imports are not measured)

    import train.training  # noqa: F401

    started = time.monotonic()
    loop, tokens, padding = (bare if given.arm == "bare" else ours)(given, folder)
    whole = time.monotonic() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"tokens": tokens, "loop": tokens / loop, "whole": tokens / whole, "memory_mb": memory, "padding": padding}


def measured(given: argparse.Namespace, arm: str, folder: Path) -> dict[str, float]:
    """One arm in a process of its own."""
    command = [sys.executable, __file__, "--arm", arm, "--folder", str(folder), "--model", given.model, "--steps",
               str(given.steps), "--tuning", given.tuning, "--threads", str(given.threads)]  # fmt: skip
    root = str(Path(__file__).resolve().parent.parent)
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"{arm}: {found['tokens']:.0f} tokens, loop {found['loop']:,.0f}/s, whole {found['whole']:,.0f}/s, "
          f"{found['memory_mb']:,.0f} MB", flush=True)  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tuning", choices=("lora", "full"), default="full")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--arm", choices=("bare", "ours", "padded", "packed"), help="one arm, in this process")
    parser.add_argument("--folder", type=Path, help="of the rows, with --arm")
    given = parser.parse_args()
    if given.arm:
        print(json.dumps(one(given, given.folder)))
        return
    found: dict[str, list[dict[str, float]]] = {arm: [] for arm in ("bare", "ours", "padded", "packed")}
    with tempfile.TemporaryDirectory() as name:
        write_rows(Path(name), given.steps * BATCH)
        for number in range(given.rounds):
            arms = list(found) if number % 2 else ["ours", "bare", "packed", "padded"]  # neither is always the first
            for arm in arms:
                found[arm].append(measured(given, arm, Path(name)))

    def pairs(one: str, other: str) -> list[float]:
        return [left["loop"] / right["loop"] for left, right in zip(found[one], found[other], strict=True)]

    layer, packing, padding = pairs("ours", "bare"), pairs("packed", "padded"), found["padded"][0]["padding"]
    speed = statistics.median(packing)
    result = {
        arm: {key: statistics.median(run[key] for run in runs) for key in ("loop", "whole", "memory_mb")}
        for arm, runs in found.items()
    }
    print(json.dumps(result, indent=1))
    print(
        f"layer: {1 - statistics.median(layer):+.1%} of tokens/s, pairs {', '.join(f'{1 - one:+.1%}' for one in layer)}"
    )
    print(f"packing: {speed:.2f} times the tokens/s, pairs {', '.join(f'{one:.2f}' for one in packing)}")
    print(f"padding was {padding:.1%}: packing saved {(1 - 1 / speed) / padding:.0%} of its time and reaches "
          f"{speed * (1 - padding):.0%} of the rate of rows without any")  # fmt: skip


if __name__ == "__main__":
    main()
