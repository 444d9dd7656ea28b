import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from pipelines.demo.main import MODEL
from pipelines.plans.new_words import EMBEDDING, HEAD, NewWords
from pipelines.recipe import validate
from pipelines.settings import TrainSettings
from train.options.run import Source
from train.training import train

STAGES = ("input-rows", "output-rows", "new-rows", "output-layer", "rows-and-output", "learned", "settled")


def test_embeddings_learn_first_and_then_more():
    steps = NewWords(documents=("d",), tasks=("t",), tokens=50).steps()
    assert list(steps) == ["words", *STAGES, "examined"]
    assert steps["words"]["expansion"] == {"tokens": 50}
    started = [steps[name]["model"] for name in list(steps)[:-1]]
    assert started == ["$model", "step:words", *(f"step:{name}" for name in STAGES[:-1])]
    assert steps["examined"]["models"] == {
        "before": "$model", "after the new rows": "step:new-rows", "after the output layer": "step:rows-and-output",
        "after": "step:settled",
    }  # fmt: skip


def test_embeddings_that_are_one_learn_in_one_stage():
    steps = NewWords(documents=("d",), tasks=("t",), tied=True).steps()
    assert list(steps) == ["words", "new-rows", "learned", "settled", "examined"]
    assert steps["new-rows"]["trainable"] == [EMBEDDING]


def test_adapters_have_no_stage_of_the_layers_alone():
    steps = NewWords(documents=("d",), tasks=("t",), tuning="lora").steps()
    assert list(steps)[-2:] == ["learned", "examined"] and steps["learned"]["tuning"] == "lora"
    assert steps["examined"]["models"]["after"] == "step:learned"


def test_replay_has_its_share_once_old_weights_move():
    steps = NewWords(documents=("d",), tasks=("t",), replay=("r",), share=0.25).steps()
    replayed = [{"path": "d", "weight": 0.75}, {"path": "r", "weight": 0.25}]
    assert [steps[name]["data"] for name in STAGES[3:]] == [replayed] * 4
    assert [steps[name]["data"] for name in STAGES[:3]] == [[{"path": "d", "weight": 1.0}]] * 3


@pytest.fixture(scope="module")
def expanded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed model with an output layer of its own, whose last ten tokens count as new."""
    folder = tmp_path_factory.mktemp("models") / "expanded"
    shutil.copytree(MODEL, folder)
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    model.save_pretrained(folder)
    (folder / "new_tokens.json").write_text(json.dumps({"first": model.config.vocab_size - 10, "count": 10}))
    return folder


def test_what_a_stage_does_not_move_is_the_same_to_the_bit(expanded, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    new = tokenizer.decode(list(range(len(tokenizer) - 10, len(tokenizer))))
    rows = [{"text": f"The number {n} is one of many. {new}"} for n in range(8)]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    steps = NewWords(documents=(str(tmp_path / "d.jsonl"),), tasks=("t",)).steps()
    recipe = validate({"model": str(expanded), "steps": steps}, "plan new-words")
    latest, moved = expanded, {}
    for name in STAGES:
        settings = recipe.steps[name]
        assert isinstance(settings, TrainSettings)
        quick = settings.model_copy(update={"steps": 2, "batch_size": 4, "threads": 1, "weight_decay": 0.5})
        options = quick.options(str(latest), [Source(Path(part.path)) for part in settings.data], 17)
        before, latest = load_file(latest / "model.safetensors"), train(options, tmp_path / name).folder
        after = load_file(latest / "model.safetensors")
        moved[name] = {tensor for tensor in before if not after[tensor].equal(before[tensor])}
        for tensor in (EMBEDDING, HEAD):
            old_rows = settings.vocabulary.input if tensor == EMBEDDING else settings.vocabulary.output
            same = after[tensor][:-10].equal(before[tensor][:-10])
            assert same == (old_rows == "new" or tensor not in moved[name]), (name, tensor)
    layers = {tensor for tensor in before if tensor.startswith("model.layers.")}
    assert moved == {
        "input-rows": {EMBEDDING},
        "output-rows": {HEAD},
        "new-rows": {EMBEDDING, HEAD},
        "output-layer": {HEAD},
        "rows-and-output": {EMBEDDING, HEAD},
        "learned": set(before),
        "settled": layers,
    }
