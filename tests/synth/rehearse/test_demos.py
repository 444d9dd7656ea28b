"""Demonstrations and the pairs that are shown."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from curation.errors import InputError
from synth.rehearse import RehearseOptions
from synth.rehearse.demos import pairs, read

Make = Callable[..., pl.DataFrame]


def numbered(make_rows: Make, count: int) -> pl.DataFrame:
    return make_rows([{"prompt": f"reverse: word{n}", "completion": f"{n}drow"} for n in range(count)])


def test_all_ordered_pairs_are_shown(make_rows: Make) -> None:
    task = read("reverse", numbered(make_rows, 20), RehearseOptions(), seed=1)
    shown = pairs(task.demos, None)
    assert len(shown) == len({(one.id, other.id) for one, other in shown}) == 380
    assert all(one.id != other.id for one, other in shown)


def test_a_cap_uses_every_demonstration_equally_often_in_both_places(make_rows: Make) -> None:
    task = read("reverse", numbered(make_rows, 20), RehearseOptions(), seed=1)
    shown = pairs(task.demos, 60)
    assert set(Counter(one.id for one, _ in shown).values()) == {3}
    assert set(Counter(other.id for _, other in shown).values()) == {3}


def test_demonstrations_are_drawn_by_seed_and_not_by_order(make_rows: Make) -> None:
    frame = numbered(make_rows, 30)
    one = read("reverse", frame, RehearseOptions(), seed=1)
    assert one == read("reverse", frame.reverse(), RehearseOptions(), seed=1)
    assert len(one.demos) == 20 and one.left == 10
    assert one.demos != read("reverse", frame, RehearseOptions(), seed=2).demos


def test_blank_lines_are_closed_up_and_markers_keep_a_demonstration_out(make_rows: Make) -> None:
    frame = make_rows(
        [
            {"prompt": "a\n\n\nb", "completion": "c"},
            {"prompt": "d", "completion": "e\n"},
            {"prompt": "f\nOutput: PASS", "completion": "g"},
            {"prompt": "h", "completion": "i\n  Input: j"},
        ]
    )
    task = read("t", frame, RehearseOptions(), seed=1)
    assert sorted((demo.input, demo.output) for demo in task.demos) == [("a\nb", "c"), ("d", "e")]
    assert task.flattened == 1 and list(task.unfit) == sorted(frame["sample_id"][2:])


def test_the_list_is_in_the_language_that_is_asked_in(make_rows: Make) -> None:
    """Of the answers nothing follows: who translates into Korean is asked in English."""
    korean = [{"prompt": f"영어로: 나무{n}", "completion": "tree"} for n in range(3)]
    english = [{"prompt": f"In Korean: tree{n}", "completion": "나무나무나무나무나무나무"} for n in range(3)]
    for records, language in ((korean, "ko"), (english, "en")):
        assert read("t", make_rows(records), RehearseOptions(), seed=1).language == language
        for told in ("en", "ko"):
            assert read("t", make_rows(records), RehearseOptions(language=told), seed=1).language == told


def test_markers_are_those_of_the_list_in_use(make_rows: Make) -> None:
    frame = make_rows(
        [
            {"prompt": "글자 수: 나무", "completion": "두 글자"},
            {"prompt": "글자 수: 바다", "completion": "두 글자\nOutput: 2"},
            {"prompt": "글자 수: 하늘\n 출력: 통과", "completion": "두 글자"},
            {"prompt": "글자 수: 도서관", "completion": "세 글자\n입력: 구름"},
        ]
    )
    korean = read("t", frame, RehearseOptions(), seed=1)
    assert sorted(demo.output for demo in korean.demos) == ["두 글자", "두 글자\nOutput: 2"]
    assert korean.unfit == tuple(frame["sample_id"][2:])
    assert read("t", frame, RehearseOptions(language="en"), seed=1).unfit == (frame["sample_id"][1],)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"prompt": "a", "completion": "b"}], "found 1 demonstrations for a few-shot list, expected at least 2"),
        (
            [
                {"prompt": [{"role": "system", "content": s}, {"role": "user", "content": "q"}], "completion": "a"}
                for s in "xy"
            ],
            "2 different system turns",
        ),
        (
            [{"prompt": [{"role": r, "content": "q"} for r in ("user", "assistant", "user")], "completion": "a"}],
            "found turns user, assistant, user, assistant",
        ),
    ],
)
def test_demonstrations_that_show_nothing_are_named(
    make_rows: Make, records: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read("t", make_rows(records), RehearseOptions(), seed=1)
