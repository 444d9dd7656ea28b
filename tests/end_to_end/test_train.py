import json

import pytest

pytestmark = [pytest.mark.vllm, pytest.mark.slow]
ARMS = ("plain", "rehearsed", "kept")


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_leaves_a_plain_checkpoint_with_its_adapter_and_run_card(demo, arm):
    folder = demo / "model" / arm
    for name in ("model.safetensors", "config.json", "tokenizer.json", "adapter/adapter_model.safetensors"):
        assert (folder / name).is_file(), name
    card = json.loads((folder / "run_card.json").read_text())
    assert card["options"]["steps"] == 40
    assert str(demo) not in json.dumps(card)


def test_arms_differ_in_their_data_alone(demo):
    cards = [json.loads((demo / "model" / arm / "run_card.json").read_text()) for arm in ARMS]
    assert len({json.dumps(card["options"], sort_keys=True) for card in cards}) == 1
    assert len({card["model"]["fingerprint"] for card in cards}) == 1
    assert [sorted(card["sources"]) for card in cards] == [
        ["new-tasks.jsonl"],
        ["new-tasks.jsonl", "rehearsal"],
        ["distilled", "rehearsal"],
    ]
