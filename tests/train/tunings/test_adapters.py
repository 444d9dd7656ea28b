import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, LlamaConfig, MixtralConfig, Qwen3NextConfig

from curation.errors import InputError
from train import models
from train.options.run import Lora, Source, TrainOptions
from train.training import train
from train.tunings import adapters


@pytest.fixture(scope="module")
def adapted(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    pairs = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    pairs.write_text(json.dumps({"prompt": "say ab", "completion": " AB"}) + "\n")
    options = TrainOptions(model=str(tiny_model), data=(Source(pairs),), steps=12, batch_size=5, learning_rate=1e-2,
                           lora=Lora(rank=4, alpha=8, dropout=0.1), threads=1)  # fmt: skip
    return train(options, tmp_path_factory.mktemp("out") / "lora")


def test_an_adapter_is_merged_and_kept_beside(adapted: Any, tiny_model: Path) -> None:
    folder = adapted.folder
    names = {file.name for file in (folder / "adapter").iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors"}
    assert json.loads((folder / "adapter" / "adapter_config.json").read_text())["base_model_name_or_path"] == "tiny"
    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    ids = AutoTokenizer.from_pretrained(folder)("say ab", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        untouched = base(ids).logits.clone()
        beside = PeftModel.from_pretrained(base, str(folder / "adapter")).eval()(ids).logits
        inside = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(ids).logits
    assert (beside - inside).abs().max() < 1e-5
    assert (beside - untouched).abs().max() > 1e-2
    assert 0 <= adapted.card["largest_logit_change_of_merging"] < 1e-5
    assert "lm_head.weight" not in load_file(folder / "model.safetensors")  # tied to the embedding


def test_a_merge_that_changes_more_than_rounding_is_an_error(
    adapted: Any, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "TOLERANCE", 0.0)
    with pytest.raises(RuntimeError, match="merging changes a logit by"):
        adapters.merged(tiny_model, adapted.folder / "adapter", [[7, 8, 9]])


def test_modules_may_be_chosen(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "a", "completion": "b"}) + "\n")
    lora = Lora(rank=2, target_modules=("q_proj", "v_proj"))
    options = TrainOptions(model=str(tiny_model), data=(Source(tmp_path / "rows.jsonl"),), steps=1, batch_size=1,
                           lora=lora, threads=1)  # fmt: skip
    weights = load_file(train(options, tmp_path / "out").folder / "adapter" / "adapter_model.safetensors")
    assert {name.split(".")[-3] for name in weights} == {"q_proj", "v_proj"}


def named(model: Path, rows: Path, trainable: tuple[str, ...], **more: Any) -> TrainOptions:
    """LoRA on the query projections, with weights named."""
    lora = Lora(rank=2, target_modules=("q_proj",))
    given = {"steps": 4, "batch_size": 2, "learning_rate": 1e-2, "warmup": 0.0, "threads": 1, "lora": lora, **more}
    return TrainOptions(str(model), (Source(rows),), trainable=trainable, **given)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": f"say {word}"}) + "\n" for word in ("ab", "cd", "efg")))
    return path


def test_named_weights_move_beside_adapters_and_are_kept_with_them(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    options = named(tiny_model, texts, ("model.norm.weight", "model.layers.1.mlp.*"))
    folder = train(options, tmp_path / "out").folder
    before, after = (load_file(path / "model.safetensors") for path in (tiny_model, folder))
    moved = {name for name in before if not after[name].equal(before[name])}
    layers = {name for name in before if name.startswith("model.layers.1.mlp.") or name == "model.norm.weight"}
    assert moved == layers | {name for name in before if "q_proj.weight" in name}

    kept = load_file(folder / "adapter" / "adapter_model.safetensors")
    whole = {name.removeprefix("base_model.model.") for name in kept if "lora_" not in name}
    assert whole == layers
    beside = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32), str(folder / "adapter")
    ).eval()
    ids = torch.arange(7, 27)[None]
    with torch.inference_mode():
        inside = AutoModelForCausalLM.from_pretrained(folder)(ids).logits
        assert (beside(ids).logits - inside).abs().max() < 1e-4
        with beside.disable_adapter():
            base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)(ids).logits
            assert beside(ids).logits.equal(base)


@pytest.mark.parametrize(
    ("pattern", "more", "said"),
    [
        ("model.layers.9.*", {}, "no weight matches 'model.layers.9.*', expected patterns for names such as"),
        ("model.embed_tokens.*", {}, "names the embedding, which is the output layer too, expected tuning full"),
        ("*norm.weight", {"lora": Lora(corda="instruction")}, "expected none with lora.corda"),
        ("*.q_proj.weight", {}, "names every layer of lora.target_modules, expected one at least that is left"),
        ("model.layers.*", {"lora": Lora()}, "names every layer of lora.target_modules, expected one at least that"),
    ],
)
def test_weights_that_cannot_move_beside_adapters_are_named(
    pattern: str, more: dict[str, Any], said: str, tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        train(named(tiny_model, texts, (pattern,), **more), tmp_path / "out")


def of_kind(config: Any, tiny_model: Path, folder: Path) -> Path:
    """A model of another architecture with the tiny one's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    config.vocab_size, config.eos_token_id, config.pad_token_id = len(tokenizer), tokenizer.eos_token_id, None
    config.bos_token_id = None
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("trainable", [(), ("transformer.ln_f.*",)])
def test_a_model_whose_linear_layers_are_written_as_convolutions_is_adapted(
    trainable: tuple[str, ...], tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    model = of_kind(GPT2Config(n_embd=32, n_layer=1, n_head=2, n_positions=64), tiny_model, tmp_path / "gpt2")
    options = named(model, texts, trainable, lora=Lora(rank=2), learning_rate=1e-1)
    folder = train(options, tmp_path / "out").folder
    before, after = (load_file(path / "model.safetensors") for path in (model, folder))
    moved = {name.rpartition(".")[0] for name in before if not after[name].equal(before[name])}
    adapted = {f"transformer.h.0.{name}" for name in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")}
    assert moved == adapted | ({"transformer.ln_f"} if trainable else set())


def test_a_layer_with_weights_of_its_own_and_layers_within_moves_whole(
    tiny_model: Path, texts: Path, tmp_path: Path
) -> None:
    mixed = Qwen3NextConfig(
        hidden_size=32, intermediate_size=16, num_hidden_layers=4, num_attention_heads=2, num_key_value_heads=1,
        head_dim=16, linear_num_value_heads=2, linear_num_key_heads=2, linear_key_head_dim=8, linear_value_head_dim=8,
        num_experts=2, num_experts_per_tok=1, moe_intermediate_size=8, shared_expert_intermediate_size=8,
    )  # fmt: skip
    model = of_kind(mixed, tiny_model, tmp_path / "mixed")
    options = named(model, texts, ("model.layers.0.linear_attn.*",), learning_rate=1e-1)
    folder = train(options, tmp_path / "out").folder
    before, after = (load_file(path / "model.safetensors") for path in (model, folder))
    moved = {name for name in before if not after[name].equal(before[name]) and "q_proj" not in name}
    assert moved == {name for name in before if name.startswith("model.layers.0.linear_attn.")}


def test_weights_of_several_experts_do_not_move_beside_a_pattern_that_may_adapt_them() -> None:
    experts = MixtralConfig(
        vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, num_local_experts=2,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(experts)
    moving = adapters.whole_layers(model, ["model.layers.0.mlp.experts.*"])
    with pytest.raises(InputError, match="mlp.experts holds weights of several experts, expected a list of names"):
        adapters.check_targets(model, Lora(rank=2), moving)
    by_name = Lora(rank=2, target_modules=("q_proj",))
    adapters.check_targets(model, by_name, moving)
    whole = get_peft_model(model, adapters.lora_config(by_name, moving=moving))
    assert any("experts.modules_to_save" in name for name, weight in whole.named_parameters() if weight.requires_grad)


def test_half_a_layer_cannot_move_beside_adapters() -> None:
    size = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    model = AutoModelForCausalLM.from_config(LlamaConfig(num_attention_heads=2, attention_bias=True, **size))
    with pytest.raises(InputError, match=r"o_proj.bias is not named and other weights of model.layers.0.self_attn.o_"):
        adapters.whole_layers(model, ["*.o_proj.weight"])
    assert adapters.whole_layers(model, ["*.o_proj.*"]) == ["model.layers.0.self_attn.o_proj"]


@pytest.mark.parametrize(
    "lora",
    [
        Lora(rank=2, dora=True),
        Lora(rank=4, alpha=4, rslora=True),
        Lora(rank=2, corda="instruction"),
        Lora(rank=2, rslora=True, corda="knowledge", corda_data=Path("kept.jsonl")),
    ],
    ids=["dora", "rslora", "instruction", "knowledge"],
)
def test_every_form_of_adapter_is_kept_beside_the_base_as_it_was(
    lora: Lora, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("rows", "kept"):
        words = ("ab", "cd", "efg")
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"text": f"{name} {a}"}) + "\n" for a in words))
    options = TrainOptions(str(tiny_model), (Source(tmp_path / "rows.jsonl"),), steps=4, batch_size=3, warmup=0.0,
                           learning_rate=1e-2, lora=lora, threads=1)  # fmt: skip
    report = train(options, tmp_path / "out")
    beside = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32), str(report.folder / "adapter")
    ).eval()
    ids = torch.arange(7, 27)[None]
    with torch.inference_mode():
        found, inside = beside(ids).logits, AutoModelForCausalLM.from_pretrained(report.folder)(ids).logits
        with beside.disable_adapter():
            base = beside(ids).logits
    assert (found - inside).abs().max() < 1e-4
    assert base.equal(AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)(ids).logits)
    assert (found - base).abs().max() > 1e-3
    assert report.losses[-1] < report.losses[0]
    if lora.corda == "none":
        saved = load_file(report.folder / "adapter" / "adapter_model.safetensors")
        layer = "layers.0.self_attn.q_proj."
        parts = {name.split(layer)[1]: weight for name, weight in saved.items() if layer in name}
        assert_merged(lora, tiny_model, report.folder, parts)
    again = train(options, tmp_path / "again")
    assert (again.folder / "model.safetensors").read_bytes() == (report.folder / "model.safetensors").read_bytes()
    assert str(tmp_path) not in json.dumps(report.card)


def assert_merged(lora: Lora, base: Path, folder: Path, parts: dict[str, torch.Tensor]) -> None:
    """A layer's merged weight is that of the papers: scaled as rsLoRA says, of the lengths that DoRA learned."""
    old, new = (
        load_file(path / "model.safetensors")["model.layers.0.self_attn.q_proj.weight"] for path in (base, folder)
    )
    scale = lora.alpha / (math.sqrt(lora.rank) if lora.rslora else lora.rank)
    wanted = old + scale * parts["lora_B.weight"] @ parts["lora_A.weight"]
    assert ("lora_magnitude_vector" in parts) == lora.dora
    if lora.dora:
        wanted = parts["lora_magnitude_vector"][:, None] * wanted / wanted.norm(dim=1, keepdim=True)
    assert torch.allclose(new, wanted, atol=1e-5) and not torch.allclose(new, old, atol=1e-3)


def test_corda_starts_where_the_model_is_and_takes_other_directions_in_its_two_modes(tiny_model: Path) -> None:
    ids = torch.arange(7, 27)[None]
    base = models.causal_lm(tiny_model)
    started = {}
    for mode in ("instruction", "knowledge"):
        model = models.causal_lm(tiny_model)
        config = adapters.lora_config(
            Lora(rank=2, corda=mode, corda_data=Path("kept") if mode == "knowledge" else None)
        )
        adapters.preview(model, config, [ids[0].tolist()])
        wrapped = get_peft_model(model, config)
        assert torch.allclose(wrapped(ids).logits, base(ids).logits, atol=1e-4)
        started[mode] = wrapped.get_submodule("base_model.model.model.layers.0.mlp.up_proj")
    inputs = base.model.embed_tokens(ids)
    sizes = {mode: layer.lora_B["default"](layer.lora_A["default"](inputs)).norm() for mode, layer in started.items()}
    assert sizes["instruction"] > 2 * sizes["knowledge"], (
        "one takes what the rows use most, the other what they use least"
    )
    with pytest.raises(InputError, match="lora.rank is 65, expected at most 64 with lora.corda, the smaller side of"):
        adapters.preview(models.causal_lm(tiny_model), adapters.lora_config(Lora(rank=65, corda="instruction")), [[7]])


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (("q_proj", "v_prj"), r"has 'v_prj', which no layer is called, expected .* \(q_proj, k_proj, "),
        (("q_proj", "embed_tokens"), "has 'embed_tokens', found Embedding under model.embed_tokens, expected"),
        (("input_layernorm",), "has 'input_layernorm', found LlamaRMSNorm under model.layers.0.input_layernorm"),
        (".*(q_proj", r"has '\.\*\(q_proj', no pattern \(missing \)"),
        ("q_proj", "has 'q_proj', which no layer is called"),
    ],
)
def test_a_name_that_no_linear_layer_has_is_refused(targets: Any, said: str, tiny_model: Path) -> None:
    with pytest.raises(InputError, match=said):
        adapters.check_targets(models.causal_lm(tiny_model), Lora(target_modules=targets))


def test_names_and_patterns_of_linear_layers_are_taken(tiny_model: Path) -> None:
    model = models.causal_lm(tiny_model)
    for targets in ("all-linear", ("q_proj", "mlp.up_proj"), ".*[01].*_proj"):
        adapters.check_targets(model, Lora(target_modules=targets))


def test_adapters_can_be_swapped_on_one_base(adapted: Any, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "say cd", "completion": " CD"}) + "\n")
    options = TrainOptions(str(tiny_model), (Source(tmp_path / "rows.jsonl"),), steps=3, batch_size=1, threads=1,
                           learning_rate=1e-2, lora=Lora(rank=2, dora=True))  # fmt: skip
    other = train(options, tmp_path / "other")
    folders = {"one": adapted.folder, "two": other.folder}
    model = PeftModel.from_pretrained(models.causal_lm(tiny_model), str(adapted.folder / "adapter"), "one")
    model.load_adapter(str(other.folder / "adapter"), "two")
    ids = torch.arange(7, 27)[None]
    for name in ("one", "two", "one"):
        model.set_adapter(name)
        whole = models.causal_lm(folders[name]).eval()
        assert torch.allclose(model.eval()(ids).logits, whole(ids).logits, atol=1e-4), name
