"""Bad input of `keepwise train` is one sentence and exit code 2, and leaves no model."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines import cli
from pipelines.demo import make_seed_model

SEED_MODEL = Path(make_seed_model.__file__).parent / "seed_model"
GOOD = {"messages": [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Good morning."}]}


def in_this_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """In place of a process of its own, which reads the libraries anew for each test."""
    return function(*arguments)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    monkeypatch.setattr("pipelines.jobs.train.call", in_this_process)

    def said(model: Path, rows: str, *settings: str) -> str:
        (tmp_path / "rows.jsonl").write_text(rows)
        chosen = [word for setting in ("steps=1", "threads=1", *settings) for word in ("--set", setting)]
        with pytest.raises(SystemExit) as ended:
            cli.main(["train", "--model", str(model), "--data", str(tmp_path / "rows.jsonl"), "--out",
                      str(tmp_path / "run"), *chosen])  # fmt: skip
        assert ended.value.code == 2
        sentences = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error: ")]
        assert len(sentences) == 1
        assert not list((tmp_path / "run").rglob("*.safetensors"))
        return sentences[0]

    return said


def rows(*found: Any) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in found)


@pytest.mark.parametrize(
    ("content", "settings", "said"),
    [
        (rows(GOOD, '{"messages": '), (), "rows.jsonl, line 2: found broken JSON"),
        (rows({"messages": GOOD["messages"][::-1]}), ("out_of_order=refuse",), "turn 1 is of 'assistant' after"),
        (rows({"conversations": [{"from": "observation", "value": "x"}]}), (), "has a turn of 'observation'"),
        (rows({"prompt": "a", "completion": ""}), (), "none of 1 rows is left to train on (1 train.empty;"),
        (rows({"instruction": "a", "output": "b", "history": [["c", "d"]]}), (), "line 1: 'history' has turns"),
        (rows(GOOD), ("method=unlearn", "unlearning.loss=gradient_difference"), "unlearning.retain"),
    ],
)  # fmt: skip
def test_rows(refused: Callable[..., str], content: str, settings: tuple[str, ...], said: str) -> None:
    assert said in refused(SEED_MODEL, content, *settings)


def spoiled(model: Path) -> None:
    tensors = load_file(model / "model.safetensors")
    tensors["model.norm.weight"][0] = torch.nan
    save_file(tensors, model / "model.safetensors", {"format": "pt"})


def cut_off(model: Path) -> None:
    (model / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes()[:-10])


def endless(model: Path) -> None:
    (model / "chat_template.jinja").write_text("{% for turn in messages %}{{ turn['content'] }}{% endfor %}")


def larger(model: Path) -> None:
    found = json.loads((model / "tokenizer.json").read_text())
    token = {**found["added_tokens"][-1], "id": 1478, "content": "morning", "special": False}
    (model / "tokenizer.json").write_text(json.dumps({**found, "added_tokens": [*found["added_tokens"], token]}))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (spoiled, "model.norm.weight has 1 of 128 values that are NaN or infinite"),
        (cut_off, "model.safetensors: found damaged or cut off weights"),
        (endless, "without an end token, so that the model would never learn to stop"),
        (larger, "makes token 1478 ('morning') of it, the model has embeddings for 1478 tokens"),
    ],
)
def test_models(refused: Callable[..., str], tmp_path: Path, damage: Callable[[Path], None], said: str) -> None:
    shutil.copytree(SEED_MODEL, tmp_path / "model")
    damage(tmp_path / "model")
    assert said in refused(tmp_path / "model", rows(GOOD))
