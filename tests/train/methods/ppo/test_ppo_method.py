import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.data.encoding import Encoder
from train.losses import policy
from train.methods.ppo.method import prepare
from train.options.reinforcement import Ppo, Reinforcement
from train.options.run import Source, TrainOptions
from train.training import train

SHORT = {"method": "ppo", "tuning": "full", "threads": 1, "schedule": "constant", "warmup": 0.0, "batch_size": 16}


def test_old_rows_stand_beside_the_prompts(prompts: Path, byte_tokenizer: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_text('{"prompt": "q", "completion": "xyz"}\n{"text": "w"}\n')
    options = TrainOptions("m", (Source(prompts),), steps=3, ppo=Ppo(ptx=(tmp_path / "old.jsonl",)),
                           reinforcement=Reinforcement(count="a", max_new_tokens=4), **SHORT)  # fmt: skip
    prepared = prepare(options, Encoder(byte_tokenizer(), frozenset({1}), 64, "drop"))
    assert len(prepared.dataset) == 48 and set(prepared.sources) == {"prompts.jsonl", "ptx/old.jsonl"}
    rows = prepared.dataset.to_list()
    assert all(len(row["old_ids"]) == len(row["old_labels"]) for row in rows)
    assert all(row["old_labels"][0] == -100 and row["old_labels"][-1] == 1 for row in rows if len(row["old_ids"]) > 2)
    assert prepared.tokens[0] == len(rows[0]["input_ids"]) + len(rows[0]["old_ids"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ppo": Ppo(minibatches=3)}, "ppo.minibatches is 3, expected a divisor of batch_size 16"),
        ({"ppo": Ppo(minibatches=4), "micro_batch_size": 8}, "ppo.minibatches is 4"),
        (
            {"ppo": Ppo(kl_target=1.0), "reinforcement": Reinforcement(count="a", kl_weight=0)},
            "reinforcement.kl_weight is 0, expected a number above 0 with ppo.kl_target",
        ),
    ],
)
def test_options_must_go_together(given: dict[str, Any], message: str, prompts: Path, byte_tokenizer: Any) -> None:
    options = TrainOptions("m", (Source(prompts),), **(SHORT | {"reinforcement": Reinforcement(count="a")} | given))
    with pytest.raises(InputError, match=message):
        prepare(options, Encoder(byte_tokenizer(), frozenset({1}), 128, "drop"))


def test_parts_must_be_whole_in_each_process(prompts: Path, byte_tokenizer: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    given = {**SHORT, "ppo": Ppo(minibatches=4), "micro_batch_size": 4}
    options = TrainOptions("m", (Source(prompts),), **given, reinforcement=Reinforcement(count="a"))
    with pytest.raises(InputError, match="batch_size 16 that leaves whole micro batches for each of 2 processes"):
        prepare(options, Encoder(byte_tokenizer(), frozenset({1}), 128, "drop"))


@pytest.fixture(scope="module")
def counted(tiny_model: Path, prompts: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The measures of runs that are rewarded for a letter: free to move, and at a great price in the loss."""
    folder = tmp_path_factory.mktemp("counted")
    runs = {}
    for name, price, ppo in (("free", 0.02, Ppo(minibatches=2)), ("frozen", 1000.0, Ppo(minibatches=2))):
        given = Reinforcement(count="e", max_new_tokens=8, kl_weight=price, no_end_penalty=0.0)
        options = TrainOptions(str(tiny_model), (Source(prompts),), steps=14, learning_rate=3e-3, reinforcement=given,
                               ppo=ppo, **(SHORT | {"batch_size": 64}))  # fmt: skip
        runs[name] = train(options, folder / name).card["measures"]
    return runs


def test_a_countable_reward_is_learned(counted: dict[str, Any]) -> None:
    found = counted["free"]
    assert sum(found["reward"][-2:]) > 4 * max(0.1, sum(found["reward"][:2]))
    assert found["first_ratio"] == [1.0] * 14
    assert found["kl"][0] == found["kl_answer"][0] == 0.0 and set(found["kl_weight"]) == {0.02}
    assert all(0 <= share <= 1 for share in found["clip_fraction"] + found["ended"])
    assert set(found) >= {
        "reward",
        "kl",
        "ratio",
        "clip_fraction",
        "entropy",
        "value_explained_variance",
        "length",
        "ended",
    }


def test_a_huge_price_freezes_the_policy(counted: dict[str, Any]) -> None:
    """A hundredth of a nat a token at most, exactly and at every step, while nothing else holds it."""
    frozen, free = counted["frozen"], counted["free"]
    assert max(frozen["divergence"]) < 0.01 and max(frozen["divergence"]) < 0.01 * free["kl"][-1]
    assert sum(frozen["reward"][-4:]) < 0.1 * sum(free["reward"][-4:])
    assert frozen["first_ratio"] == [1.0] * 14 and set(frozen["kl_weight"]) == {1000.0}


KILLED = """
import sys, time
from pathlib import Path
from train.options.run import Source, TrainOptions
from train.options.reinforcement import Ppo, Reinforcement
from train.training import train
model, data, old, out, tuning, shared, stop = sys.argv[1:]
options = TrainOptions(model, (Source(Path(data)),), method="ppo", tuning=tuning, steps=5, batch_size=4, threads=1,
                       learning_rate=1e-3, checkpoint_steps=1,
                       reinforcement=Reinforcement(count="a", max_new_tokens=5),
                       ppo=Ppo(epochs=2, minibatches=2, ptx=(Path(old),) * (not shared), shared=bool(shared),
                               kl_target=1e-9))
def tell(progress):
    if progress.step == int(stop):
        print("at", progress.step, flush=True)
        time.sleep(300)  # until it is killed
report = train(options, Path(out), tell)
print("resumed from", report.resumed_from)
"""


@pytest.mark.parametrize(("tuning", "shared"), [("full", ""), ("lora", "shared")])
def test_a_killed_run_ends_with_the_same_bytes(
    tuning: Any, shared: str, tiny_model: Path, prompts: Path, tmp_path: Path, started: Callable[..., Any]
) -> None:
    (tmp_path / "old.jsonl").write_text('{"text": "what was known"}\n{"text": "and more"}\n')

    given = (tiny_model, prompts, tmp_path / "old.jsonl")
    killed = started(KILLED, *given, tmp_path / "killed", tuning, shared, 4)
    assert killed.line() == "at 4\n"
    assert killed.kill() == -signal.SIGKILL
    again = started(KILLED, *given, tmp_path / "killed", tuning, shared, 0)
    options = TrainOptions(str(tiny_model), (Source(prompts),), method="ppo", tuning=tuning, steps=5, batch_size=4,
                           threads=1, learning_rate=1e-3, checkpoint_steps=1,
                           reinforcement=Reinforcement(count="a", max_new_tokens=5),
                           ppo=Ppo(epochs=2, minibatches=2, ptx=(given[2],) * (not shared), shared=bool(shared),
                                   kl_target=1e-9))  # fmt: skip
    assert train(options, tmp_path / "whole").resumed_from == 0
    assert again.code() == 0, again.read("err")
    assert (again.read("out"), again.read("err")) == ("resumed from 3\n", "")  # none of the libraries' chatter
    for name in ("model.safetensors", "run_card.json", *(["adapter/adapter_model.safetensors"] if shared else [])):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    card = json.loads((tmp_path / "whole" / "run_card.json").read_text())
    assert len(card["measures"]["reward"]) == len(card["losses"]) == 5
    prices, left = (card["measures"][name] for name in ("kl_weight", "kl_answer"))
    assert prices == [0.2, *(policy.price(*was, 1e-9, 0.2) for was in zip(prices[:-1], left[:-1], strict=True))]
    assert str(tmp_path) not in json.dumps(card)


def test_what_diverges_is_refused(tiny_model: Path, prompts: Path, tmp_path: Path) -> None:
    given = SHORT | {"batch_size": 4, "steps": 3, "learning_rate": 1e30}
    options = TrainOptions(str(tiny_model), (Source(prompts),), **given,
                           reinforcement=Reinforcement(count="a", max_new_tokens=3))  # fmt: skip
    with pytest.raises(InputError, match="a loss is not finite"):
        train(options, tmp_path / "out")
