import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from curation.errors import InputError
from train import models
from train.data.encoding import Encoder
from train.methods.ppo import method
from train.methods.ppo.actors import Separate
from train.methods.ppo.rollout import answers_of
from train.methods.ppo.shared import POLICY, Shared
from train.methods.setup import Setup
from train.options.reinforcement import Ppo, Reinforcement
from train.options.run import Source, TrainOptions
from train.training import train
from train.tunings.tuning import load

CPU = torch.device("cpu")
IDS, ATTENTION = torch.tensor([[40, 41, 42, 43]]), torch.ones(1, 4, dtype=torch.long)


@pytest.fixture(scope="module")
def reward_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reward")
    rows = [{"prompt": f"{n}", "chosen": "good", "rejected": "bad one"} for n in range(8)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = TrainOptions(str(tiny_model), (Source(folder / "pairs.jsonl"),), method="reward", steps=3, batch_size=4,
                           learning_rate=1e-2, threads=1)  # fmt: skip
    return train(options, folder / "model").folder


def begun(tiny_model: Path, prompts: Path, folder: Path, shared: bool, **given: Any) -> Setup:
    options = TrainOptions(
        str(tiny_model), (Source(prompts),), method="ppo", steps=1, batch_size=4, threads=1, ppo=Ppo(shared=shared),
        **({"reinforcement": Reinforcement(max_new_tokens=6, **given)}),
    )  # fmt: skip
    tokenizer = models.tokenizer(tiny_model)
    prepared = method.prepare(options, Encoder(tokenizer, frozenset({1}), 64, "drop"))
    return Setup(options, load(options, tiny_model, folder), tokenizer, prepared, folder, None, None)


def test_one_base_gives_what_models_apart_give(
    tiny_model: Path, prompts: Path, reward_model: Path, tmp_path: Path
) -> None:
    found = []
    for shared in (False, True):
        given = begun(tiny_model, prompts, tmp_path, shared, reward_models=(reward_model,))
        actors: Any = (Shared if shared else Separate)(given, frozenset({1}), CPU)
        answers = answers_of(given.prepared.dataset.to_list()[:2], [[70, 71, 1], [72]], given.tokenizer, frozenset({1}))
        found.append([
            actors.logits(IDS, ATTENTION), actors.values(IDS, ATTENTION), actors.scorers[0](answers),
            actors.reference_logits(IDS, ATTENTION), actors.logits(IDS, ATTENTION),
        ])  # fmt: skip
        held = sum(weight.numel() for weight in {id(weight): weight for weight in actors.weights()}.values())
        found[-1].append(torch.tensor(held))
    for apart, together in list(zip(*found, strict=True))[:-1]:
        torch.testing.assert_close(apart, together, rtol=1e-4, atol=1e-5)
    assert found[1][-1] < 0.6 * found[0][-1], "three bases and one"


def test_answers_of_every_step_are_drawn_from_the_policy(
    tiny_model: Path, prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was asked last in the step before, which without old rows is the critic."""
    drawn: list[str] = []
    draw = method.draw

    def seen(policy: Any, *rest: Any) -> Any:
        drawn.append(policy.active_adapter)
        return draw(policy, *rest)

    monkeypatch.setattr(method, "draw", seen)
    options = TrainOptions(str(tiny_model), (Source(prompts),), method="ppo", steps=3, batch_size=4, threads=1,
                           ppo=Ppo(shared=True), reinforcement=Reinforcement(count="e", max_new_tokens=4))  # fmt: skip
    train(options, tmp_path / "out")
    assert drawn == [POLICY] * 3


def test_nothing_of_one_base_moves(tiny_model: Path, prompts: Path) -> None:
    with pytest.raises(InputError, match="expected none with ppo.shared, where nothing of the one base moves"):
        TrainOptions(str(tiny_model), (Source(prompts),), method="ppo", ppo=Ppo(shared=True), trainable=("*norm*",))


def test_each_adapter_moves_alone_and_the_base_never(
    tiny_model: Path, prompts: Path, reward_model: Path, tmp_path: Path
) -> None:
    actors = Shared(begun(tiny_model, prompts, tmp_path, True, reward_models=(reward_model,)), frozenset({1}), CPU)
    policy, critic = actors.moving()
    before = {name: weight.detach().clone() for name, weight in actors.policy.named_parameters()}
    actors.logits(IDS, ATTENTION).sum().backward()
    assert all(weight.grad is None for weight in critic.values()) and any(w.grad is not None for w in policy.values())
    for weight in policy.values():
        weight.grad = None
    actors.values(IDS, ATTENTION).sum().backward()
    assert all(weight.grad is None for weight in policy.values()) and any(w.grad is not None for w in critic.values())
    named = dict(actors.policy.named_parameters())
    assert {name for name in named if named[name].grad is not None} <= set(critic)
    assert all(torch.equal(named[name], before[name]) for name in named)
    result = actors.result()
    assert list(result.peft_config) == ["default"]


def test_a_reward_model_of_another_base_is_refused(
    tiny_model: Path, make_model: Any, prompts: Path, reward_model: Path, tmp_path: Path
) -> None:
    other = make_model(tmp_path / "other", layers=1)
    with pytest.raises(InputError, match="found no adapter of the policy's base"):
        Shared(begun(other, prompts, tmp_path, True, reward_models=(reward_model,)), frozenset({1}), CPU)


def test_sharing_is_for_adapters(tiny_model: Path, prompts: Path, tmp_path: Path) -> None:
    options = TrainOptions(str(tiny_model), (Source(prompts),), method="ppo", tuning="full", steps=1, batch_size=4,
                           ppo=Ppo(shared=True), reinforcement=Reinforcement(count="a", max_new_tokens=4))  # fmt: skip
    with pytest.raises(InputError, match="ppo.shared: tuning is 'full', expected lora"):
        train(options, tmp_path / "out")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("nan", r"adapter_model.safetensors: .*lora_A.weight has 1 of \d+ values that are NaN or infinite"),
        ("missing", "found 0 weights too many and 1 missing"),
        ("cut", "adapter_model.safetensors: found damaged or cut off weights"),
    ],
)
def test_an_adapter_whose_weights_are_not_whole_is_refused(
    tiny_model: Path, prompts: Path, reward_model: Path, tmp_path: Path, harm: str, said: str
) -> None:
    folder = shutil.copytree(reward_model, tmp_path / "reward")
    file = folder / "adapter" / "adapter_model.safetensors"
    held = load_file(file)
    name = min(held)
    if harm == "missing":
        del held[name]
    else:
        held[name].view(-1)[0] = torch.nan
    save_file(held, file)
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(InputError, match=said):
        Shared(begun(tiny_model, prompts, tmp_path, True, reward_models=(folder,)), frozenset({1}), CPU)
