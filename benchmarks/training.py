"""What our layer costs, and what packing gains: the same training through ours and through TRL called directly.

    python -m benchmarks.training --model MODEL [--hidden 384 --layers 8] [--steps 12] [--rounds 7] [--tuning full]

`bare` and `ours` see the same batches: the same rows in the same order with the same settings, logged every step.
`padded` and `packed` see the same texts through our layer, side by side and put together. The two arms of a comparison
run in turns in one process, each round the other one first, behind a round that is not counted. Both are timed by one
callback, from the beginning of training to the log of the last step. A rate is real tokens (no padding) by the
processor's seconds on a CPU, where others may use the machine too, by the clock's on a GPU; what is said of a
comparison is the median over the rounds of the one arm's rate by the other's, with the smallest and the largest.

Then each arm runs once in a process of its own for `memory`, the most that it held, and `whole`, the tokens by the
clock's seconds of everything behind the imports: reading, encoding, the model read and written.

With `--hidden` the model's layout and tokenizer are taken and its weights are random ones of that size.
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

import torch
from transformers import TrainerCallback
from transformers.trainer import DEFAULT_CALLBACKS

from benchmarks.ppo import resized

os.environ.setdefault("HF_HUB_OFFLINE", "1")

BATCH = 16
LEARNING_RATE = 1e-3
COMPARED = {"layer": ("ours", "bare"), "packing": ("packed", "padded")}
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


class Clock(TrainerCallback):
    """Seconds of the processor and of the clock, and real tokens, of every run of a trainer, whoever made it."""

    runs: list[dict[str, float]] = []

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.began = time.process_time(), time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if "loss" in (logs or ()):
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.last = time.process_time() - self.began[0], time.monotonic() - self.began[1], logs["num_tokens"]

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.runs.append(dict(zip(("processor", "wall", "tokens"), self.last, strict=True)))


def ours(given: argparse.Namespace, arm: str, folder: Path) -> None:
    """Train through our layer."""
    from train.options.run import Source, TrainOptions
    from train.training import train

    settings: dict[str, Any] = {"tuning": given.tuning, "batch_size": BATCH, "steps": given.steps}
    source = Source(folder / "pairs.jsonl", ordered=True)
    if arm in ("packed", "padded"):
        source = Source(folder / "texts.jsonl", ordered=arm == "padded")
    if arm == "packed":
        # About as many tokens a step as the rows side by side have; one pass.
        settings |= {"method": "cpt", "batch_size": 6, "max_tokens": PACKED, "steps": None}
    options = TrainOptions(model=given.model, data=(source,), learning_rate=LEARNING_RATE, threads=given.threads,
                           checkpoint_steps=10**6, **settings)  # fmt: skip
    train(options, folder / "out" / arm / str(time.monotonic_ns()))


def bare(given: argparse.Namespace, folder: Path) -> None:
    """The same from a script that calls TRL."""
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback
    from trl import SFTConfig, SFTTrainer

    from train.options.run import Lora
    from train.silence import quiet
    from train.tunings.adapters import lora_config

    torch.set_num_threads(given.threads)
    out = folder / "bare" / str(time.monotonic_ns())
    config = SFTConfig(
        output_dir=str(out), max_steps=given.steps, per_device_train_batch_size=BATCH, max_length=None,
        learning_rate=LEARNING_RATE, lr_scheduler_type="cosine", warmup_steps=round(0.05 * given.steps),
        gradient_checkpointing=False, bf16=torch.cuda.is_available(), use_cpu=not torch.cuda.is_available(),
        train_sampling_strategy="sequential", save_strategy="no", logging_steps=1, disable_tqdm=True, report_to=[],
        dataloader_pin_memory=torch.cuda.is_available(),
    )  # fmt: skip
    with quiet():
        rows = load_dataset("json", data_files=str(folder / "pairs.jsonl"), split="train", cache_dir=str(out / "cache"))
        trainer = SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(given.model, dtype=torch.float32), args=config,
            train_dataset=rows, processing_class=AutoTokenizer.from_pretrained(given.model),
            peft_config=lora_config(Lora()) if given.tuning == "lora" else None,
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        trainer.save_model(str(out / "model"))


def padding_of(given: argparse.Namespace, path: Path) -> float:
    """Share of the places of all batches, rows in the order of the file, that hold no token."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(given.model)
    texts = [json.loads(line)["text"] for line in path.read_text().splitlines()]
    lengths = [len(ids) + 1 for ids in tokenizer(texts)["input_ids"]]
    batches = [lengths[start : start + BATCH] for start in range(0, len(lengths), BATCH)]
    return 1 - sum(lengths) / sum(max(batch) * len(batch) for batch in batches)


def once(given: argparse.Namespace, arm: str, folder: Path) -> dict[str, float]:
    """One run of an arm, with a rate."""
    bare(given, folder) if arm == "bare" else ours(given, arm, folder)
    run = Clock.runs[-1]
    seconds = run["wall"] if torch.cuda.is_available() else run["processor"]
    return run | {"rate": run["tokens"] / seconds}


def alone(given: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Memory and whole rate of the one arm of this process."""
    import trl  # noqa: F401  (imports are not measured)

    import train.training  # noqa: F401

    started = time.monotonic()
    run = once(given, given.arm, folder)
    whole = run["tokens"] / (time.monotonic() - started)
    return {"whole": whole, "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_turns(given: argparse.Namespace, folder: Path) -> dict[str, list[dict[str, float]]]:
    """Runs of the two arms of a comparison, the first round left out."""
    found: dict[str, list[dict[str, float]]] = {arm: [] for arm in COMPARED[given.comparison]}
    for number in range(given.rounds + 1):
        for arm in list(found)[:: 1 if number % 2 else -1]:  # neither is always the first
            run = once(given, arm, folder)
            found[arm] += [run] if number else []
    return found


def started(given: argparse.Namespace, *more: str) -> Any:
    """What a process of its own says in its last line."""
    command = [sys.executable, "-m", "benchmarks.training", "--model", given.model, "--steps", str(given.steps),
               "--rounds", str(given.rounds), "--tuning", given.tuning, "--threads", str(given.threads),
               *more]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--hidden", type=int)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tuning", choices=("lora", "full"), default="full")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=COMPARED, help="one of the two comparisons")
    parser.add_argument("--comparison", choices=COMPARED, help=argparse.SUPPRESS)  # in this process
    parser.add_argument("--arm", help=argparse.SUPPRESS)  # alone in this process
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # of the rows
    given = parser.parse_args()
    if given.comparison or given.arm:
        DEFAULT_CALLBACKS.append(Clock)
        print(json.dumps(alone(given, given.folder) if given.arm else in_turns(given, given.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder, given.steps * BATCH)
        if given.hidden:
            given.model = resized(given.model, given.hidden, given.layers, folder / "base")
        for comparison in [given.only] if given.only else COMPARED:
            runs = started(given, "--comparison", comparison, "--folder", name)
            for arm in COMPARED[comparison]:
                said = started(given, "--arm", arm, "--folder", name)
                rate, wall = (statistics.median(run[key] for run in runs[arm]) for key in ("rate", "wall"))
                print(f"{arm}: {runs[arm][0]['tokens']:.0f} tokens, {rate:,.0f}/s; clock {wall:.1f} s; whole "
                      f"{said['whole']:,.0f}/s, {said['memory_mb']:,.0f} MB", flush=True)  # fmt: skip
            one, other = (runs[arm] for arm in COMPARED[comparison])
            ratios = sorted(left["rate"] / right["rate"] for left, right in zip(one, other, strict=True))
            told(comparison, ratios, padding_of(given, folder / "texts.jsonl"))


def told(comparison: str, ratios: list[float], padding: float) -> None:
    """Print what the ratios of the rounds say."""
    middle = statistics.median(ratios)
    if comparison == "layer":
        print(f"layer: costs {1 - middle:+.1%} of tokens/s ({1 - ratios[-1]:+.1%} to {1 - ratios[0]:+.1%} in "
              f"{len(ratios)} rounds)")  # fmt: skip
        return
    print(f"packing: {middle:.2f} times the tokens/s ({ratios[0]:.2f} to {ratios[-1]:.2f} in {len(ratios)} rounds); "
          f"padding was {padding:.1%}, without which {1 / (1 - padding):.2f} times could be had: "
          f"{middle * (1 - padding):.0%} of that; {(1 - 1 / middle) / padding:.0%} of the time that padding "
          "took is saved")  # fmt: skip


if __name__ == "__main__":
    main()
