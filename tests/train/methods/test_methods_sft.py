import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.data.encoding import IGNORED, Encoder
from train.methods.sft import prepare
from train.options.run import Source, TrainOptions


@pytest.fixture
def encoder(byte_tokenizer: Callable[..., Any]) -> Encoder:
    return Encoder(byte_tokenizer(), frozenset({1}), 32, "split")


def write(path: Path, *rows: dict) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_come_as_the_trainer_reads_them_in_whole_steps(tmp_path: Path, encoder: Encoder) -> None:
    path = write(tmp_path / "rows.jsonl", {"prompt": "ab", "completion": "c"}, {"prompt": "d", "completion": "efg"})
    prepared = prepare(TrainOptions(model="m", data=(Source(path),), steps=3, batch_size=4), encoder)
    assert prepared.dataset.column_names == ["input_ids", "labels"]
    assert (len(prepared.dataset), prepared.steps) == (12, 3)
    assert [len(row["input_ids"]) for row in prepared.dataset] == prepared.tokens.tolist()
    for row in prepared.dataset:
        assert row["labels"][-1] == 1 and row["labels"][0] == IGNORED
    assert prepared.sources["rows.jsonl"]["tokens"] == 6 * (4 + 5)
    assert prepared.sources["rows.jsonl"]["loss_tokens"] == 6 * (2 + 4)


def test_without_steps_an_epoch_sees_every_row_once(tmp_path: Path, encoder: Encoder) -> None:
    first = write(tmp_path / "a.jsonl", *({"text": "a" * n} for n in range(1, 8)))
    second = write(tmp_path / "b.jsonl", {"text": "b"}, {"text": "bb"})
    prepared = prepare(TrainOptions(model="m", data=(Source(first), Source(second)), batch_size=4), encoder)
    assert (len(prepared.dataset), prepared.steps) == (9, 3)
    assert len({tuple(row["input_ids"]) for row in prepared.dataset}) == 9


def test_packing_keeps_every_token_and_marks_the_borders(tmp_path: Path, encoder: Encoder) -> None:
    path = write(tmp_path / "t.jsonl", *({"text": chr(97 + n) * (n * 3 + 1)} for n in range(20)))
    prepared = prepare(TrainOptions(model="m", data=(Source(path),), method="cpt", batch_size=2), encoder)
    rows = list(prepared.dataset)
    assert all(sum(row["seq_lengths"]) == len(row["input_ids"]) <= 32 for row in rows)
    assert sorted(token for row in rows for token in row["input_ids"]) == sorted(
        token for n in range(20) for token in encoder.tokenizer(chr(97 + n) * (n * 3 + 1))["input_ids"] + [1]
    )
    assert len(rows) < 25  # 20 texts of 30 tokens and more in 18 packed rows or a few more
    assert prepared.ledger["action"].to_list() == ["split"] * 9


def test_the_fingerprint_is_of_the_content_whatever_its_order(tmp_path: Path, encoder: Encoder) -> None:
    rows = [{"text": f"text {n}"} for n in range(9)]
    found = []
    for name, order in (("a", rows), ("b", rows[::-1]), ("c", [*rows[:-1], {"text": "other"}])):
        (tmp_path / name).mkdir()
        source = Source(write(tmp_path / name / "rows.jsonl", *order))
        prepared = prepare(TrainOptions(model="m", data=(source,), steps=2, batch_size=9), encoder)
        found.append((prepared.sources["rows.jsonl"]["fingerprint"], [row["input_ids"] for row in prepared.dataset]))
    assert found[0] == found[1]
    assert found[0][0] != found[2][0]


def test_what_cannot_be_mixed_is_refused(tmp_path: Path, encoder: Encoder) -> None:
    pairs = write(tmp_path / "rows.jsonl", {"prompt": "ab", "completion": "c"})
    with pytest.raises(InputError, match="found columns prompt, completion, expected a column 'text'"):
        prepare(TrainOptions(model="m", data=(Source(pairs),), method="cpt"), encoder)
    with pytest.raises(InputError, match="sources are called rows.jsonl, rows.jsonl, expected different names"):
        prepare(TrainOptions(model="m", data=(Source(pairs), Source(pairs))), encoder)


def test_an_ordered_source_is_trained_on_as_it_stands(tmp_path: Path, encoder: Encoder) -> None:
    texts = [f"text number {n}" for n in range(16)]
    path = write(tmp_path / "a.jsonl", *({"text": text} for text in texts))
    prepared = prepare(TrainOptions("m", (Source(path, ordered=True),), batch_size=4), encoder)
    assert [ids[:-1] for ids in prepared.dataset["input_ids"]] == encoder.tokenizer(texts)["input_ids"]
