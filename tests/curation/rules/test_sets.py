"""Rules from the settings of a recipe, and what a recipe can get wrong in them."""

import gzip
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.rules import rule, sets
from curation.rules.c4 import C4Options, edit_lines
from curation.rules.gopher import gopher_quality
from curation.rules.length import length
from curation.rules.rule import Rule


def bounds(settings: dict) -> dict[str, tuple[float | None, float | None]]:
    return {each.name: (each.low, each.high) for each in sets.rules_from(settings)}


def test_sets_in_the_order_of_the_settings() -> None:
    names = [each.name for each in sets.rules_from({"korean": {}, "length": {"low": 20}})]
    assert names[0].startswith("korean.") and names[-1] == "length.characters"
    assert bounds({"length": {"low": 20, "high": 30}}) == {"length.characters": (20, 30)}
    assert bounds({}) == {}


def test_thresholds_left_out_are_the_published_ones() -> None:
    published = {each.name: (each.low, each.high) for each in gopher_quality()}
    assert bounds({"gopher": {}}) == published
    assert bounds({"gopher": {"min_words": 10}}) == published | {"gopher.words": (10, 100_000)}


def test_null_takes_one_bound_away() -> None:
    assert bounds({"length": {"low": None, "high": 5}}) == {"length.characters": (None, 5)}
    assert bounds({"gopher": {"max_words": None}})["gopher.words"] == (50, None)


def test_every_set_stands_under_its_name() -> None:
    for name, make in sets.SETS.items():
        if name in ("keywords", "sources"):
            continue  # a set of the user's own words or sources has nothing to say without them
        expected = {"toxicity", "sensitive"} if name == "toxicity" else {name}  # topics are for review, not against it
        assert {each.name.split(".")[0] for each in make()} == expected
        assert all(each.definition for each in make())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gofer": {}}, r"rules: found the set 'gofer', expected one of .*did you mean 'gopher'\?"),
        ({"gopher": {"min_word": 5}}, r"rules.gopher: found the key 'min_word', expected .*did you mean 'min_words'\?"),
        ({"length": {"low": "20"}}, "rules.length.low: found '20', expected a number or null"),
        ({"length": {"low": True}}, "rules.length.low: found True"),
        ({"length": {"high": float("nan")}}, "rules.length.high: found nan"),
        ({"length": {"high": float("inf")}}, "rules.length.high: found inf"),
        ({"length": {"low": 5, "high": 4}}, "rules.length: length.characters has the bounds 5 to 4; nothing can pass"),
        # where a rule applies is no bound: without it the whole set would judge nothing
        ({"gopher": {"max_hangul": None}}, "rules.gopher.max_hangul: found None, expected a number$"),
        ({"korean": {"korean_from": None}}, "rules.korean.korean_from: found None, expected a number$"),
        ({"korean": {"endings_from_words": None}}, "rules.korean.endings_from_words: found None, expected a number$"),
    ],
)
def test_what_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sets.rules_from(settings)


def test_equal_bounds_are_no_contradiction() -> None:
    assert bounds({"length": {"low": 5, "high": 5}}) == {"length.characters": (5, 5)}


def test_explained_in_the_order_of_deciding() -> None:
    assert sets.explain(length(2, 9)) == [
        {"name": "length.characters", "definition": length()[0].definition, "low": 2, "high": 9, "where": ""}
    ]


def test_a_rule_that_does_not_apply_everywhere_says_where() -> None:
    every = sets.rules_from(
        {name: {"words": ["a"]} if name == "keywords" else {} for name in sets.SETS if name != "sources"}
    )
    assert [rule.name for rule in every if (rule.applies is None) != (rule.where == "")] == []
    said = {each["name"]: each["where"] for each in sets.explain(sets.rules_from({"gopher": {"max_hangul": 0.5}}))}
    assert said["gopher.words"] == "less than 0.5 of the characters are Hangul"


def from_file(
    files: list[str], weights: Mapping[str, float] | None = None, records: Sequence[int] = (), high: float | None = 0
) -> tuple[Rule, ...]:
    if not isinstance(files, list):
        raise InputError(f"rules.from_file.files: found {files!r}, expected a list of files")
    denied = pl.col("file").is_in(files).cast(pl.Float64) * (weights or {}).get("denied", 1)
    return (Rule("from_file.denied", denied, None, high, definition="1 for a file of the list"),)


def test_a_set_takes_lists_texts_and_mappings_and_checks_them_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sets.SETS, "from_file", from_file)
    rules = sets.rules_from({"from_file": {"files": ["a", "b"], "weights": {"denied": 2}, "records": [1]}})
    frame = pl.DataFrame({"doc_id": ["1", "2"], "text": ["", ""], "file": ["a", "c"]})
    assert rule.score(frame, rules)["from_file.denied"].to_list() == [2.0, 0.0]
    for settings, message in (
        ({"files": "a"}, "rules.from_file.files: found 'a', expected a list of files"),
        ({}, "rules.from_file: the key 'files' is missing"),
        ({"files": [], "high": [1]}, r"rules.from_file.high: found \[1\], expected a number or null"),
    ):
        with pytest.raises(InputError, match=message):
            sets.rules_from({"from_file": settings})


def texts(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def real_pages(corpora: Path) -> list[str]:
    """Web pages, the beginnings and ends of books, with their contents and licences, and Korean reviews."""
    books = list(itertools.islice(texts(corpora / "gutenberg-books.jsonl.gz"), 40))
    reviews = [text for text in itertools.islice(texts(corpora / "korean-movie-reviews.jsonl.gz"), 200) if text]
    ends = [piece for book in books for piece in (book[:4000], book[20_000:23_000], book[-4000:])]
    return [*itertools.islice(texts(corpora / "c4-sample.jsonl.gz"), 150), *ends, *reviews, "\n".join(reviews)]


@pytest.mark.shared_data
def test_english_heuristics_on_real_pages_are_those_of_plain_python(shared_data: Path, plain: ModuleType) -> None:
    pages = real_pages(shared_data / "corpora")
    rows = pl.DataFrame({"doc_id": [str(i) for i in range(len(pages))], "text": pages})
    everywhere = {"max_hangul": 1.01}
    edited = edit_lines(tables.complete(rows, tables.DOCUMENTS), C4Options(max_hangul=1.01)).rows
    rules = sets.rules_from({name: everywhere for name in ("gopher", "gopher_repetition", "fineweb")})
    found = rule.score(rows, rules, threads=2).hstack(rule.score(edited, sets.rules_from({"c4": everywhere}))[:, 1:])
    expected = []
    for page, after in zip(pages, edited["text"], strict=True):
        assert plain.edit_c4(page)[0] == after
        expected.append(plain.gopher(page) | plain.gopher_repetition(page) | plain.fineweb(page) | plain.c4(after))
    assert found.drop("doc_id").to_dicts() == expected
    failed = rule.decide(found, rules)["first_failing_rule"]
    assert failed.n_unique() > 8 and failed.null_count() > 100  # pages of many kinds
