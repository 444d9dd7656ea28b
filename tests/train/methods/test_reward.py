import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from curation.errors import InputError
from train import models
from train.data.encoding import Encoder
from train.methods import rewards
from train.methods.reward import prepare, score
from train.options.reinforcement import RewardModel
from train.options.run import Source, TrainOptions
from train.training import train

CPU = torch.device("cpu")


def write(path: Path, count: int) -> Path:
    """Pairs of which the better answer is in capitals, of the same length."""
    rows = [
        {"prompt": f"p{n % (count // 2)}", "chosen": "XYZ" * (n % 3 + 1), "rejected": "xyz" * (n % 3 + 1)}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_prompts_are_held_out_whole_and_by_what_they_say(tmp_path: Path, byte_tokenizer: Callable[..., Any]) -> None:
    encoder = Encoder(byte_tokenizer(), frozenset({1}), 64, "refuse")
    path = write(tmp_path / "pairs.jsonl", 200)
    found = []
    for seed in (1, 2):
        options = TrainOptions("m", (Source(path),), method="reward", seed=seed, reward=RewardModel(held_out=0.3))
        prepared = prepare(options, encoder)
        assert prepared.held_out is not None
        held = {tuple(ids) for ids in prepared.held_out["prompt_ids"].to_list()}
        found.append(held)
        assert 40 < prepared.held_out.height < 80 and prepared.held_out.height == 2 * len(held)
        assert prepared.sources["pairs.jsonl"]["held_out"] + len(prepared.dataset) == 200, "no row is lost"
        for row in prepared.dataset:
            assert row["chosen_ids"][-1] == row["rejected_ids"][-1] == 1
            assert not any(tuple(row["chosen_ids"][: len(prompt)]) == prompt for prompt in held if len(prompt) == 3)
    assert found[0] == found[1], "whatever the seed"


def test_what_leaves_nothing_to_train_on_is_refused(tmp_path: Path, byte_tokenizer: Callable[..., Any]) -> None:
    encoder = Encoder(byte_tokenizer(), frozenset({1}), 64, "refuse")
    path = write(tmp_path / "pairs.jsonl", 2)
    with pytest.raises(InputError, match="all 2 pairs are held out, expected some to train on"):
        prepare(TrainOptions("m", (Source(path),), method="reward", reward=RewardModel(held_out=0.999)), encoder)
    with pytest.raises(InputError, match="text_column is 'a', expected none with method reward"):
        prepare(TrainOptions("m", (Source(path, text_column="a"),), method="reward"), encoder)


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_a_reward_model_learns_which_answer_is_better(tuning: str, tiny_model: Path, tmp_path: Path) -> None:
    options = TrainOptions(
        str(tiny_model), (Source(write(tmp_path / "pairs.jsonl", 200)),), method="reward", tuning=tuning, steps=12,
        batch_size=8, learning_rate=1e-2, threads=1, reward=RewardModel(held_out=0.2),
    )  # fmt: skip
    report = train(options, tmp_path / "model")
    found = report.card["held_out"]
    assert found["pairs"] > 20 and found["accuracy"]["share"] > 0.9 and found["accuracy"]["low"] > 0.75
    assert found["chosen_shorter"]["pairs"] == found["chosen_longer"]["pairs"] == 0
    assert 0 <= found["calibration_error"] <= 0.5 and found["calibration_bins"] == 10
    assert (report.folder / "adapter").is_dir() == (tuning == "lora")
    rewards.check_reward_model(report.folder)
    model = AutoModelForSequenceClassification.from_pretrained(report.folder, dtype=torch.float32).eval()
    tokenizer = models.tokenizer(report.folder)
    good, bad = ([*tokenizer(f"p3{text}")["input_ids"], 1] for text in ("XYZ", "xyz"))
    together = score(model, [good, bad, [*good, 5, 6, 1]], 0, 3)
    assert together[0] > together[1]
    assert together[0] == pytest.approx(float(model(input_ids=torch.tensor([good])).logits[0, 0]), abs=1e-4)


def test_without_a_token_for_padding_the_end_token_is_still_read(
    byte_tokenizer: Callable[..., Any], tiny_model: Path, tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    """TRL pads with the end token then, and transformers reads the score before it: an end would not count."""
    folder = make_model(tmp_path / "base")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["pad_token"]
    settings["unk_token"] = "<|system|>"
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    rows = [{"prompt": f"p{n}", "chosen": "X" * (n % 4 + 1), "rejected": "x" * (n % 3 + 1)} for n in range(40)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = TrainOptions(str(folder), (Source(tmp_path / "pairs.jsonl"),), method="reward", tuning="full", steps=2,
                           batch_size=8, threads=1)  # fmt: skip
    report = train(options, tmp_path / "model")
    config = json.loads((report.folder / "config.json").read_text())
    assert config["pad_token_id"] == models.tokenizer(folder).convert_tokens_to_ids("<|system|>") != 1
    model = models.scoring(report.folder).eval()
    ids = [*models.tokenizer(folder)("p3X")["input_ids"], 1]
    hidden = model.model(input_ids=torch.tensor([ids])).last_hidden_state
    assert float(model(input_ids=torch.tensor([ids])).logits[0, 0]) == pytest.approx(
        float(model.score(hidden)[0, -1, 0])
    )


@pytest.mark.shared_data
def test_real_preferences_are_read_trained_on_and_measured(shared_data: Path, tmp_path: Path) -> None:
    """Harmless answers of hh-rlhf: that it runs and what it reports, not that a model of this size learns them."""
    options = TrainOptions(
        str(shared_data / "models" / "stories260k"), method="reward", tuning="full", steps=2, batch_size=4, threads=1,
        data=(Source(shared_data / "instructions" / "hh-rlhf-harmless.jsonl.gz"),), max_tokens=120, over_long="drop",
        reward=RewardModel(held_out=0.3),
    )  # fmt: skip
    card = train(options, tmp_path / "model").card
    found, source = card["held_out"], card["sources"]["hh-rlhf-harmless.jsonl.gz"]
    assert source["available"]["rows"] == 2312 and source["dropped"] > 2000
    assert found["pairs"] == source["held_out"] == found["accuracy"]["pairs"] > 20
    assert found["accuracy"]["low"] < found["accuracy"]["share"] < found["accuracy"]["high"]
    assert found["chosen_shorter"]["pairs"] and found["chosen_longer"]["pairs"]
    assert -1 <= found["length_correlation"] <= 1
