import math
from collections.abc import Iterable, Iterator

import polars as pl
import pytest

from curation.errors import InputError
from curation.model import Score, ScoreRequest
from curation.quality.grades import GRADES, GradeOptions, grade

CHANCES = {"0": 0.1, "1": 0.2, "2": 0.3}
ASKED = GradeOptions(prompt="Rate: {text}!", grades=tuple((name, float(name)) for name in CHANCES), characters=10)


class Judge:
    """Grades a text without 'good' as in CHANCES, one with it the other way round; the last one first."""

    def __init__(self, leave_out: int = 0) -> None:
        self.seen: list[ScoreRequest] = []
        self.leave_out = leave_out

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        self.seen = list(requests)
        for one in reversed(self.seen[self.leave_out :]):
            question = one.context if isinstance(one.context, str) else one.context[0][1]
            if "unreadable" in question:
                yield Score(one.id, (), (), "prompt of 99 tokens")
                continue
            name = str(2 - int(one.continuation)) if "good" in question else one.continuation
            yield Score(one.id, (math.log(CHANCES[name]) / 2,) * 2, (1, 2))


def _documents(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"doc_id": [str(i) for i in range(len(texts))], "text": list(texts)})


def test_the_expected_grade():
    found = grade(_documents("plain {text}", "good", "unreadable"), Judge(), ASKED)
    assert found.schema == GRADES
    assert found["score"].to_list()[:2] == pytest.approx([(0.2 + 2 * 0.3) / 0.6, (0.2 + 2 * 0.1) / 0.6])
    assert found["certainty"].to_list()[:2] == pytest.approx([0.5, 0.5])
    assert found["mass"].to_list()[:2] == pytest.approx([0.6, 0.6])
    assert found.row(2) == ("2", None, None, None, 10, "prompt of 99 tokens")
    assert found["characters"].to_list() == [10, 4, 10]


def test_what_is_asked():
    judge = Judge()
    grade(_documents("a text of more than ten"), judge, ASKED)
    assert {one.context for one in judge.seen} == {(("user", "Rate: a text of !"),)}
    assert [one.continuation for one in judge.seen] == ["0", "1", "2"]
    grade(_documents("x"), judge, GradeOptions(prompt="{text}?", grades=ASKED.grades, chat=False))
    assert {one.context for one in judge.seen} == {"x?"}


def test_a_request_without_an_answer_is_found_out():
    with pytest.raises(ValueError, match="1 requests without a score"):
        grade(_documents("a"), Judge(leave_out=1), ASKED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": "no place"},
        {"prompt": "{text} {text}"},
        {"grades": (("1", 1.0),)},
        {"grades": (("1", 1.0), ("1", 2.0))},
        {"characters": 0},
    ],
)
def test_refusals(wrong: dict):
    with pytest.raises(InputError, match="expected"):
        GradeOptions(**wrong)
