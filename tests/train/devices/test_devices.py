"""Two processes on the CPU, started by `accelerate launch`: the losses of one, and a folder written once."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from curation.errors import InputError
from train.devices import launch
from train.methods.setup import Progress
from train.options.reinforcement import Ppo, Reinforcement
from train.options.run import Lora, Source, TrainOptions
from train.options.unlearning import Unlearning
from train.training import train

# Runs every set of options that it is given, so that the libraries are read once.
WORKER = """
import sys
from pathlib import Path
from train.devices import launch, processes
from train.training import train
folder = Path(sys.argv[1])
for file in sorted(folder.glob("*.json")):
    report = train(launch.read(file), folder / "two" / file.stem)
    (folder / f"{file.stem}.{processes.rank()}").write_text(repr(report.losses))
"""
COMPARED = ("dpo", "orpo", "kto", "reward")
DRAWN = ("ppo", "rloo", "grpo")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("data")
    words = ["ab", "cd", "ef", "gh", "안녕", "a longer word", "ij", "kl", "mn"]

    def turn(role: str, content: str) -> list[dict[str, str]]:
        return [{"role": role, "content": content}]

    rows: dict[str, list[dict[str, Any]]] = {
        "pairs": [
            {"prompt": turn("user", f"say {word}"), "completion": turn("assistant", word.upper())} for word in words
        ],
        "texts": [{"text": f"about {word} " * (n + 1)} for n, word in enumerate(words)],
        "compared": [
            {"prompt": turn("user", f"say {word}"), "chosen": word.upper() * 2, "rejected": word} for word in words
        ],
        "prompts": [{"prompt": turn("user", f"say {word}")} for word in words],
        "kept": [{"prompt": turn("user", f"keep {word}"), "completion": turn("assistant", word)} for word in words],
    }
    for name, lines in rows.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {name: folder / f"{name}.jsonl" for name in rows}


@pytest.fixture(scope="module")
def options(tiny_model: Path, data: dict[str, Path]) -> dict[str, TrainOptions]:
    def of(name: str, **settings: Any) -> TrainOptions:
        given = {"steps": 3, "batch_size": 4, "learning_rate": 5e-3, "threads": 1, "lora": Lora(rank=4), **settings}
        return TrainOptions(str(tiny_model), (Source(data[name]),), **given)

    drawn = Reinforcement(count="e", count_weight=3.0, kl_weight=0.5, max_new_tokens=6, answers=4)
    ptx = Ppo(epochs=2, minibatches=2, ptx=(data["kept"],))
    return {
        "sft-full": of("pairs", tuning="full"),
        "sft-in-parts": of("pairs", batch_size=8, micro_batch_size=2, checkpoint_steps=2),
        "cpt": of("texts", method="cpt", max_tokens=128),
        "unlearn": of(
            "pairs", method="unlearn", unlearning=Unlearning("gradient_difference", (data["kept"],), retain_loss="kl")
        ),  # fmt: skip
        **{method: of("compared", method=method) for method in COMPARED},
        **{
            method: of("prompts", method=method, micro_batch_size=micro, steps=2, reinforcement=drawn, ppo=ptx)
            for method, micro in zip(DRAWN, (None, 2, 2), strict=True)
        },
    }


@pytest.fixture(scope="module")
def two(options: dict[str, TrainOptions], tiny_model: Path, data: dict[str, Path], tmp_path_factory: Any) -> Path:
    """A folder of what two processes made of the options, and of an epoch whose last step is not full."""
    folder: Path = tmp_path_factory.mktemp("two")
    (folder / "worker.py").write_text(WORKER)
    for name, each in options.items():
        (folder / f"{name}.json").write_text(launch.written(each))
    epoch = replace(options["sft-full"], steps=None, epochs=1.0)
    (folder / "epoch.json").write_text(launch.written(epoch))
    done = started(str(folder / "worker.py"), str(folder))
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sft-full", "sft-in-parts", "cpt", "unlearn", *COMPARED, *DRAWN])
def test_two_processes_have_the_losses_of_one(
    two: Path, options: dict[str, TrainOptions], tmp_path: Path, name: str
) -> None:
    one = train(options[name], tmp_path / "one")
    card = json.loads((two / "two" / name / "run_card.json").read_text())
    assert card["losses"] == pytest.approx(one.losses, rel=2e-5, abs=1e-6)
    assert card["losses"] == eval((two / f"{name}.0").read_text()) == eval((two / f"{name}.1").read_text())
    assert (card["processes"], one.card["processes"]) == (2, 1)
    for key in ("sources", "tokens", "options", "model"):
        assert card[key] == one.card[key]
    for measure, values in one.card["measures"].items():
        if (name, measure) == ("kto", "kl"):
            continue  # of each answer against its neighbour's prompt, which may be in the other process
        assert card["measures"][measure] == pytest.approx(values, rel=1e-3, abs=1e-4), measure
    first, second = (load_file(folder / "model.safetensors") for folder in (one.folder, two / "two" / name))
    assert first.keys() == second.keys()
    # Adam divides by a root: where a gradient is near nothing, its rounding counts.
    assert all((first[key] - second[key]).abs().max() < 2e-3 for key in first)
    assert sum(float((first[key] - second[key]).abs().sum()) for key in first) < 1e-3 * sum(
        float(tensor.abs().sum()) for tensor in first.values()
    )


@pytest.mark.slow
def test_a_last_step_that_is_not_full_is_filled_up_and_counted(two: Path) -> None:
    card = json.loads((two / "two" / "epoch" / "run_card.json").read_text())
    assert card["options"]["steps"] == len(card["losses"]) == 3
    assert (card["sources"]["pairs.jsonl"]["rows"], card["sources"]["pairs.jsonl"]["available"]["rows"]) == (12, 9)
    assert card["sources"]["pairs.jsonl"]["passes"] == 1.3333


@pytest.mark.slow
def test_nothing_else_is_left(two: Path, options: dict[str, TrainOptions]) -> None:
    assert {path.name for path in (two / "two").iterdir()} == {*options, "epoch"}


SHARDED = """
import sys
from pathlib import Path
import torch
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from train import models
from train.devices import processes

processes.join()
ids = torch.tensor([[5, 9, 7, 30], [8, 6, 11, 40]])

def step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(ids, labels=ids).loss.backward()
    optimizer.step()

whole, shared = (models.causal_lm(Path(sys.argv[1])) for _ in range(2))
step(whole)
mesh = torch.distributed.init_device_mesh("cpu", (2,))
for layer in shared.model.layers:
    fully_shard(layer, mesh=mesh)
fully_shard(shared, mesh=mesh)
step(shared)
assert all(isinstance(weight, DTensor) for weight in shared.parameters())
processes.whole(shared)
assert not any(isinstance(weight, DTensor) for weight in shared.parameters())
assert shared.lm_head.weight is shared.model.embed_tokens.weight
expected = dict(whole.named_parameters())
for name, weight in shared.named_parameters():
    assert torch.allclose(weight, expected[name], atol=1e-5), name
print(f"equal {processes.rank()}")
"""


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Two processes of a script."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
               "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", *arguments]  # fmt: skip
    return subprocess.run(command, env=launch.environment(), capture_output=True, text=True)


@pytest.mark.slow
def test_what_fsdp_shares_out_is_whole_again(tiny_model: Path, tmp_path: Path) -> None:
    """A step of weights that lie in parts in two processes is that of whole ones; they come back with their ties."""
    (tmp_path / "sharded.py").write_text(SHARDED)
    done = started(str(tmp_path / "sharded.py"), str(tiny_model))
    assert done.returncode == 0, done.stderr[-4000:]
    assert "equal 0" in done.stdout and "equal 1" in done.stdout


@pytest.mark.long
def test_processes_that_were_killed_go_on_and_end_with_the_same_bytes(
    options: dict[str, TrainOptions], tmp_path: Path
) -> None:
    given = replace(options["sft-in-parts"], steps=6)
    told: list[int] = []
    whole = launch.launch(given, tmp_path / "whole", 2, progress=lambda at: told.append(at.step))
    assert told == [1, 2, 3, 4, 5, 6] and whole.resumed_from == 0

    class Stop(Exception):
        pass

    def stop(at: Progress) -> None:
        if at.step == 5:
            raise Stop

    with pytest.raises(Stop):
        launch.launch(given, tmp_path / "killed", 2, progress=stop)
    assert not (tmp_path / "killed").exists()
    again = launch.launch(given, tmp_path / "killed", 2)
    assert again.resumed_from in (2, 4)
    for name in ("model.safetensors", "run_card.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (whole.folder / name).read_bytes()


@pytest.mark.slow
def test_a_mistake_of_the_user_is_one_sentence(options: dict[str, TrainOptions], tmp_path: Path) -> None:
    given = replace(options["sft-full"], model=str(tmp_path / "none"))
    with pytest.raises(InputError, match="none: no such model folder$"):
        launch.launch(given, tmp_path / "out", 1)
