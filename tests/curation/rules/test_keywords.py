"""Words that must be hit and words that must not, in both languages; what the ledger says; lists in files."""

import json
from pathlib import Path

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.rules import rule
from curation.rules.detailed import with_details
from curation.rules.keywords import Lists, keywords, read_lists


def documents(*texts: str) -> pl.DataFrame:
    rows = pl.DataFrame({"doc_id": [f"d{i}" for i in range(len(texts))], "text": texts, "file": "f"}).with_columns(
        record=pl.int_range(pl.len())
    )
    return tables.complete(rows, tables.DOCUMENTS)


def hits(text: str, words: list[str], **given) -> int:
    rules = keywords(words=words, **given)
    return int(rule.score(documents(text), rules)["keywords.matches"][0])


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("씨발", "씨발놈아", 1),
        ("씨발", "야 씨발, 뭐야 씨발아", 2),
        ("씨발", "ㅋㅋ씨발 진짜", 1),
        ("씨발", "19씨발", 1),
        ("씨발", "개씨발", 0),  # begins in mid-word
        ("*씨발", "개씨발", 1),
        ("자지", "잠을 자지 않았다", 0),
        ("자지", "잠도 못 자지는 않는다", 0),
        ("자지", "일찍 자지 마라", 0),
        ("자지", "남자지만", 0),
        ("자지", "자지 그림", 1),
        ("보지", "영화를 보지 못했다. 알아보지 마", 0),
        ("ass", "The class passed an assessment", 0),
        ("ass", "You ass! Asses.", 2),
        ("bake", "baking, baked, bakes, baker's bakery", 4),
        ("stop", "stopped stopping stops stopper", 4),
        ("spy", "spies spied spying spyware", 3),
        ("casino", "online-casinos", 1),
        ("online casino", "Online  Casinos and online-casino", 2),
        ("ass*", "assessment", 1),
        ("*ware", "spyware", 1),
        ("c++", "I like C++ and c", 1),
        ("네이버 카페", "네이버카페 네이버 카페에서", 1),
        ("Straße", "STRASSE Straße", 1),
        ("카지노", "카지노사이트에서", 1),
    ],
)
def test_hits(word: str, text: str, expected: int) -> None:
    assert hits(text, [word]) == expected


@pytest.mark.parametrize(
    ("endings", "expected"),
    [
        ("any", ["사과", "사과를", "사과나무", "사과ㅋㅋ", "사과에서는"]),
        ("particles", ["사과", "사과를", "사과ㅋㅋ", "사과에서는"]),
        ("none", ["사과", "사과ㅋㅋ"]),
    ],
)
def test_endings(endings: str, expected: list[str]) -> None:
    texts = ["사과", "사과를", "사과나무", "사과ㅋㅋ", "사과에서는", "풋사과"]
    assert [text for text in texts if hits(text, ["사과"], endings=endings)] == expected
    assert hits("사과 사과, 사과", ["사과"], endings=endings) == 3


def test_without_inflections() -> None:
    assert hits("stops stop", ["stop"], inflections=False) == 1


def test_allowed_texts_win() -> None:
    assert hits("시발점에서 시발", ["시발"], allow=["시발점"]) == 1
    assert hits("He lives in Scunthorpe", ["*cunt*"], allow=["scunthorpe"]) == 0
    assert hits("a dumb  ass b", ["ass"], allow=["dumb ass"]) == 0
    assert hits("overlapping end of it", ["end of it"], allow=["ing end"]) == 0


def test_patterns() -> None:
    assert hits("buy now 010-1234", [], patterns=[r"\d{3}-\d{4}", "(?-i:BUY)"]) == 1
    with pytest.raises(InputError, match=r"rules.keywords: found '\(a', expected a pattern that Rust compiles"):
        keywords(patterns=["(a"])
    with pytest.raises(InputError, match="Rust compiles.*look-around"):
        keywords(patterns=["a(?=b)"])


def test_thresholds_and_what_the_ledger_says() -> None:
    frame = documents("야 씨발놈아 stupid baking", "clean", "씨발 one two three")
    rules = keywords(words=["씨발", "bake"], max_matches=1, max_share=0.2)
    split = rule.split(frame, rule.decide(rule.score(frame, rules), rules), "rules")
    ledger = with_details(split, rules).ledger
    assert ledger.select("row_id", "rule", "value").rows() == [
        ("d0", "keywords.matches", 2.0),
        ("d2", "keywords.share", 0.25),
    ]
    assert [json.loads(detail) for detail in ledger["detail"]] == [
        {"entries": ["씨발", "bake"], "found": ["씨발", "baking"]},
        {"entries": ["씨발"], "found": ["씨발"]},
    ]


def test_a_pattern_that_looks_around_is_named_by_its_match() -> None:
    frame = documents("xfoo")
    rules = keywords(patterns=[r"\Bfoo"])
    split = rule.split(frame, rule.decide(rule.score(frame, rules), rules), "rules")
    assert json.loads(with_details(split, rules).ledger["detail"][0]) == {"entries": ["foo"], "found": ["foo"]}


def test_lists_in_files(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text("\ufeff# comment\n씨발\n\n  darn \npatterns:\n\\d{3}-\\d{4}\nallow:\n시발점\nwords:\n#x\ny\n")
    assert read_lists(path) == Lists(("씨발", "darn", "y"), (r"\d{3}-\d{4}",), ("시발점",))
    assert hits("씨발 and more darned 시발점 시발", ["시발"], file=str(path)) == 3
    with pytest.raises(InputError, match="none.txt: no such file of keywords"):
        keywords(file=[str(tmp_path / "none.txt")])
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(InputError, match="latin.txt: found a byte at 3 that is no UTF-8"):
        keywords(file=str(tmp_path / "latin.txt"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "found no word and no pattern"),
        ({"words": ["*", " "]}, "found no word and no pattern"),
        ({"words": "one"}, "rules.keywords.words: found 'one', expected a list of texts"),
        ({"words": [1]}, "rules.keywords.words"),
        ({"words": ["a"], "endings": "all"}, "rules.keywords.endings: found 'all', expected one of any, particles"),
        ({"words": ["a"], "inflections": 1}, "rules.keywords.inflections: found 1"),
    ],
)
def test_what_is_refused(given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        keywords(**given)


def test_a_long_list_in_linear_time() -> None:
    words = [f"word{i}x" for i in range(5000)] + [f"낱말{chr(0xAC00 + i)}" for i in range(5000)]
    assert hits("word17x " + "낱" * 200_000 + " 낱말각", words) == 2, "both"
