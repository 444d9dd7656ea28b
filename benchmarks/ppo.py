"""What PPO's models hold in memory: each with weights of its own, or adapters of one frozen base.

    python -m benchmarks.ppo --model MODEL [--hidden 512 --layers 8] [--steps 3] [--batch-size 8] [--new-tokens 16]

With `--hidden` the model's layout and tokenizer are taken and its weights are random ones of that size.

First a reward model is trained with LoRA for two steps. Then the same PPO run is carried out in three forms, each in a
process of its own: `full` (policy, reference, critic and reward model are whole models, policy and critic move whole),
`lora` (adapters on policy and critic; the reference is the policy without them) and `shared` (one base, an
adapter each for policy, critic and reward model).
Reported: bytes of the weights that are held, of those that move, and of the optimiser's state for them; the peak of
resident memory above that of the process before any model was opened; seconds a step.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

FORMS = ("full", "lora", "shared")


def write_rows(folder: Path) -> None:
    prompts = [{"prompt": f"Tell me about number {n}", "references": [str(n)]} for n in range(64)]
    pairs = [row | {"chosen": " It is good.", "rejected": " No."} for row in prompts]
    for name, rows in (("prompts", prompts), ("pairs", pairs)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def resized(model: str, hidden: int, layers: int, folder: Path) -> str:
    """A model of random weights with another's layout and tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from train import models

    config = AutoConfig.from_pretrained(model)
    config.hidden_size, config.intermediate_size, config.num_hidden_layers = hidden, 3 * hidden, layers
    config.num_attention_heads = config.num_key_value_heads = hidden // 64
    config.head_dim, config.layer_types = 64, None
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    models.companions(Path(model), folder)
    return str(folder)


def reward_model(model: str, folder: Path) -> None:
    from train.options.run import Source, TrainOptions
    from train.training import train

    train(TrainOptions(model, (Source(folder / "pairs.jsonl"),), method="reward", steps=2, batch_size=4, threads=1),
          folder / "reward")  # fmt: skip


def measure(model: str, folder: Path, form: str, steps: int, batch_size: int, new_tokens: int) -> dict[str, float]:
    """In a process of its own."""
    import train.methods.ppo.method as ppo
    from train.options.reinforcement import Ppo, Reinforcement
    from train.options.run import Source, TrainOptions
    from train.training import train

    held: dict[str, float] = {}
    learner = ppo.learner

    def counted(actors, options, total):  # type: ignore[no-untyped-def]
        found = learner(actors, options, total)
        weights = {id(weight): weight.nbytes for weight in actors.weights()}
        moving = sum(weight.nbytes for part in actors.moving() for weight in part.values())
        held.update(held=sum(weights.values()), moving=moving, optimiser=2 * moving)
        return found

    ppo.learner = counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told: list[float] = []
    options = TrainOptions(
        model, (Source(folder / "prompts.jsonl"),), method="ppo", tuning="full" if form == "full" else "lora",
        steps=steps, batch_size=batch_size, threads=1, learning_rate=1e-5, checkpoint_steps=10 * steps,
        reinforcement=Reinforcement(reward_models=(folder / "reward",), max_new_tokens=new_tokens),
        ppo=Ppo(shared=form == "shared"),
    )  # fmt: skip
    train(options, folder / form, lambda progress: told.append(time.perf_counter()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = (told[-1] - told[0]) / max(len(told) - 1, 1)
    return {**{name: value / 2**20 for name, value in held.items()}, "peak": (peak - before) / 2**10, "step": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--hidden", type=int)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--new-tokens", type=int, default=16)
    parser.add_argument("--form", choices=FORMS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.form:
        found = measure(given.model, given.folder, given.form, given.steps, given.batch_size, given.new_tokens)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder)
        model = resized(given.model, given.hidden, given.layers, folder / "base") if given.hidden else given.model
        reward_model(model, folder)
        print(f"{'form':8} {'held MB':>9} {'moving MB':>10} {'optimiser MB':>13} {'peak RSS MB':>12} {'s/step':>7}")
        for form in FORMS:
            command = [sys.executable, "-m", "benchmarks.ppo", *sys.argv[1:], "--model", model, "--form", form,
                       "--folder", name]  # fmt: skip
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            row = json.loads(done.stdout.splitlines()[-1])
            print(f"{form:8} {row['held']:9.1f} {row['moving']:10.1f} {row['optimiser']:13.1f} {row['peak']:12.1f} "
                  f"{row['step']:7.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
