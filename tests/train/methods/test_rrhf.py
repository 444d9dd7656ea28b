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
from train.methods.answers import Answered
from train.methods.rrhf import measured
from train.options.run import Source, TrainOptions
from train.training import train


def test_the_share_in_order_counts_answers_of_different_scores() -> None:
    mask = torch.tensor([[True, True, True], [True, True, False]])
    answered = Answered(torch.tensor([[-2.0, -4.0, -9.0], [-1.0, -5.0, 0.0]]),
                        torch.tensor([[2.0, 2.0, 3.0], [1.0, 2.0, 0.0]]),
                        torch.tensor([[1.0, 2.0, 1.0], [0.0, 1.0, 0.0]]), mask)  # fmt: skip
    found = measured(answered)
    assert found["logps/best"].tolist() == [-2.0, -2.5]
    assert found["accuracies"].tolist() == [0.5, 0.0], "better than the third, not than the first; worse than the first"


def test_a_step_ranks_rows_of_different_numbers_of_answers(tiny_model: Path, tmp_path: Path) -> None:
    """Equations 2 to 5, a pair of answers at a time."""
    rows = tmp_path / "rows.jsonl"
    made = [
        {"prompt": "say ab: ", "responses": ["ab", "AB" * 3, "b", "a"], "scores": [1, 2.5, 1, -4]},
        {"prompt": "say cd: ", "responses": ["c d", "CD"], "scores": [0, 1]},
        {"prompt": "say ef: ", "chosen": "ef", "rejected": "EFEF"},  # a ranking of two
    ]
    rows.write_text("".join(json.dumps(row) + "\n" for row in made))
    options = TrainOptions(str(tiny_model), (Source(rows),), method="rrhf", tuning="full", steps=1, batch_size=3,
                           threads=1)  # fmt: skip
    report = train(options, tmp_path / "out")

    tokenizer = models.tokenizer(tiny_model)
    found = encode(load(rows), "rows", Encoder(tokenizer, models.end_ids(tiny_model, tokenizer), 256, "refuse")).rows
    model, expected = models.causal_lm(tiny_model), []
    for row in found.iter_rows(named=True):
        given = padded([(row["prompt_ids"], answer) for answer in row["answers"]])
        with torch.no_grad():
            logits = model(given.input_ids, attention_mask=given.attention_mask).logits
        counted = tokens.log_probabilities(logits, given.labels)
        each, scores = tokens.means(*counted).tolist(), row["scores"]
        pairs = [(i, j) for i in range(len(each)) for j in range(len(each)) if scores[i] < scores[j]]
        best = max(range(len(each)), key=scores.__getitem__)
        expected.append(sum(max(0.0, each[i] - each[j]) for i, j in pairs) - tokens.sums(*counted)[best].item())
    assert report.losses[0] == pytest.approx(sum(expected) / 3, abs=1e-4)
