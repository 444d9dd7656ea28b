import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.data.encoding import Encoder
from train.methods.prompted import prepare
from train.options.reinforcement import Reinforcement
from train.options.run import Source, TrainOptions
from train.options.tunings import Lora

COUNTED = Reinforcement(count="a", max_new_tokens=4)


@pytest.fixture
def encoder(byte_tokenizer: Callable[..., Any]) -> Encoder:
    return Encoder(byte_tokenizer(), frozenset({1}), 32, "drop")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": word, "references": ["1"]}) + "\n" for word in ("a", "bb", "ccc")))
    return path


def test_whole_steps_of_prompts_with_what_rewards_read(rows: Path, encoder: Encoder) -> None:
    prepared = prepare(TrainOptions("m", (Source(rows),), method="ppo", batch_size=2, reinforcement=COUNTED), encoder)
    assert (prepared.steps, len(prepared.dataset)) == (2, 4), "answers are drawn for whole steps"
    assert prepared.dataset.column_names == ["prompt", "turns", "references", "check", "choices", "input_ids"]
    assert prepared.tokens.tolist() == [len(row["input_ids"]) for row in prepared.dataset]


def test_the_fingerprint_is_of_prompts_and_references(rows: Path, encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "rows.jsonl"
    other.write_text(rows.read_text().replace('["1"]', '["2"]'))
    found = [prepare(TrainOptions("m", (Source(path),), method="ppo", reinforcement=COUNTED), encoder)
             for path in (rows, other)]  # fmt: skip
    assert found[0].sources["rows.jsonl"]["fingerprint"] != found[1].sources["rows.jsonl"]["fingerprint"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"reinforcement": Reinforcement(max_new_tokens=4)},
            "no reward, expected count, check, reward_models, or rows",
        ),
        ({"lora": Lora(dropout=0.1)}, "lora.dropout is 0.1, expected 0 with the method rloo"),
        ({"lora": Lora(corda="instruction")}, "lora.corda is 'instruction', expected none with the method rloo"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(
    given: dict[str, Any], message: str, rows: Path, encoder: Encoder
) -> None:
    options = {"method": "rloo", "reinforcement": COUNTED} | given
    with pytest.raises(InputError, match=message):
        prepare(TrainOptions("m", (Source(rows),), **options), encoder)


def test_a_check_named_by_rows_is_a_reward(rows: Path, encoder: Encoder) -> None:
    rows.write_text(rows.read_text().replace('"references"', '"check": "number", "references"'))
    given = Reinforcement(max_new_tokens=4)
    assert prepare(TrainOptions("m", (Source(rows),), method="grpo", reinforcement=given), encoder).steps == 1
