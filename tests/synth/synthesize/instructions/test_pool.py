"""What is shown and compared with: everybody's turn comes, and Korean is compared by syllables."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation.metrics.text import rouge_l, rouge_l_matrix
from curation.readers.rows import records
from synth.synthesize.attempt import Source
from synth.synthesize.instructions.options import InstructionsOptions
from synth.synthesize.instructions.pool import Task, read

Make = Callable[..., pl.DataFrame]
OPTIONS = InstructionsOptions()


def seeds(make_rows: Make, count: int = 20) -> pl.DataFrame:
    return make_rows([{"prompt": f"Task of number {n}", "completion": f"done {n}"} for n in range(count)])


def test_six_of_people_s_and_two_made_ones_are_shown_and_everybody_s_turn_comes(make_rows: Make) -> None:
    pool, unused = read(seeds(make_rows), OPTIONS, 1)
    assert unused == {} and len(pool.human) == 20
    counted: Counter[str] = Counter()
    for number in range(20):
        shown = pool.shown(OPTIONS, number)
        assert len(shown) == 6 and all(task.human for task in shown)
        counted.update(task.source.id for task in shown)
    assert set(counted.values()) == {6}
    source = Source("made", "t", None, None)
    pool.made.append(Task(source, "made 0", "", False))
    assert all(task.human for task in pool.shown(OPTIONS, 20))  # too few yet
    pool.made.append(Task(source, "made 1", "", False))
    shown = pool.shown(OPTIONS, 21)
    assert len(shown) == 8 and sum(task.human for task in shown) == 6
    again, _ = read(seeds(make_rows).reverse(), OPTIONS, 1)
    assert [task.text for task in again.human] == [task.text for task in pool.human]


def test_every_pass_through_people_s_tasks_has_an_order_of_its_own(make_rows: Make) -> None:
    pool, _ = read(seeds(make_rows), OPTIONS, 1)
    one = InstructionsOptions(human=1, generated=0)
    passes = [[pool.shown(one, number)[0].source.id for number in range(20)] for _ in range(2)]
    assert passes[0] != passes[1] and sorted(passes[0]) == sorted(passes[1])


def test_rows_that_cannot_be_shown_say_why(make_rows: Make) -> None:
    rows = make_rows(
        [
            {"prompt": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
                        {"role": "user", "content": "c"}], "completion": "d"},
            {"prompt": "x" * 2000, "completion": "y"},
            {"prompt": "one\n\ntwo", "completion": "y"},
            {"prompt": "fine", "completion": "y"},
            {"prompt": "of its answer", "completion": "one\n\ntwo"},
        ]
    )  # fmt: skip
    pool, unused = read(rows, InstructionsOptions(form="list"), 1)
    assert [task.text for task in pool.human] == ["fine"]
    assert [drop.rule for drop in unused.values()] == ["several_turns", "too_long", *["not_listable"] * 2]


def test_likeness_is_that_of_rouge_l(make_rows: Make) -> None:
    pool, _ = read(seeds(make_rows, 3), OPTIONS, 1)
    every, scores = pool.nearest(["Task of number 2", "완전히 다른 과제"])
    assert scores.shape == (3, 2)
    assert [task.text for task, score in zip(every, scores[:, 0], strict=True) if score == 1] == ["Task of number 2"]


@pytest.mark.shared_data
def test_the_published_seeds_make_a_pool(shared_data: Path, make_rows: Make) -> None:
    """175 seeds, one of each task; hardly any is as like another as a made-up one may not be."""
    found = [row for _, row in records(shared_data / "instructions" / "self-instruct-seeds.jsonl.gz")]
    rows = []
    for row in found:
        assert isinstance(row, dict)
        first = row["instances"][0]
        asked = "\n\n".join(text for text in (row["instruction"], first["input"]) if text)
        rows.append({"prompt": asked, "completion": first["output"]})
    pool, unused = read(make_rows(rows), OPTIONS, 1)
    assert len(rows) == 175 and len(pool.human) + len(unused) == 175 and len(unused) < 20
    texts = [row["instruction"] for row in found if isinstance(row, dict)]
    scores = rouge_l_matrix(texts, texts)
    np.fill_diagonal(scores, 0)
    assert (scores.max(axis=0) > OPTIONS.max_rouge).mean() < 0.06


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "key"), [("korean-chatbot", "Q"), ("korean-human-rights-qa", "질의")])
def test_korean_texts_are_like_themselves_and_unlike_others(shared_data: Path, name: str, key: str) -> None:
    """A tokeniser that drops what is not ASCII scores equal Korean texts 0, and lets every one in again."""
    rows = [row for _, row in records(shared_data / "instructions" / f"{name}.jsonl.gz") if isinstance(row, dict)]
    texts = list(dict.fromkeys(row[key] for row in rows))[:300]
    scores = rouge_l_matrix(texts, texts)
    assert (np.diag(scores) == 1).all()
    np.fill_diagonal(scores, 0)
    assert np.median(scores) < 0.5 and (scores.max(axis=0) <= OPTIONS.max_rouge).mean() > 0.5
    # Korean is spaced freely: what is left of the likeness without its spaces is all of it, but for glued numbers.
    likeness = [rouge_l(text, text.replace(" ", "")).f for text in texts]
    assert np.mean(likeness) > 0.99
