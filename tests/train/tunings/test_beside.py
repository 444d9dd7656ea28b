import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from curation.errors import InputError
from train import models
from train.options.run import Source, TrainOptions
from train.options.tunings import Loreft, Prefix, Prompt
from train.training import train
from train.tunings import beside

IDS = torch.tensor([[7, 8, 9, 10, 11], [20, 21, 22, 0, 0]])
MASK = torch.tensor([[1] * 5, [1] * 3 + [0] * 2])


@pytest.fixture(scope="module")
def made(raw_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One folder of each kind."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "rows.jsonl").write_text(json.dumps({"prompt": "say ab", "completion": " AB"}) + "\n")
    found = {}
    for tuning, more in {
        "prompt": {"prompt": Prompt(3, "say it")},
        "prefix": {"prefix": Prefix(3)},
        "loreft": {"loreft": Loreft(2, 1, 1)},
    }.items():
        options = TrainOptions(str(raw_model), (Source(folder / "rows.jsonl"),), tuning=tuning, steps=2, batch_size=2,
                               learning_rate=0.3, threads=1, **more)  # fmt: skip
        found[tuning] = train(options, folder / tuning).folder
    return found


def test_a_folder_has_what_a_user_needs(made: dict[str, Path], raw_model: Path) -> None:
    for tuning, folder in made.items():
        names = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        assert names == {
            "adapter/adapter_config.json", "adapter/adapter_model.safetensors", "base.json", "run_card.json",
            "tokenizer.json", "tokenizer_config.json", "generation_config.json",
        }, tuning  # fmt: skip
        said = beside.statement(folder)
        assert (said.tuning, said.base) == (tuning, "raw")
        assert str(raw_model.parent) not in "".join(file.read_text() for file in folder.rglob("*.json"))
    assert [beside.room(made[tuning]) for tuning in ("prompt", "prefix", "loreft")] == [3, 3, 0]


@pytest.mark.parametrize("tuning", ["prompt", "prefix"])
def test_a_pass_is_that_of_peft_and_padding_changes_nothing(
    tuning: str, made: dict[str, Path], raw_model: Path
) -> None:
    model = models.causal_lm(raw_model).eval()
    plain = model(input_ids=IDS, attention_mask=MASK).logits
    beside.attach(model, made[tuning])
    found = model(input_ids=IDS, attention_mask=MASK, use_cache=False).logits[:, -5:]
    peft = PeftModel.from_pretrained(models.causal_lm(raw_model), str(made[tuning] / "adapter")).eval()
    wanted = peft(input_ids=IDS, attention_mask=MASK).logits[:, -5:]
    assert torch.allclose(found[MASK.bool()], wanted[MASK.bool()], atol=1e-5)
    assert (found - plain)[MASK.bool()].abs().max() > 1e-3
    left = model(input_ids=IDS[1:].roll(2, 1), attention_mask=MASK[1:].flip(1), use_cache=False).logits
    assert torch.allclose(left[0, -3:], found[1, :3], atol=1e-5)


@pytest.mark.parametrize("tuning", ["prompt", "prefix", "loreft"])
def test_generation_goes_on_from_its_cache(tuning: str, made: dict[str, Path], raw_model: Path) -> None:
    model = models.causal_lm(raw_model).eval()
    beside.attach(model, made[tuning])
    rows, mask = torch.tensor([[0, 0, 20, 21, 22], [7, 8, 9, 10, 11]]), torch.tensor([[0, 0, 1, 1, 1], [1] * 5])
    places = (mask.cumsum(-1) - 1).clamp(min=0)
    state = model(input_ids=rows, attention_mask=mask, position_ids=places, use_cache=True)
    token = state.logits[:, -1].argmax(-1, keepdim=True)
    longer = torch.cat([mask, torch.ones(2, 1, dtype=torch.long)], dim=1)
    places = (longer.cumsum(-1) - 1).clamp(min=0)
    with_cache = model(input_ids=token, attention_mask=longer, position_ids=places[:, -1:], use_cache=True,
                       past_key_values=state.past_key_values).logits[:, -1]  # fmt: skip
    without = model(input_ids=torch.cat([rows, token], dim=1), attention_mask=longer, position_ids=places,
                    use_cache=False, prompt_tokens=torch.tensor([3, 5])).logits[:, -1]  # fmt: skip
    assert torch.allclose(with_cache, without, atol=1e-5)


def test_the_base_is_found_by_its_name_or_given(
    made: dict[str, Path], raw_model: Path, tiny_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tuned"
    shutil.copytree(made["prompt"], folder)
    said = beside.statement(folder)
    with pytest.raises(InputError, match="was tuned beside the model 'raw', which is neither beside it nor here"):
        beside.base_of(folder, said)
    assert beside.base_of(folder, said, str(raw_model)) == raw_model
    with pytest.raises(InputError, match="is not the model that .* was tuned beside, fingerprint"):
        beside.base_of(folder, said, str(tiny_model))
    shutil.copytree(raw_model, tmp_path / "raw")
    assert beside.base_of(folder, said) == tmp_path / "raw"


def test_what_does_not_fit_is_refused(made: dict[str, Path], make_model: Callable[..., Path], tmp_path: Path) -> None:
    deeper = models.causal_lm(make_model(tmp_path / "deeper", layers=3))
    with pytest.raises(InputError, match=r"found numbers of shape \(3, 256\), expected \(3, 384\) for this base"):
        beside.attach(deeper, made["prefix"])
    damaged = tmp_path / "damaged"
    shutil.copytree(made["loreft"], damaged)
    (damaged / "adapter" / "adapter_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match="adapter_model.safetensors: .* expected what tuning wrote"):
        beside.attach(deeper, damaged)
    (damaged / "base.json").write_text('{"tuning": "lora", "name": "a", "fingerprint": "b"}')
    with pytest.raises(InputError, match="tuning is 'lora', expected one of prompt, prefix, loreft"):
        beside.statement(damaged)
    with pytest.raises(InputError, match="what tuning prompt learned beside the model raw, .* cannot be merged"):
        models.locate(str(made["prompt"]))


@pytest.mark.parametrize("tuning", ["prompt", "prefix", "loreft"])
def test_what_is_no_number_is_named(tuning: str, made: dict[str, Path], raw_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / tuning
    shutil.copytree(made[tuning], folder)
    file = folder / "adapter" / "adapter_model.safetensors"
    learned = load_file(file)
    next(iter(learned.values())).view(-1)[0] = float("nan")
    save_file(learned, file)
    with pytest.raises(InputError, match="adapter_model.safetensors: .* has values that are NaN or infinite"):
        beside.attach(models.causal_lm(raw_model), folder)
