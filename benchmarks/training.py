"""What our layer costs, and what packing gains: the same training through ours and through TRL called directly.

    python -m benchmarks.training --model MODEL [--hidden 384 --layers 8] [--steps 12] [--rounds 7] [--tuning full]

`bare` and `ours` see the same batches: the same rows in the same order with the same settings, logged every step.
They take turns step by step, each in a thread of its own that rests while the other one works, so that a machine that
slows down slows both. `padded` and `packed` see the same texts through our layer, side by side and put together, one
run after the other. Each round the other arm is first, behind a round that is not counted. All are timed by one
callback, from the beginning of training to the log of the last step. A rate is real tokens (no padding) by the
processor's seconds on a CPU, where others may use the machine too, by the clock's on a GPU; what is said of a
comparison is the median over the rounds of the one arm's rate by the other's, with the 95 % interval of that median
(order statistics, which assume no distribution) and the smallest and the largest.

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
import threading
import time
from pathlib import Path
from typing import Any

import torch
from scipy import stats
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


class Turns:
    """Who of two threads may work: the other one rests until it is handed the turn or the first one has ended."""

    def __init__(self, arms: list[str]) -> None:
        self.free, self.holder, self.arms = threading.Condition(), arms[0], set(arms)

    def rest(self) -> None:
        """Hand the turn to the other arm, if it still works, and wait to be handed it back."""
        with self.free:
            others = self.arms - {threading.current_thread().name}
            self.holder = others.pop() if others else self.holder
            self.free.notify_all()
        self.wait()

    def wait(self) -> None:
        with self.free:
            self.free.wait_for(lambda: self.holder == threading.current_thread().name)

    def end(self) -> None:
        with self.free:
            self.arms.discard(threading.current_thread().name)
            self.holder = next(iter(self.arms), "")
            self.free.notify_all()


class Clock(TrainerCallback):
    """Seconds of the processor and of the clock, and real tokens, of every run of a trainer, whoever made it."""

    runs: dict[str, dict[str, float]] = {}  # the last one of each thread
    turns: Turns | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.spent, self.last = (0.0, 0.0), (0.0, 0.0, 0.0)
        self.began = now()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.turns:
            self.spent = self.worked()
            self.turns.rest()
            self.began = now()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if "loss" in (logs or ()):
            self.last = *self.worked(), logs["num_tokens"]

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.runs[threading.current_thread().name] = dict(
            zip(("processor", "wall", "tokens"), self.last, strict=True)
        )  # fmt: skip

    def worked(self) -> tuple[float, float]:
        """Seconds of this run up to now, without those in which the other arm had the turn."""
        processor, clock = now()
        return self.spent[0] + processor - self.began[0], self.spent[1] + clock - self.began[1]


def now() -> tuple[float, float]:
    """Seconds of the processor and of the clock, all work behind them done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.process_time(), time.monotonic()


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
    run = Clock.runs[threading.current_thread().name]
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
        order = list(found)[:: 1 if number % 2 else -1]  # neither is always the first
        if given.comparison == "layer":
            runs = step_by_step(given, order, folder)
        else:
            runs = {arm: once(given, arm, folder) for arm in order}
        for arm in order if number else []:
            found[arm].append(runs[arm])
    return found


def step_by_step(given: argparse.Namespace, arms: list[str], folder: Path) -> dict[str, dict[str, float]]:
    """A run of each arm, which hands the turn to the other one whenever a step begins."""
    turns, runs = Turns(arms), {}

    def work(arm: str) -> None:
        turns.wait()
        try:
            runs[arm] = once(given, arm, folder)
        finally:
            turns.end()

    Clock.turns = turns
    threads = [threading.Thread(target=work, args=(arm,), name=arm) for arm in arms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Clock.turns = None
    return runs


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
    sure = stats.quantile_test(ratios, p=0.5).confidence_interval(0.95)
    if comparison == "layer":
        print(f"layer: costs {1 - middle:+.1%} of tokens/s, 95 % interval {1 - sure.high:+.1%} to {1 - sure.low:+.1%} "
              f"({1 - ratios[-1]:+.1%} to {1 - ratios[0]:+.1%} in {len(ratios)} rounds)")  # fmt: skip
        return
    print(f"packing: {middle:.2f} times the tokens/s, 95 % interval {sure.low:.2f} to {sure.high:.2f} "
          f"({ratios[0]:.2f} to {ratios[-1]:.2f} in {len(ratios)} rounds); padding was {padding:.1%}, without which "
          f"{1 / (1 - padding):.2f} times could be had: {middle * (1 - padding):.0%} of that; "
          f"{(1 - 1 / middle) / padding:.0%} of the time that padding took is saved")  # fmt: skip


if __name__ == "__main__":
    main()
