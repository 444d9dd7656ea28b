"""Every method with every way of tuning, as far as they are there: one step each, or a refusal that says why."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, LlamaConfig, LlamaForCausalLM

from curation.errors import InputError
from pipelines.demo import seed_tokenizer
from pipelines.demo.seed_corpus import sample_texts
from train.options import compatibility
from train.options.reinforcement import Reinforcement, RewardModel
from train.options.run import METHODS, TUNINGS, Source, TrainOptions
from train.options.tunings import Lora, Loreft, Prefix, Prompt
from train.training import train
from train.tunings import beside, tuning
from train.tunings.blocks import Blocks

WORDS = ("one two", "red blue", "up down", "left right")
ROWS: dict[str, Callable[[str], dict[str, Any]]] = {
    "sft": lambda word: {"prompt": f"say {word}:", "completion": f" {word}"},
    "cpt": lambda word: {"text": f"say {word}: {word}"},
    "pair": lambda word: {"prompt": f"say {word}:", "chosen": f" {word}", "rejected": " no"},
    "kto": lambda word: {"prompt": f"say {word}:", "completion": f" {word}", "label": len(word) % 2 == 0},
    "rrhf": lambda word: {"prompt": f"say {word}:", "responses": [f" {word}", " no", " me"], "scores": [1, 0, 0.5]},
    "prompts": lambda word: {"prompt": f"say {word}:"},
}
FORM = {"dpo": "pair", "orpo": "pair", "slic": "pair", "reward": "pair", "ppo": "prompts", "rloo": "prompts",
        "grpo": "prompts", "unlearn": "sft"}  # fmt: skip
DRAWN = ("ppo", "rloo", "grpo")
IDS = torch.arange(12).reshape(1, 12) * 5 % 90
ALLOWED = [(m, t) for m in METHODS for t in TUNINGS if compatibility.refusal(m, t) is None]
NAMED = "model.norm.weight"  # moves beside adapters and new blocks where it is asked to
BESIDE = [(m, t) for m in ("sft", "dpo", "reward", "ppo") for t in ("lora", "blocks")]
REFUSED = [(m, t) for m in METHODS for t in TUNINGS if compatibility.refusal(m, t) is not None]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers with random weights."""
    folder = tmp_path_factory.mktemp("models") / "base"
    tokenizer = seed_tokenizer.learn(sample_texts(0, 20), [], frequent=20)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=64, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    for name, row in ROWS.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row(word)) + "\n" for word in WORDS))
    return folder


def options(base: Path, rows: Path, method: str, way: str, **more: Any) -> TrainOptions:
    given: dict[str, Any] = {
        "model": str(base), "data": (Source(rows / f"{FORM.get(method, method)}.jsonl"),), "method": method,
        "tuning": way, "steps": 1, "batch_size": 4, "learning_rate": 1e-2, "warmup": 0.0, "schedule": "constant",
        "threads": 1, "max_tokens": 40, "lora": Lora(rank=2), "prompt": Prompt(3), "prefix": Prefix(3),
        "loreft": Loreft(rank=2, first=1, last=1), "blocks": Blocks(2, 1), "reward": RewardModel(held_out=0.0),
        "trainable": ("model.layers.1.mlp.*",) if way == "full" else (),
    }  # fmt: skip
    if method in DRAWN:
        given["reinforcement"] = Reinforcement(count="e", max_new_tokens=4, answers=2)
    return TrainOptions(**{**given, **more})


@torch.inference_mode()
def outputs(model: Any, told: bool = False) -> torch.Tensor:
    """Logits, or a score, of the model as it stands; LoReFT is told that all but two tokens are the prompt."""
    model = model.eval()
    more = {"prompt_tokens": torch.tensor([10])} if told else {}
    return model(input_ids=IDS, attention_mask=torch.ones_like(IDS), use_cache=False, **more).logits.float()


def opened(folder: Path, base: Path, way: str) -> Any:
    """The model again, from what was written."""
    if way in compatibility.BESIDE:
        said = beside.statement(folder)
        assert (said.tuning, said.base) == (way, "base")
        model = AutoModelForCausalLM.from_pretrained(beside.base_of(folder, said, str(base)))
        beside.attach(model, folder)
        return model
    kind = json.loads((folder / "config.json").read_text())["architectures"][0]
    scores = "SequenceClassification" in kind
    return (AutoModelForSequenceClassification if scores else AutoModelForCausalLM).from_pretrained(folder)


def plain(name: str) -> str:
    """A weight's name without what PEFT puts around it: one more for adapters, which are inside the layers."""
    name = name.replace(".base_layer", "").replace(".original_module", "").removeprefix("base_model.")
    return name.removeprefix("model.") if name.startswith(("model.model.", "model.lm_head", "model.score")) else name


def expected(name: str, way: str) -> str | None:
    """The weight of the base that a frozen weight of the trained model is; none for one that is new or moves."""
    number = int(name.split("layers.")[1].split(".")[0]) if "layers." in name else None
    if way == "full":
        return None if name.startswith("model.layers.1.mlp.") else name
    if way == "blocks" and number is not None:  # two groups of one layer: 0, its copy, 1, its copy
        return None if number % 2 else name.replace(f"layers.{number}.", f"layers.{number // 2}.")
    return name


@pytest.mark.parametrize(
    ("method", "way", "more"),
    [(*cell, ()) for cell in ALLOWED] + [(*cell, (NAMED,)) for cell in BESIDE],
    ids=lambda name: name if isinstance(name, str) else "named" if name else "-",
)
def test_a_cell_trains_saves_and_reads_the_same(
    method: str, way: str, more: tuple[str, ...], base: Path, rows: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    seen: dict[str, Any] = {}
    write = tuning.Tuned.write

    def look(self: Any, model: Any, *rest: Any) -> Any:
        seen["outputs"] = outputs(model, way == "loreft")
        seen["weights"] = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
        return write(self, model, *rest)

    monkeypatch.setattr(tuning.Tuned, "write", look)
    asked = options(base, rows, method, way)
    report = train(replace(asked, trainable=(*asked.trainable, *more)), tmp_path / "out")
    again = outputs(opened(report.folder, base, way), way == "loreft")
    assert torch.allclose(seen["outputs"][:, -again.shape[1] :], again, rtol=0, atol=1e-4)
    if way in ("full", "blocks"):
        assert seen["outputs"].equal(again)

    before = load_file(base / "model.safetensors")
    after = {plain(name): weight for name, weight in seen["weights"].items()}
    frozen = {name: old for name in after if (old := expected(name, way)) in before and old not in more}
    assert [name for name, old in frozen.items() if not after[name].equal(before[old])] == []
    unseen = {name for name in set(before) - set(frozen.values()) if way != "full" or "layers.1.mlp." not in name}
    unseen -= set(more)
    assert unseen <= ({"lm_head.weight"} if method == "reward" else set())
    written = load_file(report.folder / "model.safetensors") if more else {}
    assert [name for name in more if written[name].equal(before[name])] == []
    if method not in DRAWN:  # answers may happen to be worth the same
        start = outputs(AutoModelForCausalLM.from_pretrained(base))
        assert again.shape != start.shape or not again.equal(start), "nothing was learned"
    assert str(tmp_path) not in "".join(path.read_text() for path in report.folder.rglob("*.json"))


@pytest.mark.parametrize(("method", "way"), REFUSED, ids=lambda name: name)
def test_a_refused_cell_says_why(method: str, way: str, base: Path, rows: Path) -> None:
    with pytest.raises(InputError, match=f"^method {method} with tuning {way}: .{{20,}}"):
        options(base, rows, method, way)
