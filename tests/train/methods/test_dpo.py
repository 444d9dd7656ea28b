import json
import math
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from train import models
from train.data.encoding import Encoder
from train.evaluation.preference_accuracy import padded
from train.losses import tokens
from train.methods.dpo import MEASURES, prepare
from train.options.preferences import Dpo, Preferences
from train.options.run import Source, TrainOptions
from train.options.tunings import Lora
from train.training import TrainReport, train

ROWS = [
    {"prompt": [{"role": "user", "content": f"say {word}"}], "chosen": word.upper() * 2, "rejected": word}
    for word in ("ab", "cd", "ef", "안녕")
]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def options(model: Path, pairs: Path, steps: int, **fields: Any) -> TrainOptions:
    return TrainOptions(str(model), (Source(pairs),), method="dpo", steps=steps, batch_size=4, learning_rate=1e-3,
                        schedule="constant", warmup=0.0, threads=1, **fields)  # fmt: skip


def test_rows_come_as_the_trainer_reads_them(byte_tokenizer: Callable[..., Any], tiny_model: Path, pairs: Path) -> None:
    tokenizer = byte_tokenizer()
    made = prepare(options(tiny_model, pairs, 3), Encoder(tokenizer, frozenset({1}), 64, "refuse"))
    assert len(made.dataset) == 12
    for row, counted in zip(made.dataset, made.tokens, strict=True):
        prompt, chosen, rejected = (
            tokenizer.decode(row[name]) for name in ("prompt_ids", "chosen_ids", "rejected_ids")
        )
        word = prompt.removeprefix("<|user|>say ").removesuffix("<|end|><|assistant|>")
        assert (chosen, rejected) == (word.upper() * 2 + "<|end|>", word + "<|end|>")
        assert counted == 2 * len(row["prompt_ids"]) + len(row["chosen_ids"]) + len(row["rejected_ids"])
        assert row["input_ids"] == row["prompt_ids"] + row["chosen_ids"]


def log_probs(folder: Path, rows: list[dict[str, Any]], key: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums and lengths of the answers under a model."""
    given = padded([(row["prompt_ids"], row[key]) for row in rows])
    model = models.causal_lm(folder).eval()
    with torch.no_grad():
        logits = model(input_ids=given.input_ids, attention_mask=given.attention_mask).logits
    found, mask = tokens.log_probabilities(logits, given.labels)
    return tokens.sums(found, mask), mask.sum(-1)


@pytest.mark.parametrize(
    ("dpo", "tuning"),
    [
        (Dpo(beta=0.3), "full"),
        (Dpo(beta=0.3, precompute=True), "full"),
        (Dpo(losses=("sigmoid", "sft"), weights=(1.0, 0.5)), "lora"),
        (Dpo(losses=("ipo",)), "lora"),
    ],
)
def test_the_loss_is_the_paper_s_against_the_model_that_training_started_from(
    byte_tokenizer: Callable[..., Any], tiny_model: Path, pairs: Path, tmp_path: Path, dpo: Dpo, tuning: Any
) -> None:
    """The loss of the second step, computed from the model that the first one made."""
    one, two = (
        train(options(tiny_model, pairs, steps, dpo=dpo, tuning=tuning), tmp_path / f"{steps}") for steps in (1, 2)
    )
    assert one.losses == two.losses[:1]
    rows = list(prepare(options(tiny_model, pairs, 1), Encoder(byte_tokenizer(), frozenset({1}), 64, "refuse")).dataset)
    (chosen, length), (rejected, other) = (log_probs(one.folder, rows, f"{key}_ids") for key in ("chosen", "rejected"))
    started, worse = (log_probs(tiny_model, rows, f"{key}_ids")[0] for key in ("chosen", "rejected"))
    gained, lost = chosen - started, rejected - worse
    sigmoid = -F.logsigmoid(dpo.beta * (gained - lost)).mean()
    expected = {
        ("sigmoid",): sigmoid,
        ("sigmoid", "sft"): sigmoid - 0.5 * chosen.sum() / length.sum(),
        ("ipo",): ((gained / length - lost / other - 1 / (2 * dpo.beta)) ** 2).mean(),
    }[dpo.losses]
    assert two.losses[1] == pytest.approx(expected.item(), abs=1e-5)
    measures = two.card["measures"]
    assert set(measures) == set(MEASURES) and all(len(values) == 2 for values in measures.values())
    assert measures["rewards/margins"][1] == pytest.approx(dpo.beta * (gained - lost).mean().item(), abs=1e-5)
    assert measures["logps/chosen"][0] == pytest.approx(started.mean().item(), abs=1e-4)


def test_corda_is_compared_with_the_model_that_it_started_from(tiny_model: Path, pairs: Path, tmp_path: Path) -> None:
    """Without its adapters such a model has lost what they took out of its weights."""
    lora = Lora(rank=16, corda="instruction", corda_data=pairs.with_name("kept.jsonl"), corda_rows=8)
    pairs.with_name("kept.jsonl").write_text(
        "".join(json.dumps({"text": f"row {n} to be kept"}) + "\n" for n in range(8))
    )
    report = train(options(tiny_model, pairs, 1, lora=lora, dpo=Dpo(beta=1.0)), tmp_path / "out")
    assert report.losses[0] == pytest.approx(math.log(2), abs=1e-3)
    assert report.card["measures"]["rewards/chosen"][0] == pytest.approx(0, abs=1e-2)


def test_dropout_of_the_model_is_off(byte_tokenizer: Callable[..., Any], pairs: Path, tmp_path: Path) -> None:
    """Model and reference differ by their weights alone: not at all in the first step."""
    raw = byte_tokenizer(None)
    config = GPT2Config(vocab_size=len(raw), n_positions=64, n_embd=32, n_layer=1, n_head=2, embd_pdrop=0.5,
                        resid_pdrop=0.5, eos_token_id=1, bos_token_id=None)  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(tmp_path / "model")
    raw.save_pretrained(tmp_path / "model")
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({**row, "prompt": "say"}) + "\n" for row in ROWS))
    report = train(options(tmp_path / "model", rows, 1, tuning="full", dpo=Dpo(beta=1.0)), tmp_path / "out")
    assert report.losses[0] == pytest.approx(math.log(2), abs=1e-5)


KILLED = """
import sys, time
from pathlib import Path
from train.options.run import Source, TrainOptions
from train.options.preferences import Preferences
from train.training import train
from train.options.tunings import Lora
model, data, out, stop = sys.argv[1:]
options = TrainOptions(model, (Source(data),), method="dpo", steps=10, batch_size=3, learning_rate=5e-3, threads=1,
                       lora=Lora(rank=4, alpha=8, dropout=0.1), preferences=Preferences(data), checkpoint_steps=2)
def tell(progress):
    if progress.step == int(stop):
        print("at", progress.step, flush=True)
        time.sleep(300)  # until it is killed
report = train(options, Path(out), tell)
print("resumed from", report.resumed_from)
"""


def test_a_killed_run_ends_with_the_same_bytes(
    tiny_model: Path, pairs: Path, tmp_path: Path, started: Callable[..., Any]
) -> None:
    stop = random.Random(4).randint(3, 9)
    killed = started(KILLED, tiny_model, pairs, tmp_path / "killed", stop)
    assert killed.line() == f"at {stop}\n"
    assert killed.kill() == -signal.SIGKILL and not (tmp_path / "killed").exists()
    again = started(KILLED, tiny_model, pairs, tmp_path / "killed", 0)
    assert again.code() == 0, again.read("err")
    assert again.read("out") == f"resumed from {(stop - 1) // 2 * 2}\n"

    same = TrainOptions(str(tiny_model), (Source(pairs),), method="dpo", steps=10, batch_size=3, learning_rate=5e-3,
                        lora=Lora(rank=4, alpha=8, dropout=0.1), preferences=Preferences(pairs), threads=1,
                        checkpoint_steps=2)  # fmt: skip
    whole = train(same, tmp_path / "whole")
    for name in ("model.safetensors", "adapter/adapter_model.safetensors", "run_card.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (whole.folder / name).read_bytes(), name


def test_reports_of_runs_in_parts_are_of_whole_steps(tiny_model: Path, pairs: Path, tmp_path: Path) -> None:
    made: list[TrainReport] = [
        train(options(tiny_model, pairs, 2, tuning="full", micro_batch_size=micro), tmp_path / f"{micro}")
        for micro in (4, 2)
    ]
    assert made[0].losses == pytest.approx(made[1].losses, abs=1e-5)
    for name, values in made[0].card["measures"].items():
        assert values == pytest.approx(made[1].card["measures"][name], abs=1e-4)
