"""Two processes on the CPU, started by `accelerate launch`: the losses of one, and a folder written once."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from curation.errors import InputError
from train import models
from train.devices import launch
from train.options.blocks import Blocks
from train.options.preferences import Dpo
from train.options.reinforcement import Ppo, Reinforcement
from train.options.run import Lora, Source, TrainOptions
from train.options.unlearning import Unlearning
from train.training import train

# Runs every set of options that it is given, so that the libraries are read once; what is called so under FSDP.
WORKER = """
import os, sys
from pathlib import Path
from train.devices import launch, processes
from train.training import train
folder = Path(sys.argv[1])
for file in sorted(folder.glob("*.json")):
    os.environ |= {"ACCELERATE_USE_FSDP": str(file.stem.startswith("fsdp")), "FSDP_VERSION": "2",
                   "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP", "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT"}
    report = train(launch.read(file), folder / "two" / file.stem)
    (folder / f"{file.stem}.{processes.rank()}").write_text(repr(report.losses))
"""
COMPARED = ("dpo", "orpo", "kto", "slic", "rrhf", "reward")
DRAWN = ("ppo", "rloo", "grpo")
SHARDED = "fsdp-"  # before the names of runs whose weights are shared out; those of a method move all of them
SHORT = ("sft-full", "sft-in-parts", "dpo", "kto", "ppo", "fsdp-sft", "fsdp-lora-ppo")
LONG = (
    *("cpt", "unlearn", "orpo", "slic", "rrhf", "reward", "rloo", "grpo"),  # TRL takes seconds to read the last two
    *(f"{SHARDED}{method}" for method in ("cpt", "unlearn", *COMPARED, *DRAWN)),
    *(f"{SHARDED}lora-{method}" for method in ("sft", "dpo", "unlearn", "rloo")),
    *("fsdp-blocks", "fsdp-parts", "fsdp-some", "fsdp-named", "fsdp-shared", "fsdp-recomputed", "fsdp-corda"),
    "fsdp-precomputed",
    *("in-reward", "fsdp-in-reward"),
)  # fmt: skip
FSDP = """
compute_environment: LOCAL_MACHINE
distributed_type: FSDP
fsdp_config: {fsdp_version: 2, fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP, fsdp_state_dict_type: FULL_STATE_DICT}
mixed_precision: 'no'
num_machines: 1
"""


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
def scoring(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reward model."""
    folder: Path = tmp_path_factory.mktemp("scoring")
    model = models.scoring(tiny_model, new_head=True)
    model.config.pad_token_id = 0
    models.write(model, tiny_model, folder)
    return folder


@pytest.fixture(scope="module")
def options(tiny_model: Path, scoring: Path, data: dict[str, Path]) -> dict[str, TrainOptions]:
    def of(name: str, **settings: Any) -> TrainOptions:
        given = {"steps": 2, "batch_size": 4, "learning_rate": 5e-3, "threads": 1, "lora": Lora(rank=4), **settings}
        return TrainOptions(str(tiny_model), (Source(data[name]),), **given)

    drawn = Reinforcement(count="e", count_weight=3.0, kl_weight=0.5, max_new_tokens=6, answers=4)
    gated = replace(drawn, reward_models=(scoring, scoring), gate=0.5)  # whitened over the answers of both processes
    ptx = Ppo(epochs=2, minibatches=2, ptx=(data["kept"],))
    methods = {
        "cpt": of("texts", method="cpt", max_tokens=128),
        "unlearn": of(
            "pairs", method="unlearn", unlearning=Unlearning("gradient_difference", (data["kept"],), retain_loss="kl")
        ),
        **{method: of("compared", method=method) for method in COMPARED},
        **{
            method: of("prompts", method=method, micro_batch_size=micro, reinforcement=rewards, ppo=ptx)
            for method, micro, rewards in zip(DRAWN, (None, 2, 2), (drawn, drawn, gated), strict=True)
        },
    }  # fmt: skip
    sft, ppo = of("pairs"), methods["ppo"]
    ways = {
        "sft-full": replace(sft, tuning="full"),
        "sft-in-parts": of("pairs", batch_size=8, micro_batch_size=2, steps=3, checkpoint_steps=2),
        "fsdp-sft": replace(sft, tuning="full", checkpoint_steps=1),
        "fsdp-lora-sft": sft,
        "fsdp-lora-ppo": replace(ppo, reinforcement=gated, checkpoint_steps=1),
        "fsdp-blocks": replace(sft, tuning="blocks", blocks=Blocks(groups=1)),
        "fsdp-parts": of("pairs", tuning="full", batch_size=8, micro_batch_size=2),
        "fsdp-some": replace(sft, tuning="full", trainable=("model.layers.0.*", "model.norm.weight")),
        "fsdp-named": replace(
            sft, trainable=("model.layers.0.*", "model.norm.weight"), lora=Lora(4, target_modules=("q_proj",))
        ),
        "fsdp-shared": replace(ppo, ppo=replace(ptx, shared=True)),
        "fsdp-corda": replace(
            methods["dpo"], lora=Lora(rank=4, corda="knowledge", corda_data=data["texts"], corda_rows=4)
        ),
        "fsdp-precomputed": replace(methods["dpo"], tuning="full", dpo=Dpo(precompute=True)),
        "fsdp-recomputed": replace(ppo, tuning="full", gradient_checkpointing=True),
        "in-reward": replace(ppo, ppo=replace(ptx, kl_in="reward")),
        "fsdp-in-reward": replace(ppo, tuning="full", ppo=replace(ptx, kl_in="reward")),
    }
    shared = {f"{SHARDED}{name}": replace(each, tuning="full") for name, each in methods.items()}
    shared |= {f"{SHARDED}lora-{name}": each for name, each in methods.items()}
    return {name: each for name, each in {**methods, **shared, **ways}.items() if name in (*SHORT, *LONG)}


@pytest.fixture(scope="module")
def two(options: dict[str, TrainOptions], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what two processes made of the options, and of an epoch whose last step is not full."""
    asked = {name: each for name, each in options.items() if name not in LONG}
    return made(asked | {"epoch": replace(options["sft-full"], steps=None, epochs=1.0)}, tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def two_more(options: dict[str, TrainOptions], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of those that take long, with whole weights in each process."""
    asked = {name: options[name] for name in LONG if not name.startswith(SHARDED)}
    return made(asked, tmp_path_factory.mktemp("two_more"))


@pytest.fixture(scope="module")
def two_sharded(options: dict[str, TrainOptions], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with weights shared out."""
    asked = {name: options[name] for name in LONG if name.startswith(SHARDED)}
    return made(asked, tmp_path_factory.mktemp("two_sharded"))


def made(options: dict[str, TrainOptions], folder: Path) -> Path:
    (folder / "worker.py").write_text(WORKER)
    for name, each in options.items():
        (folder / f"{name}.json").write_text(launch.written(each))
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
               "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
               str(folder / "worker.py"), str(folder)]  # fmt: skip
    done = subprocess.run(command, env=launch.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SHORT, *(pytest.param(name, marks=pytest.mark.long) for name in LONG)])
def test_two_processes_have_the_losses_of_one(
    options: dict[str, TrainOptions], tmp_path: Path, name: str, request: pytest.FixtureRequest
) -> None:
    long = "two_sharded" if name.startswith(SHARDED) else "two_more"
    two: Path = request.getfixturevalue(long if name in LONG else "two")
    one = train(options[name], tmp_path / "one")
    card = json.loads((two / "two" / name / "run_card.json").read_text())
    assert card["losses"] == pytest.approx(one.losses, rel=2e-5, abs=1e-6)
    assert card["losses"] == eval((two / f"{name}.0").read_text()) == eval((two / f"{name}.1").read_text())
    assert (card["processes"], one.card["processes"]) == (2, 1)
    assert card.get("sharded", False) == name.startswith(SHARDED)
    for key in ("sources", "tokens", "options", "model"):
        assert card[key] == one.card[key]
    for measure, values in one.card["measures"].items():
        assert card["measures"][measure] == pytest.approx(values, rel=1e-3, abs=1e-4), measure
    first, second = (weights_of(folder) for folder in (one.folder, two / "two" / name))
    assert first.keys() == second.keys()
    # Adam divides by a root: where a gradient is near nothing, its rounding counts.
    assert all((first[key] - second[key]).abs().max() < 2e-3 for key in first)
    assert sum(float((first[key] - second[key]).abs().sum()) for key in first) < 1e-3 * sum(
        float(tensor.abs().sum()) for tensor in first.values()
    )
    start = weights_of(Path(options[name].model))
    frozen = [key for key in first if key in start and torch.equal(first[key], start[key])]
    assert all(torch.equal(second[key], start[key]) for key in frozen) and (frozen or name != "fsdp-some")
    if name.startswith(SHARDED):
        ids = torch.tensor([[5, 9, 7, 30]])
        opened = models.scoring if options[name].method == "reward" else models.causal_lm
        logits = [opened(folder)(ids).logits for folder in (one.folder, two / "two" / name)]
        torch.testing.assert_close(*logits, atol=2e-3, rtol=0)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    """By the name of their file and their own."""
    files = sorted(folder.rglob("*.safetensors"))
    return {f"{file.relative_to(folder)}/{key}": each for file in files for key, each in load_file(file).items()}


@pytest.mark.slow
def test_a_last_step_that_is_not_full_is_filled_up_and_counted(two: Path) -> None:
    card = json.loads((two / "two" / "epoch" / "run_card.json").read_text())
    assert card["options"]["steps"] == len(card["losses"]) == 3
    assert (card["sources"]["pairs.jsonl"]["rows"], card["sources"]["pairs.jsonl"]["available"]["rows"]) == (12, 9)
    assert card["sources"]["pairs.jsonl"]["passes"] == 1.3333


@pytest.mark.slow
def test_nothing_else_is_left(two: Path) -> None:
    assert {path.name for path in (two / "two").iterdir()} == {*SHORT, "epoch"}


def started_by(process: int) -> list[int]:
    """The processes that one has started, and those that they have."""
    tasks = list(Path(f"/proc/{process}/task").iterdir())
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [*children, *(one for child in children for one in started_by(child))]


def ended(others: list[int], seconds: float) -> bool:
    """Whether all are gone within a time."""
    limit = time.monotonic() + seconds
    while any(Path(f"/proc/{process}").exists() for process in others):
        if time.monotonic() > limit:
            return False
        time.sleep(0.1)
    return True


# Trains through the launcher and stops in the middle, as if someone watched.
PARENT = """
import sys, time
from pathlib import Path
from train.devices import launch
config = sys.argv[3] if len(sys.argv) > 3 else None
def tell(at):
    print(at.step, flush=True)
    if at.step == 5:
        time.sleep(600)
launch.launch(launch.read(Path(sys.argv[1])), Path(sys.argv[2]), 2, config, tell)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "way"),
    [("sft-in-parts", "data parallel"), ("sft-in-parts", "fsdp"), ("fsdp-ppo", "fsdp"), ("fsdp-rloo", "fsdp")],
)
def test_processes_that_were_killed_go_on_and_end_with_the_same_bytes(
    options: dict[str, TrainOptions], tmp_path: Path, name: str, way: str
) -> None:
    given = replace(options[name], steps=6, checkpoint_steps=2)
    (tmp_path / "options.json").write_text(launch.written(given))
    (tmp_path / "fsdp.yaml").write_text(FSDP)
    config = [str(tmp_path / "fsdp.yaml")] if way == "fsdp" else []
    command = [sys.executable, "-c", PARENT, str(tmp_path / "options.json"), str(tmp_path / "killed"), *config]
    with subprocess.Popen(command, env=launch.environment(), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        for line in parent.stdout:
            if line == "5\n":
                break
        others = started_by(parent.pid)
        assert len(others) >= 3  # accelerate's launcher and two that train
        for process in (parent.pid, *others):
            os.kill(process, signal.SIGKILL)
    assert ended(others, 60)
    assert not (tmp_path / "killed").exists()
    told: list[int] = []
    again, whole = (
        launch.launch(given, tmp_path / name, 2, *config, progress=lambda at: told.append(at.step))
        for name in ("killed", "whole")
    )
    assert again.resumed_from in (2, 4) and whole.resumed_from == 0
    assert told == [*range(again.resumed_from + 1, 7), 1, 2, 3, 4, 5, 6]
    for name in ("model.safetensors", "run_card.json"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes()


@pytest.mark.long
def test_those_who_train_end_with_the_one_who_started_them(options: dict[str, TrainOptions], tmp_path: Path) -> None:
    (tmp_path / "options.json").write_text(launch.written(replace(options["sft-in-parts"], steps=2_000)))
    command = [sys.executable, "-c", PARENT, str(tmp_path / "options.json"), str(tmp_path / "out")]
    with subprocess.Popen(command, env=launch.environment(), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == "1\n"
        others = started_by(parent.pid)
        parent.kill()
    assert ended(others, 120)


@pytest.mark.long
def test_a_mistake_of_the_user_is_one_sentence(options: dict[str, TrainOptions], tmp_path: Path) -> None:
    given = replace(options["sft-full"], model=str(tmp_path / "none"))
    with pytest.raises(InputError, match="none: no such model folder$"):
        launch.launch(given, tmp_path / "out", 2)
