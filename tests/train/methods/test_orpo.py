import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from train import models
from train.data.comparison_encoding import ENCODED, encode
from train.data.comparisons import load
from train.data.encoding import Encoder
from train.evaluation.preference_accuracy import padded
from train.losses import tokens
from train.losses.preferences import orpo
from train.options.preferences import Orpo
from train.options.run import Source, TrainOptions
from train.training import train


def test_the_odds_ratio_is_that_of_trl() -> None:
    trainer = pytest.importorskip("trl.experimental.orpo").ORPOTrainer
    torch.manual_seed(0)
    chosen, rejected = -torch.rand(2, 64) * 4 - 1e-3
    beta = 0.3
    given = SimpleNamespace(beta=beta, accelerator=SimpleNamespace(device="cpu"))
    theirs, _, _, _, log_odds = trainer.odds_ratio_loss(given, chosen, rejected)
    ours, ratio = orpo(chosen, rejected, beta)
    torch.testing.assert_close(-chosen - ours, theirs, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ratio.mean(), log_odds, atol=1e-5, rtol=1e-5)


def test_a_step_has_the_loss_of_equation_6_on_means_over_the_answers_tokens(tiny_model: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    made = [{"prompt": f"say {word}: ", "chosen": word * 3, "rejected": word.upper()} for word in ("ab", "cd", "ef")]
    rows.write_text("".join(json.dumps(row) + "\n" for row in made))
    options = TrainOptions(str(tiny_model), (Source(rows),), method="orpo", tuning="full", steps=1, batch_size=3,
                           orpo=Orpo(beta=0.7), threads=1)  # fmt: skip
    report = train(options, tmp_path / "out")

    tokenizer = models.tokenizer(tiny_model)
    found = encode(load(rows), "rows", Encoder(tokenizer, models.end_ids(tiny_model, tokenizer), 256, "refuse")).rows
    assert list(found.schema) == list(ENCODED)
    given = padded([(row["prompt_ids"], answer) for row in found.iter_rows(named=True) for answer in row["answers"]])
    with torch.no_grad():
        logits = models.causal_lm(tiny_model)(given.input_ids, attention_mask=given.attention_mask).logits
    means = tokens.means(*tokens.log_probabilities(logits, given.labels))
    chosen, rejected = means[0::2], means[1::2]
    odds = chosen.exp() / (1 - chosen.exp()) / (rejected.exp() / (1 - rejected.exp()))
    expected = (-chosen - 0.7 * F.logsigmoid(odds.log())).mean()
    assert report.losses[0] == pytest.approx(expected.item(), abs=1e-5)
    measures = report.card["measures"]
    assert measures["log_odds_ratio"][0] == pytest.approx(odds.log().mean().item(), abs=1e-5)
    assert measures["margins"][0] == pytest.approx((chosen - rejected).mean().item(), abs=1e-5)
