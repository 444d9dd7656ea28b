import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from curation import tables
from curation.errors import InputError
from train.evaluation.drift import Said, measure, said_by
from train.evaluation.tasks import Task
from train.options.run import Source, TrainOptions
from train.training import train

ASK = (("user", "say ab"),)
SAID = [
    Said(ASK, "AB ab.", True, "a"),
    Said((("user", "hello"),), "hi", False, "b"),
    Said("raw text", " more", True, "c"),
]


@pytest.fixture(scope="module")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The tiny model after a few and after more steps on one row."""
    folder = tmp_path_factory.mktemp("drift")
    row = {"prompt": [{"role": "user", "content": "say ab"}], "completion": [{"role": "assistant", "content": "xyz"}]}
    (folder / "rows.jsonl").write_text(json.dumps(row))

    def make(steps: int) -> Path:
        options = TrainOptions(model=str(tiny_model), data=(Source(folder / "rows.jsonl"),), tuning="full", steps=steps,
                               batch_size=2, learning_rate=2e-3, threads=1)  # fmt: skip
        return train(options, folder / str(steps)).folder

    return {steps: make(steps) for steps in (1, 30)}


def test_a_model_is_where_it_was_and_moves_with_training(tiny_model: Path, trained: dict[int, Path]) -> None:
    still = measure(tiny_model, tiny_model, SAID)
    assert (still.forward, still.reverse, still.low, still.high) == (0.0, 0.0, 0.0, 0.0)
    assert (still.answers, still.tokens) == (3, 7 + 2 + 6)  # a token a byte, and the end token where it ended
    near, far = (measure(tiny_model, trained[steps], SAID) for steps in (1, 30))
    assert 0 < near.forward < far.forward / 2
    assert far.low <= far.forward <= far.high  # type: ignore[operator]
    assert far.reverse is not None and far.reverse > 0


@torch.inference_mode()
def test_it_is_the_divergence_of_the_definition(tiny_model: Path, trained: dict[int, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    ids = tokenizer("<|user|>say ab<|end|><|assistant|>AB ab.<|end|>", return_tensors="pt")["input_ids"]
    p, q = (AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(ids).logits[0, -8:-1].softmax(-1).double()
            for folder in (tiny_model, trained[30]))  # fmt: skip
    found = measure(tiny_model, trained[30], SAID[:1])
    assert found.tokens == 7 and found.low is None  # one source: nothing to draw from
    assert found.forward == pytest.approx(float((p * (p / q).log()).sum() / 7), rel=1e-4)
    assert found.reverse == pytest.approx(float((q * (q / p).log()).sum() / 7), rel=1e-4)


def test_a_longer_vocabulary_has_no_reverse_and_another_one_is_refused(
    tiny_model: Path, make_model: Any, tmp_path: Path
) -> None:
    wider = make_model(tmp_path / "wider")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(wider), AutoTokenizer.from_pretrained(wider)
    tokenizer.add_tokens(["newword"])
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.save_pretrained(wider)
    tokenizer.save_pretrained(wider)
    found = measure(tiny_model, wider, SAID)
    assert found.reverse is None and 0 < found.forward < 0.2  # the mass that the new token has taken
    with pytest.raises(InputError, match="token 'newword' of the base is another one here"):
        measure(wider, tiny_model, SAID)


def test_what_the_seed_said_comes_from_its_evaluation() -> None:
    items = [Task(str(n), task, "contains", (("user", f"{task} {n}"),), ("x",)) for task in "abn" for n in range(4)]
    items.append(Task("c", "a", "choice", "p", ("x",), ("x",)))
    rows = [{"model": "m", "stage": "", "seed": 0, "task": item.task, "item": item.id, "source": item.id,
             "metric": item.metric, "score": 1.0, "prediction": "" if item.id == "0" else f"said {item.id}",
             "finish_reason": "length" if item.id == "1" else "stop"} for item in items]  # fmt: skip
    table = pl.DataFrame(rows, schema=tables.EVALUATION)
    found = said_by(table, items, ["n"], 4)
    assert [one.prompt[0][1][0] for one in found] == ["a", "b", "a", "b"]
    assert all(one.ended == (one.answer != "said 1") for one in said_by(table, items, ["n"], 99))
    assert len(said_by(table, items, ["n"], 99)) == 6
    assert found == said_by(table.sample(fraction=1, shuffle=True, seed=1), items, ["n"], 4)
    with pytest.raises(InputError, match="no answer to an old prompt"):
        said_by(table, items, ["a", "b", "n"], 4)
