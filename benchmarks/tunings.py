"""What a step of LoReFT or of new blocks costs beside a step of LoRA with as many trained parameters.

    python -m benchmarks.tunings [--model MODEL] [--steps 8] [--rounds 5] [--threads 1] [--rows 8] [--tokens 128]

Without a model a Llama of random weights is made (`--hidden`, `--layers`). A step is a pass forward and back through
rows of prompt and answer, and one of AdamW, with the trainer left out: what differs between the arms is the tuning
alone. By default a new block stands behind every four old ones, as in the paper of block expansion.
Arms are run in turns in one process, on a CPU by its own seconds, so that others on the machine disturb less; a
round's cost is the median of its steps, and what is said is the median over rounds of an arm's cost by that of LoRA in
the same round, with the smallest and the largest.

LoRA of the rank that has most nearly as many parameters stands beside each: for LoReFT, whose parameters are few, that
is LoRA on the query projections alone where rank 1 on all layers would have more.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from train.data.encoding import IGNORED
from train.options.blocks import Blocks
from train.options.tunings import Loreft
from train.tunings import blocks, loreft, tuning


def random_model(folder: Path, hidden: int, layers: int) -> Path:
    """A Llama of random weights, 8192 tokens and heads of dimension 64."""
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=8192, hidden_size=hidden, intermediate_size=hidden * 11 // 4, num_hidden_layers=layers,
        num_attention_heads=hidden // 64, num_key_value_heads=hidden // 64,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_text("{}")  # block expansion wants a whole folder
    return folder


def moving(model: Any) -> int:
    """Trained parameters."""
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def lora(folder: Path, wanted: int) -> Any:
    """The model with LoRA of most nearly as many parameters as wanted."""

    def made(rank: int, targets: Any) -> Any:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=rank, target_modules=targets))

    for targets in ("all-linear", ["q_proj", "v_proj"], ["q_proj"]):
        one = moving(made(1, targets))
        if one <= wanted or targets == ["q_proj"]:
            return made(max(1, round(wanted / one)), targets)
    raise AssertionError


def step_of(model: Any, batch: dict[str, torch.Tensor]) -> Callable[[], float]:
    """One step and its seconds."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    optimiser = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], 1e-4)
    model.train()

    def step() -> float:
        begun = clock()
        model(**batch, use_cache=False).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return clock() - begun

    return step


def main() -> None:
    """Measure, and print one line of JSON for each pair of arms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    for name, value in {"steps": 8, "rounds": 5, "threads": 1, "rows": 8, "tokens": 128, "hidden": 512, "layers": 8,
                        "groups": 2}.items():  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(given.model) if given.model else random_model(Path(made) / "base", given.hidden, given.layers)
        changed = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        loreft.attach(changed, Loreft(rank=4, first=4, last=4), 1)
        added = blocks.expand(folder, Path(made) / "deep", Blocks(given.groups, 1))
        deep = AutoModelForCausalLM.from_pretrained(Path(made) / "deep", dtype=torch.float32)
        tuning.freeze_but(deep, [f"model.layers.{number}.*" for number in added])
        pairs = {"loreft": (changed, lora(folder, moving(changed))), "blocks": (deep, lora(folder, moving(deep)))}
        ids = torch.randint(0, 8000, (given.rows, given.tokens), generator=torch.Generator().manual_seed(2)).to(device)
        labels = ids.clone()
        labels[:, : given.tokens // 2] = IGNORED
        batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
        for name, models in pairs.items():
            steps = [step_of(model.to(device), batch) for model in models]
            for step in steps:
                step()
            rounds = [[statistics.median(step() for _ in range(given.steps)) for step in steps] for _ in
                      range(given.rounds)]  # fmt: skip
            ratios = [ours / other for ours, other in rounds]
            print(json.dumps({
                "tuning": name, "parameters": moving(models[0]), "lora_parameters": moving(models[1]),
                "seconds": round(statistics.median(ours for ours, _ in rounds), 4),
                "lora_seconds": round(statistics.median(other for _, other in rounds), 4),
                "ratio": round(statistics.median(ratios), 3), "smallest": round(min(ratios), 3),
                "largest": round(max(ratios), 3),
            }))  # fmt: skip


if __name__ == "__main__":
    main()
