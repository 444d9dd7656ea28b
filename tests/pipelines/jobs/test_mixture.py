"""Sources of a train step: rows of some tiers, and documents after the questions about them."""

import json
from pathlib import Path

import polars as pl
import pytest

from curation.errors import InputError
from pipelines.jobs.mixture import Reading, made
from train.data import rows as data


def lines(path: Path, *rows: dict) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def question(number: int, **more: object) -> dict:
    return {"prompt": f"Question {number}?", "completion": f"answer {number}", **more}


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    return lines(tmp_path / "docs.jsonl", *({"text": f"Document {n}.", "page": n} for n in range(12)))


def test_a_source_without_wishes_is_read_as_it_is(tmp_path):
    path, left = made(Reading(tmp_path / "x.jsonl", "x", 1.0), tmp_path / "out.parquet", 1)
    assert path == tmp_path / "x.jsonl" and left.is_empty()
    assert not (tmp_path / "out.parquet").exists()


def test_only_rows_of_the_tiers_are_taken_and_the_others_are_in_the_ledger(tmp_path):
    tiers = ["new_knowledge", "gold_fallback", "new_knowledge", "verified_self"]
    rows = lines(tmp_path / "r.jsonl", *(question(n, tier=tier, parents=[]) for n, tier in enumerate(tiers)))
    path, left = made(Reading(rows, "r", 1.0, ("new_knowledge",)), tmp_path / "out.parquet", 1)
    assert left.select("file", "record", "rule", "action", "detail").rows() == [
        ("r.jsonl", 1, "train.tier", "drop", "gold_fallback"), ("r.jsonl", 3, "train.tier", "drop", "verified_self"),
    ]  # fmt: skip
    assert data.load(path)["prompt"].to_list() == ["Question 0?", "Question 2?"]
    both, left = made(Reading(rows, "r", 1.0, ("verified_self", "gold_fallback")), tmp_path / "out.parquet", 1)
    assert left.height == 2 and data.load(both)["prompt"].to_list() == ["Question 1?", "Question 3?"]
    with pytest.raises(InputError, match="r: no row of the tier verified_rewrite, found gold_fallback, new_knowledge"):
        made(Reading(rows, "r", 1.0, ("verified_rewrite",)), tmp_path / "out.parquet", 1)


def test_every_document_comes_right_after_its_questions_in_an_order_of_the_seed(tmp_path, documents):
    rows = lines(tmp_path / "q.jsonl", *(question(n, page=n % 12) for n in range(30)))
    reading = Reading(rows, "q", 1.0, documents=documents, key="page")
    path, _ = made(reading, tmp_path / "out.parquet", 1)
    read = data.load(path)
    order, asked = [], []
    for row in read.iter_rows(named=True):
        if row["text"] is None:
            asked.append(int(row["prompt"].split()[1][:-1]))
            continue
        page = int(row["text"].split()[1][:-1])
        assert sorted(asked) == [n for n in range(30) if n % 12 == page]
        order.append(page)
        asked = []
    assert sorted(order) == list(range(12)) and order != sorted(order) and read.height == 42
    before = path.read_bytes()
    assert made(reading, tmp_path / "again.parquet", 1)[0].read_bytes() == before
    assert made(reading, tmp_path / "other.parquet", 2)[0].read_bytes() != before


def test_rows_that_a_model_made_know_their_documents(tmp_path, documents):
    from synth.synthesize import documents as loading

    ids = loading.load([documents]).rows["doc_id"].to_list()
    turns = {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]}
    pl.DataFrame([{**turns, "parents": [ids[3]]}]).write_parquet(tmp_path / "q.parquet")
    path, _ = made(Reading(tmp_path / "q.parquet", "q", 1.0, documents=documents), tmp_path / "out.parquet", 1)
    texts = data.load(path)["text"].to_list()
    assert texts[texts.index(None) + 1] == "Document 3."


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (question(1, page=99), "line 2: its 'page' is 99, expected a document of docs.jsonl"),
        ({"prompt": "q", "page": 1}, "line 2: found the keys prompt, page, expected a prompt and a completion"),
    ],
)
def test_a_row_without_document_or_answer_is_named(row, said, tmp_path, documents):
    rows = lines(tmp_path / "q.jsonl", question(0, page=0), row)
    with pytest.raises(InputError, match=said):
        made(Reading(rows, "q", 1.0, documents=documents, key="page"), tmp_path / "out.parquet", 1)
