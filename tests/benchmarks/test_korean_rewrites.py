"""The Korean references and rewrites that `benchmarks.rewrites` measures on: well-formed, and nothing twice."""

import json
import re
from pathlib import Path

FILE = Path(__file__).parents[2] / "benchmarks" / "korean_rewrites.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
HANGUL = re.compile(r"[가-힣]")


def test_there_are_enough_of_several_subjects_and_all_have_the_same_fields() -> None:
    assert len(ROWS) >= 60 and len({row["id"] for row in ROWS}) == len(ROWS)
    assert {tuple(row) for row in ROWS} == {("id", "subject", "instruction", "reference", "rewrites")}
    subjects = [row["subject"] for row in ROWS]
    assert set(subjects) == {"everyday", "science", "history", "cooking", "law", "medicine", "notice"}
    assert min(subjects.count(one) for one in set(subjects)) >= 5
    assert all(1 <= len(row["rewrites"]) <= 2 for row in ROWS)


def test_every_text_is_korean_and_of_whole_sentences() -> None:
    for row in ROWS:
        for text in (row["reference"], *row["rewrites"]):
            letters = [letter for letter in text if letter.isalpha()]
            assert len(HANGUL.findall(text)) > 0.9 * len(letters), text
            assert text == text.strip() and text.endswith(".") and text.count(". ") <= 4, text
        assert 1 <= row["reference"].count(". ") <= 4, row["reference"]
        assert HANGUL.search(row["instruction"])


def test_no_rewrite_is_its_reference_and_no_text_stands_twice() -> None:
    texts = [text for row in ROWS for text in (row["instruction"], row["reference"], *row["rewrites"])]
    assert len({re.sub(r"\W", "", text) for text in texts}) == len(texts)
    for row in ROWS:
        said = set(row["reference"].split(". "))
        assert all(len(said & set(text.split(". "))) <= 1 for text in row["rewrites"]), row["id"]
