import pickle
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tokenizers

from curation import tokens
from curation.errors import InputError

SEED_MODEL = Path(__file__).resolve().parents[2] / "pipelines" / "demo" / "seed_model"
TEXTS = ["A short text.", "", "한국어로 쓴 글, 😀 그림.", "two\n\nlines "]


def _documents() -> pl.DataFrame:
    return pl.DataFrame({"doc_id": list("abcd"), "source": ["x", "y", "x", "y"], "text": TEXTS})


def test_counts_are_those_of_the_library():
    tokenizer = tokens.load(SEED_MODEL)
    library = tokenizers.Tokenizer.from_file(str(SEED_MODEL / "tokenizer.json"))
    expected = [len(library.encode(text, add_special_tokens=False).ids) for text in TEXTS]
    counted = tokens.counts(_documents(), tokenizer)
    assert counted.schema == tokens.COUNTS and counted["tokens"].to_list() == expected
    assert counted["characters"].to_list() == [len(text) for text in TEXTS]
    assert [len(spans) for spans in tokenizer.spans(TEXTS)] == expected
    totals = tokens.by_source(counted)
    assert totals["source"].to_list() == ["x", "y"] and totals["documents"].to_list() == [2, 2]
    assert totals["tokens"].to_list() == [expected[0] + expected[2], expected[1] + expected[3]]


def test_spans_cover_the_visible_text_in_order():
    spans = tokens.load(SEED_MODEL).spans([TEXTS[2]])[0]
    assert (np.diff(spans[:, 0]) >= 0).all() and spans[0, 0] == 0 and spans[-1, 1] == len(TEXTS[2])


def test_truncation_and_padding_of_the_file_are_turned_off(tmp_path: Path):
    library = tokenizers.Tokenizer.from_file(str(SEED_MODEL / "tokenizer.json"))
    library.enable_truncation(3)
    library.enable_padding(length=50)
    library.save(str(tmp_path / "tokenizer.json"))
    found, expected = tokens.load(tmp_path).counts(TEXTS), tokens.load(SEED_MODEL).counts(TEXTS)
    assert found.tolist() == expected.tolist() and max(expected) > 3


def test_a_tokenizer_works_in_another_process():
    tokenizer = tokens.load(SEED_MODEL)
    assert pickle.loads(pickle.dumps(tokenizer)) == tokenizer
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(tokenizer.counts, (TEXTS,)).tolist() == tokenizer.counts(TEXTS).tolist()


def test_batches_and_pieces_of_a_long_text_change_nothing(monkeypatch: pytest.MonkeyPatch):
    text = "".join(f"Line {i} of a long text.\n" for i in range(200))
    documents = pl.DataFrame({"doc_id": ["a", "b", "c"], "source": ["s"] * 3, "text": [text, "x" * 1000, text]})
    whole = tokens.counts(documents, tokens.load(SEED_MODEL))
    monkeypatch.setattr(tokens, "_LONGEST", 300)
    monkeypatch.setattr(tokens, "_BATCH", 1000)
    pieces = tokens.counts(documents, tokens.load(SEED_MODEL))
    assert pieces["tokens"][0] == whole["tokens"][0] == pieces["tokens"][2]
    assert abs(pieces["tokens"][1] - whole["tokens"][1]) <= 2 * 4  # one character run, cut anywhere
    assert "".join(tokens._pieces(text)) == text


def test_no_documents():
    assert tokens.counts(_documents()[:0], tokens.load(SEED_MODEL)).schema == tokens.COUNTS
    assert tokens.by_source(tokens.counts(_documents()[:0], tokens.load(SEED_MODEL))).height == 0


def test_what_is_no_tokenizer_is_refused(tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match="not a tokenizer"):
        tokens.load(tmp_path)
    with pytest.raises(InputError, match="expected a tokenizer.json"):
        tokens.load(tmp_path / "nowhere")


@pytest.mark.shared_data
def test_a_large_vocabulary(shared_data: Path):
    tokenizer = tokens.load(shared_data / "models" / "gpt-neox-tokenizer")
    assert tokenizer.counts(["Hello world"]).tolist() == [2]
