"""What a run refuses, in one sentence and with nothing left behind, and what it counts."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from curation.errors import InputError
from train.data.encoding import IGNORED
from train.methods import setup
from train.options.run import Source, TrainOptions
from train.training import train

WORDS = ["ab", "cd", "ef", "gh", "안녕", "a longer word", "x"]


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def turns(*roles: str) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": "word"} for role in roles]}


GOOD = turns("user", "assistant")
ROWS = {
    "two of the user": ([GOOD, turns("user", "user", "assistant")], "line 2 .*: turn 2 is of 'user' after user"),
    "assistant first": ([turns("assistant")], "line 1 .*: turn 1 is of 'assistant' after nothing"),
    "system in the middle": ([turns("user", "assistant", "system", "user", "assistant")], "turn 3 is of 'system'"),
    "a tool": ([GOOD, turns("user", "tool", "assistant")], "rows.jsonl, line 2: 'messages' has a turn of 'tool'"),
    "empty completions": ([{"prompt": "a", "completion": ""}, {"prompt": "b", "completion": " "}],
                          r"none of 2 rows is left to train on \(2 train.empty; the limit is 256 tokens\)"),
    "half a line": ([GOOD, '{"messages": ['], "rows.jsonl, line 2: found broken JSON"),
    "unknown columns": ([{"question": "a", "answer": "b"}], "found columns question, answer, expected a column 'text'"),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS)
def test_rows_that_cannot_be_trained_on(tiny_model: Path, tmp_path: Path, case: str) -> None:
    rows, message = ROWS[case]
    path = lines(tmp_path / "rows.jsonl", *rows)
    with pytest.raises(InputError, match=message) as error:
        train(TrainOptions(str(tiny_model), (Source(path),), steps=1, threads=1), tmp_path / "out")
    assert "\n" not in str(error.value)
    assert [file.name for file in tmp_path.iterdir()] == ["rows.jsonl"]


def endless(model: Path) -> None:
    (model / "chat_template.jinja").write_text("{% for turn in messages %}{{ turn['content'] }}{% endfor %}")


def larger_vocabulary(model: Path) -> None:
    for name in ("tokenizer.json",):
        found = json.loads((model / name).read_text())
        token = {**found["added_tokens"][-1], "id": 261, "content": "word", "special": False}
        (model / name).write_text(json.dumps({**found, "added_tokens": [*found["added_tokens"], token]}))


def spoiled(value: float) -> Callable[[Path], None]:
    def spoil(model: Path) -> None:
        tensors = load_file(model / "model.safetensors")
        tensors["model.norm.weight"][3] = value
        save_file(tensors, model / "model.safetensors", {"format": "pt"})

    return spoil


def cut_off(model: Path) -> None:
    (model / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes()[:9000])


def adapter(model: Path) -> None:
    (model / "config.json").unlink()
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "some/base"}')


def halved(name: str) -> Callable[[Path], None]:
    return lambda model: (model / name).write_bytes((model / name).read_bytes()[:300]) and None


def of_another_kind(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    (model / "config.json").write_text(json.dumps({**config, **own}))
    (model / "own.py").write_text(f"open({str(model / 'run')!r}, 'w')")


def pickled(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")


def in_parts(model: Path) -> None:
    (model / "model.safetensors").rename(model / "model-00001-of-00001.safetensors")


MODELS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no end token": (endless, "writes 'word' without an end token, so that the model would never learn to stop"),
    "a larger vocabulary": (
        larger_vocabulary,
        r"makes token 261 \('word'\) of it, the model has embeddings for 261 tokens",
    ),
    "NaN": (spoiled(float("nan")), "model.norm.weight has 1 of 64 values that are NaN or infinite"),
    "infinite": (spoiled(float("inf")), "model.norm.weight has 1 of 64 values that are NaN or infinite"),
    "cut off": (cut_off, "model.safetensors: found damaged or cut off weights"),
    "half a tokenizer": (halved("tokenizer.json"), "tokenizer.json: found broken JSON .*, expected an object"),
    "half its settings": (halved("config.json"), "config.json: found broken JSON .*, expected an object"),
    "code of its own": (of_another_kind, "config.json: .*; code that comes with a model is never run"),
    "pickles": (pickled, "found pickled weights only, expected safetensors"),
    "parts without an index": (in_parts, "found parts of weights .* without model.safetensors.index.json"),
    "an adapter": (adapter, "found an adapter of some/base, expected a model folder"),
}


@pytest.mark.parametrize("case", MODELS)
def test_models_that_cannot_be_trained(tiny_model: Path, tmp_path: Path, case: str) -> None:
    damage, message = MODELS[case]
    shutil.copytree(tiny_model, tmp_path / "model")
    damage(tmp_path / "model")
    path = lines(tmp_path / "rows.jsonl", GOOD)
    with pytest.raises(InputError, match=message) as error:
        train(TrainOptions(str(tmp_path / "model"), (Source(path),), steps=1, threads=1), tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists() and not (tmp_path / "model" / "run").exists()


def test_a_checkpoint_that_is_half_written_gives_way_to_the_one_before(tiny_model: Path, tmp_path: Path) -> None:
    rows = [{"prompt": word, "completion": word.upper()} for word in WORDS]
    options = TrainOptions(str(tiny_model), (Source(lines(tmp_path / "rows.jsonl", *rows)),), tuning="full", steps=6,
                           batch_size=3, checkpoint_steps=2, threads=1)  # fmt: skip
    whole = train(options, tmp_path / "whole")

    class Killed(Exception):
        pass

    def tell(progress: setup.Progress) -> None:
        if progress.step == 5:
            raise Killed

    with pytest.raises(Killed):
        train(options, tmp_path / "again", tell)
    (newest,) = tmp_path.rglob("checkpoint-4")
    (newest / "optimizer.pt").write_bytes((newest / "optimizer.pt").read_bytes()[:1000])
    again = train(options, tmp_path / "again")
    assert again.resumed_from == 2
    assert (again.folder / "model.safetensors").read_bytes() == (whole.folder / "model.safetensors").read_bytes()
    assert not list(tmp_path.rglob("checkpoint-*"))


@pytest.mark.parametrize(
    ("method", "settings"), [("sft", {}), ("sft", {"micro_batch_size": 2}), ("cpt", {"max_tokens": 40})]
)
def test_the_trainer_sees_what_the_card_counts(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Any, settings: dict[str, Any]
) -> None:
    """Tokens, tokens in the loss, end tokens and shares, counted in the batches that go through the model."""
    if method == "cpt":
        sources = {
            "a.jsonl": [{"text": f"about {word}"} for word in WORDS],
            "b.jsonl": [{"text": word * 3} for word in WORDS],
        }
    else:
        sources = {"a.jsonl": [{"prompt": f"say {word}:", "completion": word} for word in WORDS],
                   "b.jsonl": [{"text": word * 9} for word in WORDS]}  # fmt: skip
    data = tuple(Source(lines(tmp_path / name, *rows), 0.5) for name, rows in sources.items())
    options = TrainOptions(str(tiny_model), data, method=method, tuning="full", steps=12, batch_size=4, threads=1,
                           **settings)  # fmt: skip
    batches: list[list[tuple[list[int], list[int]]]] = []
    run = setup.run

    def watched(trainer: Any, *arguments: Any) -> Any:
        step = trainer.training_step

        def seen(model: Any, inputs: dict[str, torch.Tensor], *rest: Any) -> Any:
            mask = inputs.get("attention_mask", torch.ones_like(inputs["input_ids"])).bool()
            rows = zip(inputs["input_ids"], inputs["labels"], mask, strict=True)
            batches.append([(ids[kept].tolist(), labels[kept].tolist()) for ids, labels, kept in rows])
            return step(model, inputs, *rest)

        trainer.training_step = seen
        return run(trainer, *arguments)

    monkeypatch.setattr(setup, "run", watched)
    card = train(options, tmp_path / "out").card
    seen, first_run = card["sources"], [row for batch in batches for row in batch]
    assert sum(len(ids) for ids, _ in first_run) == card["tokens"] == sum(one["tokens"] for one in seen.values())
    # In packed rows the trainer takes the first token of a document out of the loss, which nothing predicts.
    lost = 0 if method == "sft" else sum(ids.count(1) for ids, _ in first_run)
    in_loss = [label for _, labels in first_run for label in labels if label != IGNORED]
    assert len(in_loss) == sum(one["loss_tokens"] for one in seen.values()) - lost
    ends = sum(ids.count(1) for ids, _ in first_run)
    assert in_loss.count(1) == ends >= sum(one["rows"] for one in seen.values())
    assert all(labels[-1] == 1 for _, labels in first_run)
    longest = max(len(ids) for ids, _ in first_run)
    assert abs(seen["a.jsonl"]["tokens"] - seen["b.jsonl"]["tokens"]) <= longest
    batches.clear()
    train(options, tmp_path / "again")
    assert [row for batch in batches for row in batch] == first_run
