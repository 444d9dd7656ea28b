"""The Korean references and rewrites that `benchmarks.rewrites` measures on: well-formed, and nothing twice."""

import json
import re
from pathlib import Path

from benchmarks import rewrites
from synth.distill import planted

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


def test_every_rewrite_is_measured_and_beside_the_other_one_as_a_second_reference() -> None:
    made = list(rewrites.right(rewrites.groups()))
    kinds = [text.kind for text in made]
    assert kinds.count("reference") == len(ROWS)
    assert kinds.count("rewrite") == sum(len(row["rewrites"]) for row in ROWS)
    own = {row["instruction"]: row["rewrites"] for row in ROWS}
    both = [text for text in made if text.others]
    assert len(both) == sum(len(row["rewrites"]) for row in ROWS if len(row["rewrites"]) == 2)
    assert all({text.text, *text.others} == set(own[text.row.question]) for text in both)


def test_a_text_that_is_its_reference_passes_and_one_of_another_question_does_not() -> None:
    first, second = rewrites.groups()[:2]
    assert not rewrites.Text("", first[0], first[0].reference).failed()
    assert rewrites.Text("", first[0], second[0].reference).failed()
    assert not rewrites.Text("", first[0], second[0].reference, (second[0].reference,)).failed()
    loose = rewrites.Text("", first[0], first[0].reference.replace("20", "50"))
    assert [check.name for check in loose.failed(rewrites.LOOSE)] == ["open.numbers"]


def test_what_is_planted_comes_from_another_question() -> None:
    every = rewrites.groups()
    made = list(rewrites.wrong(every, list(rewrites.right(every))))
    assert {wrong.kind.split(", ")[-1] for _, wrong in made} == set(planted.KINDS)
    for text, wrong in made:
        assert wrong.text != text.text and wrong.row == text.row
        if wrong.kind.endswith("added claim"):
            assert wrong.text.startswith(text.text)
            assert wrong.text[len(text.text) :].strip() not in text.row.reference
