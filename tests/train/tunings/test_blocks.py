import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from curation.errors import InputError
from train.options.blocks import Blocks
from train.tunings.blocks import Layer, expand, new_layers, plan

SIZES = {
    "vocab_size": 90, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64,
}  # fmt: skip
FAMILIES = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=4,
                                                  max_window_layers=2)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=16, tie_word_embeddings=True)),
}  # fmt: skip
TOKENS = torch.arange(12).reshape(1, 12) * 7 % 90


@pytest.fixture(scope="module", params=FAMILIES)
def base(request, tmp_path_factory, byte_tokenizer):
    torch.manual_seed(1)
    model = FAMILIES[request.param]()
    with torch.no_grad():  # biases begin as zeros, which would hide a mistake
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(0, 0.5)
    folder = tmp_path_factory.mktemp(request.param)
    model.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


def logits(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(TOKENS).logits


@pytest.mark.parametrize("placement", ["interleaved", "suffix", "prefix"])
def test_before_training_the_deeper_model_gives_the_same_logits_to_the_bit(base, tmp_path, placement):
    added = expand(base, tmp_path / "deep", Blocks(2, 2, placement))
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "deep", dtype=torch.float32).eval()
    assert model.config.num_hidden_layers == 8 and len(added) == 4
    assert model(TOKENS).logits.equal(logits(base))
    model.save_pretrained(tmp_path / "again")
    assert logits(tmp_path / "again").equal(logits(base))


def test_with_a_cache_too(base, tmp_path):
    expand(base, tmp_path / "deep", Blocks(2, 1))
    made = [
        AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).generate(
            TOKENS[:, :5], max_new_tokens=20, do_sample=False, use_cache=True, pad_token_id=0,
            return_dict_in_generate=True, output_logits=True,
        )
        for folder in (base, tmp_path / "deep")
    ]  # fmt: skip
    assert made[0].sequences.equal(made[1].sequences) and made[0].sequences.shape[1] > 5
    assert torch.stack(made[0].logits).equal(torch.stack(made[1].logits))


def test_new_blocks_learn_and_the_old_ones_are_where_they_were(base, tmp_path):
    added = expand(base, tmp_path / "deep", Blocks(4, 1))
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "deep", dtype=torch.float32)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    for name, weight in model.named_parameters():
        weight.requires_grad_(any(f"layers.{number}." in name for number in added))
    optimiser = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=0.1)
    model(TOKENS, labels=TOKENS).loss.backward()
    optimiser.step()
    moved = {name for name, weight in model.named_parameters() if not weight.equal(before[name])}
    assert moved <= {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert any("down_proj" in name for name in moved)
    assert model(TOKENS, labels=TOKENS).loss < logits_loss(base)


def logits_loss(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(TOKENS, labels=TOKENS).loss


def test_where_blocks_are_put():
    old = [Layer(number, False) for number in range(4)]
    interleaved = plan(4, Blocks(2, 2))
    assert interleaved == [*old[:2], *[Layer(1, True)] * 2, *old[2:], *[Layer(3, True)] * 2]
    assert new_layers(interleaved) == [2, 3, 6, 7]
    assert plan(4, Blocks(2, 1, "suffix")) == [*old, *[Layer(3, True)] * 2]
    assert plan(4, Blocks(4, 1, "prefix")) == [*[Layer(0, True)] * 4, *old]
    assert len(plan(32, Blocks(8, 1))) == 40, "the paper's: eight blocks on thirty-two"


def test_new_layers_have_the_kind_of_what_they_copy(base, tmp_path):
    expand(base, tmp_path / "deep", Blocks(2, 1))
    old, new = (json.loads((folder / "config.json").read_text()) for folder in (base, tmp_path / "deep"))
    if "layer_types" in old:
        assert new["layer_types"] == [old["layer_types"][number] for number in (0, 1, 1, 2, 3, 3)]
    weights = load_file(tmp_path / "deep" / "model.safetensors")
    assert not weights["model.layers.2.mlp.down_proj.weight"].any()
    assert weights["model.layers.2.mlp.up_proj.weight"].equal(weights["model.layers.1.mlp.up_proj.weight"])


def test_groups_divide_the_layers():
    with pytest.raises(InputError, match="groups is 3, expected a divisor of 4"):
        plan(4, Blocks(groups=3))


def test_another_layout_is_refused(base, tmp_path):
    (tmp_path / "other").mkdir()
    for file in base.iterdir():
        (tmp_path / "other" / file.name).write_bytes(file.read_bytes())
    config = json.loads((base / "config.json").read_text())
    (tmp_path / "other" / "config.json").write_text(json.dumps({**config, "model_type": "gpt2"}))
    with pytest.raises(InputError, match="model_type is 'gpt2', expected one of llama"):
        expand(tmp_path / "other", tmp_path / "deep", Blocks(2))
