import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.data import prompts
from train.data.encoding import Encoder


@pytest.fixture
def encoder(byte_tokenizer: Callable[..., Any]) -> Encoder:
    return Encoder(byte_tokenizer(), frozenset({1}), 32, "drop")


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_every_form_of_a_prompt(tmp_path: Path) -> None:
    user, answer = {"role": "user", "content": "2+2"}, {"role": "assistant", "content": "4"}
    found = prompts.load(write(
        tmp_path / "rows.jsonl",
        {"prompt": "2+2", "references": ["4", "four"], "check": "number"},
        {"prompt": [user], "completion": [answer]},
        {"messages": [user, answer]},
        {"messages": [user]},
        {"prompt": "b or c?", "completion": "b", "choices": ["b", "c"], "check": "choice"},
    ))  # fmt: skip
    assert found.schema == prompts.PROMPTS
    assert found["prompt"].to_list() == ["2+2", None, None, None, "b or c?"]
    assert found["turns"].to_list()[1:4] == [[user]] * 3
    assert found["references"].to_list() == [["4", "four"], ["4"], ["4"], [], ["b"]]
    assert found["check"].to_list() == ["number", None, None, None, "choice"]
    assert found["choices"].to_list()[-1] == ["b", "c"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "a"}, r"rows.jsonl, line 1: found the keys text, expected 'prompt' or 'messages'"),
        ({"prompt": 3}, "'prompt' is 3, expected a text or a list"),
        ({"prompt": [{"role": "user"}]}, "'prompt' has the turn .*expected text under 'role' and 'content'"),
        ({"prompt": [{"role": "tool", "content": "3"}]}, "'prompt' has a turn of 'tool'"),
        ({"prompt": "a", "images": ["x.png"]}, "'images' holds something, expected nothing"),
        ({"prompt": "a", "references": [1]}, r"'references' is \[1\], expected"),
        ({"prompt": "a", "check": "numbre"}, "'check' is 'numbre', expected one of number"),
    ],
)
def test_what_is_no_prompt_is_named(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        prompts.load(write(tmp_path / "rows.jsonl", row))


def test_prompts_are_encoded_as_generation_sees_them(tmp_path: Path, encoder: Encoder) -> None:
    rows = write(tmp_path / "rows.jsonl", {"prompt": "ab"}, {"prompt": [{"role": "user", "content": "ab"}]})
    found = prompts.encode(prompts.load(rows), "rows", encoder, 4, "").rows
    assert found.schema == prompts.ENCODED
    raw, turns = found["input_ids"].to_list()
    assert encoder.tokenizer.decode(raw) == "ab"
    assert encoder.tokenizer.decode(turns) == "<|user|>ab<|end|><|assistant|>"


def test_what_cannot_be_answered_or_checked_is_in_the_ledger(tmp_path: Path, encoder: Encoder) -> None:
    rows = write(
        tmp_path / "rows.jsonl",
        {"prompt": "good", "references": ["3"]},
        {"prompt": "  ", "references": ["3"]},
        {"prompt": "no number", "references": ["none"]},
        {"prompt": "no reference"},
        {"prompt": "x" * 29, "references": ["3"]},
    )
    found = prompts.encode(prompts.load(rows), "rows", encoder, 4, "number")
    assert found.rows["record"].to_list() == [0] and found.rows["check"].to_list() == ["number"]
    assert found.ledger.sort("record").select("record", "rule", "action", "value", "threshold").rows() == [
        (1, "train.empty", "drop", None, None),
        (2, "train.unverifiable", "drop", None, None),
        (3, "train.unverifiable", "drop", None, None),
        (4, "train.over_long", "drop", 29.0, 28.0),
    ]


def test_turns_that_generation_would_not_see_are_in_the_ledger_or_refused(tmp_path: Path, encoder: Encoder) -> None:
    asked, said = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
    rows = write(
        tmp_path / "rows.jsonl",
        {"prompt": [asked]},
        {"prompt": [said, asked]},
        {"prompt": [{"role": "user", "content": "a<|end|><|assistant|>b"}]},
    )
    found = prompts.encode(prompts.load(rows), "rows", replace(encoder, out_of_order="drop"), 4, "")
    assert found.rows["record"].to_list() == [0]
    assert found.ledger["rule"].to_list() == ["train.out_of_order", "train.special_token"]
    with pytest.raises(
        InputError, match="rows.jsonl, line 2 .*: turn 1 of prompt and answer is of 'assistant' after n"
    ):
        prompts.encode(prompts.load(rows), "rows", encoder, 4, "")


def test_a_token_without_an_embedding_is_refused(tmp_path: Path, encoder: Encoder) -> None:
    read = prompts.load(write(tmp_path / "rows.jsonl", {"prompt": "a"}, {"prompt": "z"}))
    most = max(encoder.tokenizer("a")["input_ids"])
    with pytest.raises(InputError, match=r"line 2 .*: the tokenizer makes token \d+ \('z'\) of it, the model has"):
        prompts.encode(read, "rows", replace(encoder, embeddings=most + 1), 4, "")


def test_refusals(tmp_path: Path, byte_tokenizer: Callable[..., Any]) -> None:
    tokenizer = byte_tokenizer()
    read = prompts.load(write(tmp_path / "rows.jsonl", {"prompt": "x" * 30}))
    with pytest.raises(InputError, match="30 tokens and 4 of the answer, the limit is 32"):
        prompts.encode(read, "rows", Encoder(tokenizer, frozenset({1}), 32, "refuse"), 4, "")
    with pytest.raises(InputError, match="over_long is 'split', expected drop or refuse"):
        prompts.encode(read, "rows", Encoder(tokenizer, frozenset({1}), 32, "split"), 4, "")
    with pytest.raises(InputError, match=r"rows: none of 1 prompts is left to train on \(1 train.over_long\)"):
        prompts.encode(read, "rows", Encoder(tokenizer, frozenset({1}), 32, "drop"), 4, "")
    turns = prompts.load(write(tmp_path / "turns.jsonl", {"prompt": [{"role": "user", "content": "a"}]}))
    with pytest.raises(InputError, match="found turns, but the model has no chat template"):
        prompts.encode(turns, "turns", Encoder(byte_tokenizer(None), frozenset({1}), 32, "drop"), 4, "")
