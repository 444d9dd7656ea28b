import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from curation.errors import InputError
from curation.model import Request, Sampling
from synth.engines import open_engine
from train import models
from train.options.blocks import Blocks
from train.options.run import Source, TrainOptions
from train.options.tunings import Expansion, Lora, Loreft, Prefix, Prompt
from train.training import train
from train.tunings.tuning import freeze_but
from train.tunings.vocabulary import expand

SHORT = {"steps": 3, "batch_size": 2, "learning_rate": 5e-3, "threads": 1}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Source]:
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    rows = [{"prompt": f"say {word}", "completion": word.upper()} for word in ("ab", "cd", "ef")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return (Source(path),)


def weights(folder: Path) -> dict:
    return load_file(folder / "model.safetensors")


def test_new_blocks_move_and_what_was_there_is_the_same_to_the_bit(raw_model, pairs, tmp_path):
    options = TrainOptions(str(raw_model), pairs, tuning="blocks", blocks=Blocks(2, 1), **SHORT)
    report = train(options, tmp_path / "deep")
    before, after = weights(raw_model), weights(report.folder)
    assert models.read_json(report.folder / "config.json")["num_hidden_layers"] == 4
    for old, new in ((0, 0), (1, 2)):  # layers 1 and 3 are new
        for name in (name for name in before if f"layers.{old}." in name):
            assert after[name.replace(f"layers.{old}.", f"layers.{new}.")].equal(before[name]), name
    for name in (name for name in before if "layers." not in name):
        assert after[name].equal(before[name]), name
    assert after["model.layers.1.mlp.down_proj.weight"].any() and after["model.layers.3.mlp.down_proj.weight"].any()
    assert report.card["options"]["blocks"] == {"copies": 1, "groups": 2, "placement": "interleaved"}
    models.causal_lm(report.folder)
    again = train(options, tmp_path / "again")
    assert (again.folder / "model.safetensors").read_bytes() == (report.folder / "model.safetensors").read_bytes()


def test_only_named_weights_move(raw_model, pairs, tmp_path):
    options = TrainOptions(str(raw_model), pairs, tuning="full", trainable=("model.layers.1.mlp.*",), **SHORT)
    before, after = weights(raw_model), weights(train(options, tmp_path / "some").folder)
    moved = {name for name in before if not after[name].equal(before[name])}
    assert moved == {name for name in before if name.startswith("model.layers.1.mlp.")}


def test_a_pattern_that_names_nothing_is_refused(raw_model):
    with pytest.raises(InputError, match=r"no weight matches 'layer\.9\.\*', expected patterns for names such as"):
        freeze_but(models.causal_lm(raw_model), ["layer.9.*"])


def test_named_weights_move_beside_new_blocks(raw_model, pairs, tmp_path):
    options = TrainOptions(str(raw_model), pairs, tuning="blocks", blocks=Blocks(1, 1),
                           trainable=("model.layers.0.mlp.*", "model.norm.weight"), **SHORT)  # fmt: skip
    before, after = weights(raw_model), weights(train(options, tmp_path / "deep").folder)
    moved = {name for name in before if not after[name].equal(before[name])}
    named = {name for name in before if name.startswith("model.layers.0.mlp.") or name == "model.norm.weight"}
    assert moved == named and set(after) - set(before) == {name for name in after if "layers.2." in name}
    assert after["model.layers.2.mlp.down_proj.weight"].any()


@pytest.mark.parametrize("tuning", ["prompt", "prefix", "loreft"])
def test_a_base_beside_which_something_is_learned_has_no_named_weights(tuning, raw_model, pairs):
    with pytest.raises(InputError, match=f"trainable is .* expected none with tuning {tuning}, whose result stands"):
        TrainOptions(str(raw_model), pairs, tuning=tuning, trainable=("*",))


def test_groups_must_divide_the_layers(raw_model, pairs, tmp_path):
    options = TrainOptions(str(raw_model), pairs, tuning="blocks", blocks=Blocks(3, 1), **SHORT)
    with pytest.raises(InputError, match="groups is 3, expected a divisor of 2"):
        train(options, tmp_path / "deep")


@pytest.mark.vllm
def test_vllm_reads_a_model_with_new_tokens_new_blocks_and_merged_adapters(raw_model, pairs, engine, tmp_path):
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"text": "여러분 안녕하세요 say ab"}) + "\n" for _ in range(3))
    )
    vocabulary = expand(str(raw_model), [Source(tmp_path / "corpus.jsonl")], tmp_path / "new", Expansion(20, 2, 0.0))
    deep = TrainOptions(str(vocabulary.folder), pairs, tuning="blocks", blocks=Blocks(2, 1), **SHORT)
    adapted = TrainOptions(str(train(deep, tmp_path / "deep").folder), pairs, tuning="lora", lora=Lora(rank=2), **SHORT)
    folder = train(adapted, tmp_path / "whole").folder
    asked = [
        Request(str(number), text, Sampling(8)) for number, text in enumerate(["say ab", "여러분 안녕하세요", "say"])
    ]
    wanted = [response.token_ids for response in engine(folder).generate(asked)]
    with open_engine("vllm", str(folder)) as opened:
        found = {response.id: response.token_ids for response in opened.generate(asked)}
    assert [found[request.id] for request in asked] == wanted
    assert models.read_json(folder / "config.json")["num_hidden_layers"] == 4
    assert (
        models.tokenizer(folder)("여러분 안녕하세요")["input_ids"]
        != models.tokenizer(raw_model)("여러분 안녕하세요")["input_ids"]
    )


@pytest.mark.parametrize(
    ("tuning", "more"),
    [
        pytest.param("lora", {"lora": Lora(rank=2, dora=True)}, marks=pytest.mark.long),
        ("lora", {"lora": Lora(rank=2, corda="instruction")}),
        ("lora", {"lora": Lora(rank=2), "trainable": ("model.layers.1.mlp.*", "model.norm.weight")}),
        pytest.param("prompt", {"prompt": Prompt(2)}, marks=pytest.mark.long),
        pytest.param("prefix", {"prefix": Prefix(2)}, marks=pytest.mark.long),
        ("loreft", {"loreft": Loreft(2, 1, 1)}),
    ],
    ids=["dora", "corda", "named", "prompt", "prefix", "loreft"],
)
def test_a_run_that_was_cut_off_goes_on_to_the_same_bytes(tuning, more, raw_model, pairs, tmp_path):
    options = TrainOptions(str(raw_model), pairs, tuning=tuning, checkpoint_steps=1, **(SHORT | {"steps": 4}), **more)
    whole = train(options, tmp_path / "whole").folder

    def cut(at):
        if at.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(options, tmp_path / "cut", cut)
    report = train(options, tmp_path / "cut")
    assert report.resumed_from == 2
    for file in whole.rglob("*.safetensors"):
        assert (report.folder / file.relative_to(whole)).read_bytes() == file.read_bytes(), file.name
