import json
from pathlib import Path

import pytest
import torch

from train import models
from train.data.comparison_encoding import encode
from train.data.comparisons import load
from train.data.encoding import Encoder
from train.evaluation.preference_accuracy import padded
from train.losses import tokens
from train.options.preferences import Slic
from train.options.run import Source, TrainOptions
from train.training import train


def test_a_step_has_the_margin_between_whole_answers_and_the_better_one_s_likelihood(
    tiny_model: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.jsonl"
    made = [{"prompt": f"say {word}: ", "chosen": word, "rejected": word.upper() * size}
            for word, size in (("ab", 1), ("cd", 1), ("ef", 4))]  # fmt: skip
    rows.write_text("".join(json.dumps(row) + "\n" for row in made))
    options = TrainOptions(str(tiny_model), (Source(rows),), method="slic", tuning="full", steps=1, batch_size=3,
                           slic=Slic(delta=2.0, weight=0.3), threads=1)  # fmt: skip
    report = train(options, tmp_path / "out")

    tokenizer = models.tokenizer(tiny_model)
    found = encode(load(rows), "rows", Encoder(tokenizer, models.end_ids(tiny_model, tokenizer), 256, "refuse")).rows
    given = padded([(row["prompt_ids"], answer) for row in found.iter_rows(named=True) for answer in row["answers"]])
    with torch.no_grad():
        logits = models.causal_lm(tiny_model)(given.input_ids, attention_mask=given.attention_mask).logits
    sums = tokens.sums(*tokens.log_probabilities(logits, given.labels))
    margins = sums[0::2] - sums[1::2]
    assert (margins > 2.0).any() and (margins < 2.0).any(), "one pair is further apart than the margin"
    expected = ((2.0 - margins).clamp(min=0) - 0.3 * sums[0::2]).mean()
    assert report.losses[0] == pytest.approx(expected.item(), abs=1e-4)
    assert report.card["measures"]["margins"][0] == pytest.approx(margins.mean().item(), abs=1e-4)
