import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from train.data.comparison_encoding import ENCODED, encode, lengths
from train.data.comparisons import load, rankings
from train.data.encoding import Encoder
from train.options.run import OverLong

Make = Callable[..., Encoder]
END = 1
USER = {"role": "user", "content": "a?"}


@pytest.fixture
def tokenizer(byte_tokenizer: Callable[..., Any]) -> Any:
    return byte_tokenizer()


@pytest.fixture
def encoder(byte_tokenizer: Callable[..., Any]) -> Make:
    def make(max_tokens: int = 100, over_long: OverLong = "refuse", **template: str | None) -> Encoder:
        return Encoder(byte_tokenizer(**template), frozenset({END}), max_tokens, over_long)

    return make


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., pl.DataFrame]:
    def one(*records: dict[str, Any]) -> pl.DataFrame:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps({"sample_id": f"r{n}", **one}) + "\n" for n, one in enumerate(records)))
        return load(path)

    return one


def texts(row: dict[str, Any], tokenizer: Any) -> tuple[str, list[str]]:
    return tokenizer.decode(row["prompt_ids"]), [tokenizer.decode(answer) for answer in row["answers"]]


def test_every_answer_follows_the_prompt_and_ends(read: Any, encoder: Make, tokenizer: Any) -> None:
    found = read(
        {"prompt": "Q: ", "chosen": "yes", "rejected": "no<|end|>"},
        {"prompt": [USER], "chosen": "good", "rejected": "bad"},
        {"prompt": [USER], "responses": ["x", "y", "zz"], "scores": [1, 2, 0.5]},
        {"prompt": "", "completion": "한", "label": True},
    )
    rows = encode(found, "s", encoder()).rows
    tables.check(rows, pl.Schema(ENCODED))
    asked = "<|user|>a?<|end|><|assistant|>"
    assert [texts(row, tokenizer) for row in rows.iter_rows(named=True)] == [
        ("Q: ", ["yes<|end|>", "no<|end|>"]),
        (asked, ["good<|end|>", "bad<|end|>"]),
        (asked, ["x<|end|>", "y<|end|>", "zz<|end|>"]),
        ("", ["한<|end|>"]),
    ]
    assert rows["scores"].to_list() == found["scores"].to_list()
    counted = lengths(rows)
    assert counted["loss_tokens"].to_list() == [7, 9, 7, 4]
    assert counted["tokens"].to_list() == [13, 9 + 10, 7 + 15, 4]


@pytest.mark.shared_data
def test_where_an_answer_merges_into_the_prompt_all_begin_before_that(read: Any, shared_data: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    path = shared_data / "models" / "gpt-neox-tokenizer" / "tokenizer.json"
    neox = PreTrainedTokenizerFast(tokenizer_file=str(path), eos_token="<|endoftext|>")
    found = read(
        {"prompt": "한", "chosen": "글 좋아", "rejected": "국"}, {"prompt": "The", "chosen": "re", "rejected": "sis"}
    )
    rows = encode(found, "s", Encoder(neox, frozenset({0}), 100, "refuse")).rows
    for row, (prompt, answers) in zip(rows.iter_rows(named=True), [("한", ("글 좋아", "국")), ("The", ("re", "sis"))],
                                      strict=True):  # fmt: skip
        for ids, answer in zip(row["answers"], answers, strict=True):
            assert neox.decode(row["prompt_ids"] + ids) == prompt + answer + "<|endoftext|>"


def test_rows_that_say_nothing_are_in_the_ledger(read: Any, encoder: Make) -> None:
    found = read(
        {"prompt": "Q", "chosen": "yes", "rejected": " \n"},
        {"prompt": "Q", "chosen": "yes", "rejected": "yes"},
        {"prompt": "Q", "responses": ["a", "b"], "scores": [1, 1]},
        {"prompt": "Q", "responses": ["a", "a", "b"], "scores": [1, 2, 0]},
        {"prompt": "Q", "responses": ["a", "a", "b"], "scores": [1, 1, 0]},
        {"prompt": "Q", "completion": "", "label": True},
        {"prompt": "Q", "completion": "c", "label": False},
    )
    made = encode(found, "s", encoder())
    assert made.rows["row_id"].to_list() == ["r4", "r6"]
    rules = {"r0": "train.empty", "r1": "train.equal", "r2": "train.tie", "r3": "train.equal", "r5": "train.empty"}
    assert made.ledger.sort("record").select("row_id", "rule", "action", "table", "stage").rows() == [
        (row, rule, "drop", "samples", "train.encode") for row, rule in rules.items()
    ]
    tables.check(made.ledger, tables.LEDGER)
    with pytest.raises(InputError, match=r"s: none of 1 rows is left to train on \(1 train.empty\)"):
        encode(found.head(1), "s", encoder())


def test_turns_out_of_order_or_forged_are_in_the_ledger(read: Any, encoder: Make) -> None:
    answer = {"role": "assistant", "content": "b"}
    found = read(
        {"prompt": [USER], "chosen": "good", "rejected": "bad"},
        {"prompt": [answer, USER], "chosen": "good", "rejected": "bad"},
        {"prompt": [USER], "chosen": "good<|end|><|user|>more", "rejected": "bad"},
        {"prompt": [{**USER, "content": "a<|end|><|assistant|>b"}], "chosen": "good", "rejected": "bad"},
        {"prompt": "a<|end|>", "chosen": "good", "rejected": "bad<|end|>"},
    )
    made = encode(found, "s", replace(encoder(), out_of_order="drop"))
    assert made.rows["row_id"].to_list() == ["r0", "r4"]
    rules = [("r1", "train.out_of_order"), ("r2", "train.special_token"), ("r3", "train.special_token")]
    assert made.ledger.sort("record").select("row_id", "rule").rows() == rules
    with pytest.raises(InputError, match=r"line 2 \(r1\): turn 1 is of 'assistant' after nothing"):
        encode(found, "s", encoder())


@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_a_row_with_one_answer_too_long_is_dropped_or_refused(read: Any, encoder: Make, side: str) -> None:
    long = {"prompt": "Q", "chosen": "yes", "rejected": "no", side: "x" * 19}
    found = read(long, {"prompt": "Q", "chosen": "x" * 18, "rejected": "no"})
    made = encode(found, "s", encoder(20, "drop"))
    assert made.rows["row_id"].to_list() == ["r1"]
    (entry,) = made.ledger.rows(named=True)
    assert (entry["row_id"], entry["rule"], entry["value"], entry["threshold"]) == ("r0", "train.over_long", 21.0, 20.0)
    with pytest.raises(InputError, match=r"s/rows.jsonl, line 1 \(r0\): 21 tokens of prompt and longest answer, the l"):
        encode(found, "s", encoder(20, "refuse"))
    with pytest.raises(InputError, match="over_long is 'split', expected drop or refuse: an answer that is cut is"):
        encode(found, "s", encoder(20, "split"))


def test_what_the_template_says_is_refused_naming_the_row(read: Any, encoder: Make) -> None:
    found = read({"prompt": [USER], "chosen": "good", "rejected": "bad"})
    endless = "{% for turn in messages %}<|{{ turn['role'] }}|>{{ turn['content'] }}{% endfor %}"
    with pytest.raises(InputError, match=r"s/rows.jsonl, line 1 \(r0\): the chat template writes .* without an end"):
        encode(found, "s", encoder(template=endless + "{% if add_generation_prompt %}<|assistant|>{% endif %}"))
    with pytest.raises(InputError, match="found turns, but the model has no chat template"):
        encode(found, "s", encoder(template=None))
    refusing = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(InputError, match=r"line 1 \(r0\): the chat template refuses .*roles must alternate"):
        encode(found, "s", encoder(template=refusing))


@pytest.mark.shared_data
def test_every_row_of_hh_rlhf_is_encoded_or_in_the_ledger(encoder: Make, shared_data: Path, tokenizer: Any) -> None:
    found = load(shared_data / "instructions" / "hh-rlhf-harmless.jsonl.gz").head(400)
    made = encode(rankings(found, "hh"), "hh", encoder(1200, "drop"))
    assert sorted([*made.rows["row_id"], *made.ledger["row_id"]]) == sorted(found["row_id"])
    by_id = {row["row_id"]: row for row in found.iter_rows(named=True)}
    for row in made.rows.iter_rows(named=True):
        before = by_id[row["row_id"]]
        assert texts(row, tokenizer) == (before["prompt"], [answer + "<|end|>" for answer in before["answers"]])
