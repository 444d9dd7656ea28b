"""Evaluation items in documents: planted ones are found whatever their dress, and nothing else is."""

import gzip
import json
import random
import string
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import stage, tables
from curation.decontaminate import Contamination, ContaminationOptions, decontaminate
from curation.decontaminate.contamination import EVALUATION
from curation.errors import InputError

OPTIONS = ContaminationOptions()


def evaluation(*texts: str) -> pl.DataFrame:
    rows = {"item": "question", "text": list(texts), "file": "test.jsonl", "record": range(len(texts))}
    return pl.DataFrame(rows, schema=EVALUATION)


def documents(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"doc_id": [f"d{i:03d}" for i in range(len(texts))], "text": texts}, schema_overrides={
        "doc_id": pl.String, "text": pl.String})  # fmt: skip


def found(items: pl.DataFrame, frame: pl.DataFrame, options: ContaminationOptions = OPTIONS) -> dict[str, dict]:
    drops = decontaminate(frame, Contamination.build(items, options))
    assert drops.schema == stage.DROPS
    return {
        row["doc_id"]: json.loads(row["detail"]) | {"rule": row["rule"], "value": row["value"]}
        for row in drops.to_dicts()
    }


LONG = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May."
SHORT = "Who invented the very first electric light bulb?"
TINY = "My body cast a shadow"
KOREAN = (
    "나탈리아는 4월에 친구 48명에게 클립을 팔았고, 5월에는 그 절반만큼의 클립을 팔았습니다. 모두 몇 개를 팔았습니까?"
)


def test_the_item_is_named_with_its_file_and_record() -> None:
    items = evaluation("another question that nobody asks in any of the documents here", LONG)
    [row] = decontaminate(documents("clean", f"Before. {LONG} After."), Contamination.build(items, OPTIONS)).to_dicts()
    assert row == {
        "doc_id": "d001", "rule": "contamination.12_words", "value": 1.0, "threshold": 0.0, "duplicate_of": None,
        "similarity": None, "cluster_id": None,
        "detail": '{"file": "test.jsonl", "record": 1, "item": "question", "found": 9, "of": 9, "items": 1}',
    }  # fmt: skip


def test_twelve_words_of_a_long_item_eight_of_a_short_one_all_of_a_tiny_one() -> None:
    words = LONG.split()
    eleven, twelve = (" ".join(words[3 : 3 + n]) for n in (11, 12))
    assert list(found(evaluation(LONG), documents(f"x {eleven} y", f"x {twelve} y"))) == ["d001"]
    part, whole = "Who invented the very first electric light", SHORT
    assert list(found(evaluation(SHORT), documents(f"x {part} y", f"x {whole} y"))) == ["d001"]
    assert list(found(evaluation(TINY), documents("cast a shadow", f"x {TINY} y", f"x{TINY} y", f"x {TINY}ed"))) == [
        "d001"
    ]
    assert list(found(evaluation("The ocean."), documents("I like the ocean.", "the ocean", "the oceans"))) == ["d001"]


def test_korean_counts_characters_and_spacing_makes_no_difference() -> None:
    letters = "".join(c for c in KOREAN if c.isalnum())
    frame = documents(
        f"가 {letters[4:33]} 나", f"가 {letters[4:34]} 나", KOREAN.replace(" ", ""), "친구에게 클립을 팔았습니다."
    )
    rows = found(evaluation(KOREAN), frame)
    assert list(rows) == ["d001", "d002"]
    assert rows["d002"]["rule"] == "contamination.30_characters" and rows["d002"]["value"] == 1.0
    assert list(
        found(evaluation("비가 와서 땅이 젖었다"), documents("어제는 비가와서땅이 젖었다고 한다", "비가 왔다"))
    ) == ["d000"]


def test_an_english_item_is_found_in_a_korean_document_and_the_other_way_round() -> None:
    frame = documents(f"{'한국어 글입니다. ' * 30}{LONG}은 문제다.", f"{'an English page ' * 30}{KOREAN}")
    assert list(found(evaluation(LONG), frame)) == ["d000"]
    assert list(found(evaluation(KOREAN), frame)) == ["d001"]


def test_the_share_of_an_item_can_be_asked_for() -> None:
    half = " ".join(LONG.split()[:13])
    options = ContaminationOptions(min_share=0.5)
    rows = found(evaluation(LONG), documents(half, LONG))
    assert [row["found"] for row in rows.values()] == [2, 9]
    assert list(found(evaluation(LONG), documents(half, LONG), options)) == ["d001"]


def test_of_several_items_the_one_with_most_is_named() -> None:
    prompt = "Choose the one answer that best completes the sentence which is given below:"
    items = evaluation(f"{prompt} the sky is blue today", f"{prompt} the grass grows green in spring", *[prompt] * 3)
    rows = found(items, documents(f"{prompt} the grass grows green in spring", prompt))
    assert rows["d000"]["record"] == 1 and rows["d000"]["items"] == 5
    assert rows["d001"]["record"] == 2  # its whole text, where the first has more


def test_mistakes() -> None:
    with pytest.raises(
        InputError, match="whole_words, short_words and words are 4, 20 and 12, expected at least 1 and asc"
    ):
        ContaminationOptions(short_words=20)
    with pytest.raises(InputError, match="min_share is 1.5, expected 0 to 1"):
        ContaminationOptions(min_share=1.5)
    with pytest.raises(InputError, match="found 2 texts of a word at most"):
        Contamination.build(evaluation("?", "Paris"), OPTIONS)
    with pytest.raises(tables.TableError, match="column 'item' is None"):
        Contamination.build(documents("a"), OPTIONS)


def test_no_documents_and_odd_ones() -> None:
    index = Contamination.build(evaluation(LONG, "?", TINY, "Paris", "the time of day"), OPTIONS)
    assert index.items["kind"].to_list() == ["12 words", "none", "whole", "none", "document"]
    assert index.items["ngrams"].to_list() == [9, 0, 1, 0, 1]
    assert decontaminate(documents(), index).is_empty()
    assert decontaminate(documents("", " ", "\u0301", "🙂" * 9, "a" * 1_000_000, "가 " * 100_000), index).is_empty()


def dressed(text: str, generator: random.Random) -> str:
    """The same words in another case, form, punctuation and white space."""
    form = unicodedata.normalize(
        generator.choice(["NFC", "NFD"]), generator.choice([str.upper, str.lower, str.title])(text)
    )
    instead = generator.choice([None, "", " "])
    plain = form if instead is None else "".join(instead if c in string.punctuation else c for c in form)
    words = plain.split()
    return "".join(word + generator.choice([" ", "  ", "\n", ", ", " - ", "\u00a0", "\t"]) for word in words)


@pytest.mark.shared_data
def test_every_planted_item_is_found_and_the_hosts_are_clean(shared_data: Path) -> None:
    def rows(path: str) -> list[dict]:
        with gzip.open(shared_data / path, "rt", encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]

    hosts = [row["text"] for row in rows("corpora/c4-sample.jsonl.gz")]
    english = [row["question"] for row in rows("instructions/gsm8k/test.jsonl.gz")]
    korean = [row["Q"] for row in rows("instructions/korean-chatbot.jsonl.gz")]
    korean = [text for text in dict.fromkeys(korean) if sum(c.isalnum() for c in text) >= 8][:2000]
    items = evaluation(*english, *korean)
    index = Contamination.build(items, OPTIONS)
    assert decontaminate(documents(*hosts), index).is_empty()
    generator = random.Random(5)
    planted = []
    for text in items["text"]:
        host = generator.choice(hosts)
        at = host.find(" ", generator.randrange(len(host)))
        planted.append(f"{host[:at]} {dressed(text, generator)} {host[at:]}")
    drops = decontaminate(documents(*planted), index)
    assert drops.height == len(planted)


WORDS = st.lists(st.sampled_from(["a", "B", "cc", "가", "나다", "b-", "3"]), max_size=9).map(" ".join)
SMALL = ContaminationOptions(
    words=4,
    short_words=3,
    whole_words=2,
    whole_letters=4,
    characters=4,
    short_characters=3,
    whole_characters=2,
    character_share=0.5,
)


def letters(text: str) -> tuple[str, list[bool], list[bool]]:
    """Letters; whether a word begins before each and at the end; whether a match may."""
    codes, begins, edges, before = "", [], [], " "
    for c in text.lower():
        if c.isalnum():
            hangul, new = "가" <= c <= "힣", not before.isalnum() or ("가" <= c <= "힣") != ("가" <= before <= "힣")
            codes += c
            begins.append(new)
            edges.append(new or hangul)
        before = c
    return codes, [*begins, True], [*edges, True]


def brute(item: str, document: str) -> tuple[int, int]:
    """How many n-grams an item has, and how many the document holds."""
    codes, begins, _ = letters(item)
    starts = [i for i in range(len(codes)) if begins[i]]
    hangul = sum("가" <= c <= "힣" for c in codes)
    by_characters = hangul > 0 and hangul >= 0.5 * len(codes)
    size = len(codes) if by_characters else len(starts)
    n = next((n for n in (4, 3) if size >= n), size)
    if by_characters:
        grams = {codes[i : i + n] for i in range(size - n + 1)} if size else set()
    else:
        ends = [*starts, len(codes)]
        grams = {codes[ends[i] : ends[i + n]] for i in range(size - n + 1)} if size else set()
    text, _, edges = letters(document)
    if n < 2 or (n < 3 and not by_characters and len(codes) < 4):
        return len(grams), int(len(starts) > 1 and text == codes)
    held = 0
    for gram in grams:
        places = [i for i in range(len(text) - len(gram) + 1) if text[i : i + len(gram)] == gram]
        held += any(by_characters or (edges[i] and edges[i + len(gram)]) for i in places)
    return len(grams), held


@settings(max_examples=75)
@given(st.lists(WORDS, min_size=1, max_size=3), st.lists(WORDS, max_size=4))
def test_it_does_what_its_definition_says(items: list[str], texts: list[str]) -> None:
    if not any(sum(letters(item)[1]) > 2 for item in items):
        return
    index = Contamination.build(evaluation(*items), SMALL)
    expected = {}
    for number, text in enumerate(texts):
        held = [
            (found, found / of, -i, of) for i, item in enumerate(items) for of, found in [brute(item, text)] if found
        ]
        if held:
            most, share, minus, of = max(held)
            expected[f"d{number:03d}"] = (most, of, len(held), -minus)
    drops = decontaminate(documents(*texts), index)
    details = {row["doc_id"]: json.loads(row["detail"]) for row in drops.to_dicts()}
    assert {i: (d["found"], d["of"], d["items"], d["record"]) for i, d in details.items()} == expected
    assert_frame_equal(decontaminate(documents(*texts), index, threads=3), drops)
