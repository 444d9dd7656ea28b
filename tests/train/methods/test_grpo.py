import json
from pathlib import Path

from train.options.reinforcement import Reinforcement
from train.options.run import Source, TrainOptions
from train.training import train


def test_a_step_with_a_price_for_leaving_the_start(tiny_model: Path, tmp_path: Path) -> None:
    rows = [{"prompt": word, "references": ["4"], "check": "number"} for word in ("2+2", "3+1")]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = []
    for price in (0.0, 100.0):
        options = TrainOptions(
            str(tiny_model), (Source(tmp_path / "prompts.jsonl"),), method="grpo", tuning="full", steps=3, batch_size=2,
            learning_rate=3e-3, threads=1, warmup=0.0, schedule="constant",
            reinforcement=Reinforcement(count="e", max_new_tokens=6, answers=6, kl_weight=price),
        )  # fmt: skip
        found.append(train(options, tmp_path / f"{price:g}").card["measures"])
    free, held = found
    assert "kl" not in free, "without a price there is no reference"
    assert len(held["kl"]) == 3 and held["kl"][0] == 0.0
    assert {"reward", "reward_count", "reward_check", "entropy"} <= set(held)
