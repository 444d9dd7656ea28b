"""What a sample says, whatever its kind, and which texts are nearly the same."""

from typing import Any

import polars as pl
import pytest

from curation import tables
from synth import likeness
from synth.novelty import NoveltyOptions

KEYS = {"task": "t", "origin": "o", "tier": None, "parents": ["p"], "generation": None, "checks": []}


def turn(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


CONTENTS: dict[str, dict[str, Any]] = {
    "text": {"text": "whole"},
    "prompt_completion": {
        "prompt": [turn("system", "rules"), turn("user", "q1"), turn("assistant", "a1"), turn("user", "q2")],
        "completion": [turn("assistant", "a2"), turn("user", "q3"), turn("assistant", "a3")],
    },
    "preference": {
        "prompt": [turn("user", "q1")], "chosen": [turn("assistant", "good")], "rejected": [turn("assistant", "bad")]
    },
    "ranking": {
        "prompt": [turn("user", "q1")],
        "responses": [[turn("assistant", "one")], [turn("assistant", "two")]],
        "scores": [1.0, 0.0],
    },
    "prompt": {"prompt": [turn("user", "q1")]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "asked", "prompt", "rest"),
    [
        ("text", ["whole"], "whole", ""),
        ("prompt_completion", ["q1", "q2", "q3"], "q1\nq2", "a2\nq3\na3"),
        ("preference", ["q1"], "q1", "good\nbad"),
        ("ranking", ["q1"], "q1", "one\ntwo"),
        ("prompt", ["q1"], "q1", ""),
    ],
)
def test_every_kind_of_sample_says_what_is_asked_and_what_is_answered(
    kind: str, asked: list[str], prompt: str, rest: str
) -> None:
    samples = pl.DataFrame([{**CONTENTS[kind], "sample_id": "x", **KEYS}], schema=tables.samples_schema(kind))
    assert likeness.turns(samples)["text"].to_list() == asked
    assert likeness.prompts(samples)["text"].to_list() == [prompt]
    assert likeness.prompts(samples)["rules"].to_list() == ["rules" if kind == "prompt_completion" else ""]
    assert likeness.completions(samples)["text"].to_list() == [rest]
    every = [*(["rules"] if kind == "prompt_completion" else []), *prompt.split("\n"), *rest.split()]
    assert sorted({*likeness.passages(samples)["text"]} - {"a1"}) == sorted(every)
    assert set(likeness.passages(samples)["doc_id"]) == {"x"}


def test_what_repeats_a_text_names_it_and_how_like_it_is() -> None:
    limits = NoveltyOptions()
    words = [f"word{number}" for number in range(40)]
    documents = likeness.frame([("a", "Short  ONE"), ("b", "short one more"), ("c", " ".join([*words, "end"]))])
    found = likeness.repeats(documents, ["short one", " ".join(words), "short one"], limits)
    assert found.keys() == {"a", "c"}
    assert found["a"] == likeness.Repeat("exact", 1.0, 1.0, "short one")
    near = found["c"]
    assert (near.how, near.threshold, near.text) == ("minhash", 0.7, " ".join(words))
    assert near.similarity == pytest.approx(36 / 37)
    assert likeness.repeats(documents, [], limits) == {} == likeness.repeats(documents.clear(), ["a"], limits)


def test_the_nearest_text_is_found_with_its_exact_similarity() -> None:
    base = "the river rises in the hills and runs past nine old mills to the sea at last"
    changed = base.replace("nine", "eight")
    others = likeness.numbered(["a quite different text about the making of bread and butter at home", changed, base])
    found = likeness.nearest(
        likeness.numbered([f"{base} today", "nothing like it at all, not even nearly"]), others, 0.5
    )
    (row,) = found.to_dicts()
    assert (int(row["doc_id"]), int(row["nearest"])) == (0, 2)
    words = f"{base} today".split()
    whole = {tuple(words[at : at + 5]) for at in range(len(words) - 4)}
    part = {tuple(base.split()[at : at + 5]) for at in range(len(base.split()) - 4)}
    assert row["similarity"] == pytest.approx(len(whole & part) / len(whole | part))


def test_nothing_is_near_nothing() -> None:
    some, none = likeness.numbered(["one two three four five six seven"]), likeness.numbered([])
    assert likeness.nearest(some, none, 0.5).height == likeness.nearest(none, some, 0.5).height == 0


def test_of_several_near_texts_the_most_similar_counts_and_of_equals_the_first() -> None:
    base = "the river rises in the hills and runs past nine old mills to the sea at last"
    others = likeness.numbered([f"{base} but not today or soon", f"{base} today", f"{base} today"])
    found = likeness.nearest(likeness.numbered([f"{base} today"]), others, 0.5).to_dicts()
    assert [(int(row["nearest"]), row["similarity"]) for row in found] == [(1, 1.0)]


def test_pairs_across_blocks_are_those_of_all_texts_and_texts_without_shingles_have_none() -> None:
    """150 texts, 40 of them different, in blocks of 64: equal texts share every band, so that all pairs are found."""
    texts = [f"the {number % 40} quiet harbours of winter {number % 40} lie open to the grey northern wind" * 2
             for number in range(150)] + ["", "a", ""]  # fmt: skip
    others = [*texts[30:75], "", "b"]
    one, other = likeness.side(likeness.numbered(texts)), likeness.side(likeness.numbered(others))
    for left, right, first, second in ((one, other, texts, others), (one, one, texts, texts)):
        blocks = list(likeness.near(left, right, 1.0))
        assert [len(block) > 0 for block in blocks] == [True] * 3
        pairs = [pair for block in blocks for pair in block.select("at", "beside").rows()]
        assert pairs == [(at, beside) for at, text in enumerate(first) for beside, other_text in enumerate(second)
                         if len(text) > 1 and text == other_text]  # fmt: skip
