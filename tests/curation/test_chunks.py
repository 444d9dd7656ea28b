import gzip
import json
import unicodedata
from itertools import islice
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import chunks, tables, tokens
from curation.chunks import ChunkOptions
from curation.errors import InputError

SEED_MODEL = Path(__file__).resolve().parents[2] / "pipelines" / "demo" / "seed_model"
TOKENIZER = tokens.load(SEED_MODEL)
MARKDOWN = """Before any heading.

# Rivers

A river flows to the sea. It is long. It carries silt and sand, and it floods in the spring of most years.

## Korea

한강은 서울을 지나 서해로 흐른다. 낙동강은 남해로 흐릅니다 두 강은 모두 길다.

# Hills

Hills are lower than mountains. They are old.
"""
PIECES = st.sampled_from(
    ["# Title\n", "word ", "Sentence end. ", "\n\n", "\n", "한국어 문장입니다. ", "😀", "\U0001f468\u200d\U0001f467"]
    + ["\u1100\u1161\u11a8", "e\u0301", "x" * 30, "```\n", "   ", "\u200d", "ﷺ", "끝났다 ", "\t", "\x00", "𝔘"]
)


def documents(*texts: str, meta: str | None = '{"title": "t"}') -> pl.DataFrame:
    rows = [
        {
            "doc_id": tables.document_id("s", "f.jsonl", record, text),
            "content_id": tables.content_id(text),
            "text": text, "source": "s", "file": "f.jsonl", "record": record, "lang": "en", "meta": meta, "parents": [],
        }
        for record, text in enumerate(texts)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def check(text: str, tokenizer: tokens.Tokenizer, options: ChunkOptions) -> list[dict]:
    """Cut one text; assert what always holds; return the chunks with their places."""
    before = documents(text)
    cut = chunks.cut(before, tokenizer, options)
    tables.check(cut.rows, tables.DOCUMENTS, key="doc_id")
    found = [{**row, **json.loads(row["meta"]).get("chunk", {})} for row in cut.rows.to_dicts()]
    if cut.consumed == 0:
        assert cut.rows.equals(before) and cut.ledger.height == 0
        assert tokenizer.counts([text])[0] <= options.tokens
        return found
    assert "".join(row["text"][row["own"] - row["begin"] :] for row in found) == text
    assert max(tokenizer.counts([row["text"] for row in found])) <= options.tokens
    at = 0
    for index, row in enumerate(found):
        assert row["parents"] == [before["doc_id"][0]] and row["content_id"] == tables.content_id(row["text"])
        assert (row["index"], row["of"], row["own"]) == (index, len(found), at)
        assert row["begin"] <= row["own"] < row["end"] and row["text"] == text[row["begin"] : row["end"]]
        assert row["tokens"] == tokenizer.counts([row["text"]])[0]
        at = row["end"]
    assert at == len(text) and cut.ledger["action"].to_list() == ["split"]
    return found


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=60).map("".join), st.integers(24, 60), st.integers(0, 20), st.booleans())
def test_chunks_rebuild_any_text_and_never_exceed_the_limit(text: str, limit: int, overlap: int, headings: bool):
    check(text, TOKENIZER, ChunkOptions(tokens=limit, overlap=overlap, headings=headings))


def test_chunks_keep_to_sections_and_know_their_headings():
    found = check(MARKDOWN, TOKENIZER, ChunkOptions(tokens=60, overlap=10))
    assert [row["headings"] for row in found if row["text"].startswith("#")] == [
        ["Rivers"], ["Rivers", "Korea"], ["Hills"],
    ]  # fmt: skip
    assert found[0]["headings"] == []
    for row in found:
        assert "\n#" not in row["text"]
    joined = check(MARKDOWN, TOKENIZER, ChunkOptions(tokens=200, headings=False))
    assert any("\n#" in row["text"] for row in joined)


def test_an_overlap_repeats_whole_sentences_or_words():
    text = "Rivers run. Hills stand. " * 20
    sentences = check(text, TOKENIZER, ChunkOptions(tokens=40, overlap=15))
    assert all(row["begin"] < row["own"] for row in sentences[1:])
    assert all(row["text"].startswith(("Rivers", "Hills")) for row in sentences)
    words = check("river " * 100, TOKENIZER, ChunkOptions(tokens=40, overlap=10))
    assert sum(row["begin"] < row["own"] for row in words[1:]) >= len(words) - 2
    assert all(row["text"].startswith("river") for row in words)


def test_sentences_are_not_torn_where_they_fit():
    text = " ".join(f"Sentence number {i} is here." for i in range(40))
    for row in check(text, TOKENIZER, ChunkOptions(tokens=50)):
        assert row["text"].startswith("Sentence") and row["text"].rstrip().endswith("here.")


def test_no_accent_is_parted_from_its_letter():
    for text in (unicodedata.normalize("NFD", "각" * 60), "e\u0301" * 100):
        for row in check(text, TOKENIZER, ChunkOptions(tokens=30)):
            assert row["text"][0] in "\u1100e"


def test_untouched_documents_stay_in_their_places_and_meta_is_kept():
    frame = documents("short", "A long sentence of words. " * 30, "", "another", "More long sentences of words. " * 30)
    cut = chunks.cut(frame, TOKENIZER, ChunkOptions(tokens=60))
    assert cut.consumed == 2 and cut.ledger.height == 2
    records = cut.rows["record"].to_list()
    assert records == sorted(records) and records.count(0) == records.count(2) == records.count(3) == 1
    tables.conserve("chunk", frame.height, cut.rows.filter(pl.col("parents").list.len() == 0).height, 0, cut.consumed)
    meta = json.loads(cut.rows.filter(pl.col("record") == 1)["meta"][0])
    assert meta["title"] == "t" and meta["chunk"]["headings"] == []
    event = cut.ledger.row(0, named=True)
    assert event["row_id"] == frame["doc_id"][1] and event["rule"] == "chunk.tokens" and event["threshold"] == 60
    assert event["value"] == TOKENIZER.counts([frame["text"][1]])[0]
    assert event["detail"] == f"{records.count(1)} chunks"
    parts = [chunks.cut(frame[at : at + 2], TOKENIZER, ChunkOptions(tokens=60)).rows for at in range(0, 5, 2)]
    assert pl.concat(parts).equals(cut.rows)


def test_no_meta_and_no_documents():
    cut = chunks.cut(documents("words and words " * 40, meta=None), TOKENIZER, ChunkOptions(tokens=50))
    assert set(json.loads(cut.rows["meta"][0])) == {"chunk"}
    assert chunks.cut(documents("a")[:0], TOKENIZER, ChunkOptions()).rows.height == 0


def test_a_character_that_does_not_fit_is_refused_by_name():
    assert TOKENIZER.counts(["𝔘"])[0] > 2
    with pytest.raises(InputError, match=r"f.jsonl, record 0\): character 1 alone has \d tokens, expected at most 2"):
        chunks.cut(documents("a𝔘b"), TOKENIZER, ChunkOptions(tokens=2))


@pytest.mark.parametrize("wrong", [{"tokens": 0}, {"overlap": -1}, {"tokens": 10, "overlap": 10}])
def test_refusals(wrong: dict[str, int]):
    with pytest.raises(InputError, match="expected"):
        ChunkOptions(**wrong)


@pytest.mark.shared_data
def test_real_texts_with_a_large_vocabulary(shared_data: Path):
    tokenizer = tokens.load(shared_data / "models" / "gpt-neox-tokenizer")
    with gzip.open(shared_data / "corpora" / "c4-sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 20)]
    with gzip.open(shared_data / "corpora" / "korean-movie-reviews.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts.append("\n".join(json.loads(line)["text"] for line in islice(lines, 300)))
    for text in texts:
        check(text, tokenizer, ChunkOptions(tokens=128, overlap=24))
    with gzip.open(shared_data / "corpora" / "medquad-qa.jsonl.gz", "rt", encoding="utf-8") as lines:
        answers = documents(*[json.loads(line)["answer"] for line in islice(lines, 60)])
    cut = chunks.cut(answers, tokenizer, ChunkOptions(tokens=64))
    assert cut.consumed > 20 and max(tokenizer.counts(cut.rows["text"].to_list())) <= 64


def test_fields_that_json_has_no_text_for_survive_a_cut() -> None:
    frame = documents("one two three four five six seven eight nine ten " * 20, meta='{"a": "\\ud800"}')
    rows = chunks.cut(frame, TOKENIZER, ChunkOptions(tokens=16)).rows
    assert rows.height > 1 and all(r'"\ud800"' in meta for meta in rows["meta"])
