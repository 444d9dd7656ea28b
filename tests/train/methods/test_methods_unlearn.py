import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from curation.errors import InputError
from train import models
from train.data.encoding import IGNORED, Encoder
from train.losses import tokens
from train.methods import unlearn
from train.options.run import Lora, Source, TrainOptions
from train.options.unlearning import Unlearning
from train.training import train

SECRET = [{"prompt": f"code of {name}:", "completion": f" {name.upper()}7"} for name in ("ab", "cd", "ef", "gh")]
KNOWN = [{"prompt": f"say {word}:", "completion": f" {word}!"} for word in ("ik", "lm", "no", "pq", "rs", "tu")]
SHORT: dict[str, Any] = {"method": "unlearn", "batch_size": 4, "schedule": "constant", "warmup": 0.0, "threads": 1}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("data")
    for name, rows in (("secret", SECRET), ("known", KNOWN)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {name: folder / f"{name}.jsonl" for name in ("secret", "known")}


@pytest.fixture(scope="module")
def learned(raw_model: Path, data: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows both sets by heart."""
    options = TrainOptions(str(raw_model), (Source(data["secret"]), Source(data["known"])), tuning="full", steps=80,
                           batch_size=10, learning_rate=5e-3, threads=1)  # fmt: skip
    report = train(options, tmp_path_factory.mktemp("learned") / "model")
    assert report.losses[-1] < 0.05
    return report.folder


def loss(folder: Path, rows: list[dict[str, str]]) -> float:
    """Nats a token of the completions, measured without any of the method's code but its log-probabilities."""
    model, tokenizer = models.causal_lm(folder).eval(), models.tokenizer(folder)
    found = []
    for row in rows:
        asked, answer = (tokenizer(row[key])["input_ids"] for key in ("prompt", "completion"))
        ids = torch.tensor([asked + answer + [tokenizer.eos_token_id]])
        labels = ids.clone()
        labels[:, : len(asked)] = IGNORED
        with torch.no_grad():
            found.append(-tokens.means(*tokens.log_probabilities(model(ids).logits, labels)).item())
    return sum(found) / len(found)


@pytest.mark.parametrize(
    ("settings", "tuning", "rate", "steps"),
    [
        ({"loss": "npo", "retain": True}, "lora", 3e-3, 20),
        ({"loss": "npo", "retain": True, "retain_loss": "kl"}, "full", 1e-3, 20),
        ({"loss": "gradient_difference", "retain": True}, "full", 1e-3, 20),
        ({"loss": "gradient_difference", "retain": True, "retain_loss": "kl"}, "lora", 3e-3, 20),
    ],
)
def test_what_is_to_be_forgotten_is_and_the_rest_stays(
    learned: Path, data: dict[str, Path], tmp_path: Path, settings: dict, tuning: str, rate: float, steps: int
) -> None:
    settings |= {"retain": (data["known"],), "retain_weight": 2.0}
    options = TrainOptions(str(learned), (Source(data["secret"]),), tuning=tuning, learning_rate=rate, steps=steps,
                           lora=Lora(rank=8), unlearning=Unlearning(**settings), **SHORT)  # fmt: skip
    report = train(options, tmp_path / "out")
    assert loss(learned, SECRET) < 0.1 and loss(learned, KNOWN) < 0.1
    assert loss(report.folder, SECRET) > 1.5
    assert loss(report.folder, KNOWN) < 0.3
    facts = report.card["unlearning"]
    for name, rows in (("forget", SECRET), ("retain", KNOWN)):
        assert facts[name]["rows"] == len(rows)
        assert facts[name]["before"] == pytest.approx(loss(learned, rows), rel=1e-3, abs=1e-4)
        assert facts[name]["after"] == pytest.approx(loss(report.folder, rows), rel=1e-2, abs=1e-3)
    measures = report.card["measures"]
    assert len(measures["forget_loss"]) == len(measures["retain_loss"]) == len(report.losses)
    assert measures["forget_loss"][0] == pytest.approx(facts["forget"]["before"], rel=1e-3)  # all four are in a step
    held = measures["retain_kl" if settings.get("retain_loss") == "kl" else "retain_loss"]
    if settings["loss"] == "gradient_difference":  # a step is one batch
        steps = zip(measures["forget_loss"], held, strict=True)
        assert report.losses == pytest.approx([2.0 * kept - lost for lost, kept in steps], abs=2e-3)
    assert ("retain_kl" in measures) == (settings.get("retain_loss") == "kl")
    if settings.get("retain_loss") == "kl":
        assert measures["retain_kl"][0] == pytest.approx(0, abs=1e-5) and max(measures["retain_kl"]) > 1e-3


def test_gradient_ascent_ends_where_it_must(learned: Path, data: dict[str, Path], tmp_path: Path) -> None:
    """With a row to keep that is only measured, and the limit of a guess among all tokens."""
    options = TrainOptions(str(learned), (Source(data["secret"]),), tuning="full", learning_rate=2e-3, steps=60,
                           unlearning=Unlearning("gradient_ascent", (data["known"],)), **SHORT)  # fmt: skip
    report = train(options, tmp_path / "out")
    facts, forget = report.card["unlearning"], report.card["measures"]["forget_loss"]
    assert facts["max_forget_loss"] == math.log(261)
    assert facts["stopped_at"] == len(forget) == len(report.losses) < 60
    assert forget[-1] >= math.log(261) > max(forget[:-1])
    assert facts["retain"]["after"] > facts["retain"]["before"]  # nothing held it
    assert report.losses == pytest.approx([-loss for loss in forget], rel=1e-3, abs=1e-3)

    bounded = replace(options, unlearning=Unlearning("gradient_ascent", max_forget_loss=1.0))
    card = train(bounded, tmp_path / "bounded").card
    assert card["unlearning"]["stopped_at"] < facts["stopped_at"] and "retain" not in card["unlearning"]
    assert card["measures"]["forget_loss"][-1] >= 1.0 and "retain_loss" not in card["measures"]


def test_the_first_loss_of_npo_is_that_of_an_unchanged_model(
    learned: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    options = TrainOptions(str(learned), (Source(data["secret"]),), learning_rate=1e-3, steps=2, micro_batch_size=1,
                           unlearning=Unlearning(beta=0.5), **SHORT)  # fmt: skip
    report = train(options, tmp_path / "out")
    assert report.losses[0] == pytest.approx(2 / 0.5 * math.log(2), rel=1e-4)  # the ratio is 1
    assert report.losses[1] < report.losses[0]


def test_a_run_ends_with_the_same_bytes_from_a_checkpoint(learned: Path, data: dict[str, Path], tmp_path: Path) -> None:
    """A checkpoint right before the limit is reached, and one that would be due in the step that reaches it."""
    options = TrainOptions(str(learned), (Source(data["secret"]),), learning_rate=5e-3, steps=40, checkpoint_steps=1,
                           unlearning=Unlearning("gradient_ascent", max_forget_loss=2.0), **SHORT)  # fmt: skip
    whole = train(options, tmp_path / "whole")
    stopped = whole.card["unlearning"]["stopped_at"]

    class Killed(Exception):
        pass

    def tell(progress: Any) -> None:
        if progress.step == stopped:
            raise Killed

    with pytest.raises(Killed):
        train(options, tmp_path / "again", tell)
    again = train(options, tmp_path / "again")
    assert again.resumed_from == stopped - 1
    assert again.card["unlearning"]["stopped_at"] == stopped
    first, second = (load_file(report.folder / "model.safetensors") for report in (whole, again))
    assert all(first[name].equal(second[name]) for name in first)


def test_a_row_to_keep_stands_beside_each_to_forget(
    byte_tokenizer: Callable[..., Any], data: dict[str, Path], tmp_path: Path
) -> None:
    encoder = Encoder(byte_tokenizer(), frozenset({1}), 60, "refuse")
    options = TrainOptions("m", (Source(data["secret"]),), epochs=1.5, unlearning=Unlearning(retain=(data["known"],)),
                           **SHORT)  # fmt: skip
    prepared = unlearn.prepare(options, encoder)
    assert (len(prepared.dataset), prepared.steps) == (6, 2)
    assert {name: facts["rows"] for name, facts in prepared.sources.items()} == {"secret.jsonl": 6, "known.jsonl": 6}
    assert sum(facts["tokens"] for facts in prepared.sources.values()) == prepared.tokens.sum()
    read = [encoder.tokenizer.decode(row["retain_input_ids"]) for row in prepared.dataset]
    assert sorted(read) == sorted(row["prompt"] + row["completion"] + "<|end|>" for row in KNOWN)
    with pytest.raises(InputError, match="sources are called secret.jsonl, secret.jsonl, expected different names"):
        unlearn.prepare(replace(options, unlearning=Unlearning(retain=(data["secret"],))), encoder)
