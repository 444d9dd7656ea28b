"""Rules for Korean at their thresholds, from both sides; what they count, by hand."""

import polars as pl
import pytest

from curation.rules import rule
from curation.rules.korean import korean

RULES = korean()
PROSE = (
    "훈민정음은 세종대왕이 만든 문자의 이름이다. 백성이 쉽게 배워 쓰도록 하려는 뜻에서 1443년에 만들어졌으며, "
    "3년 뒤에 해설서와 함께 널리 알려졌다. 오늘날에는 한글이라고 부른다."
)


def scores(text: str) -> dict[str, float | None]:
    row = rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), RULES).row(0, named=True)
    return {name.removeprefix("korean."): value for name, value in row.items() if name != "doc_id"}


def fails(text: str) -> str | None:
    scored = rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), RULES)
    failing = rule.decide(scored, RULES)["first_failing_rule"][0]
    return failing and failing.removeprefix("korean.")


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        ("구름 바람", "words"),
        ("구름 바람 하늘", None),
        ("가나 다라 마 바", None),  # 6 characters in 4 words
        ("가나 다 마 바", "mean_word_length"),
        ("가" * 10 + " 나" + "나" * 9 + " " + "다" * 10, None),
        ("가" * 10 + " 나" + "나" * 9 + " " + "다" * 11, "mean_word_length"),
        ("가나 다라 abc def", None),  # 4 syllables among 10 characters
        ("가나 다라 abc defg", "hangul"),  # 4 among 11
        ("가나다 라마바 사아ㅋㅋ", None),  # 2 jamo among 10 characters
        ("가나다 라마바 사ㅋㅋ", "jamo"),  # 2 among 9
        ("구름 " * 8 + "책은 물이", None),
        ("구름 " * 9 + "책은", "endings"),
        ("구름 " * 9, None),  # nine words are too few to judge by
        ("구름 " * 10, "endings"),
    ],
)
def test_each_bound_from_both_sides(text: str, failing: str | None) -> None:
    assert fails(text) == failing


def test_lines_that_end_like_a_sentence() -> None:
    ended, open_ended = "책은 물이 있다", "책은 물이 구름"
    assert fails("\n".join([ended] * 3 + [open_ended] * 22)) is None  # .12
    assert fails("\n".join([ended] * 2 + [open_ended] * 23)) == "sentence_lines"
    assert fails("\n".join([open_ended] * 2)) is None  # two lines are too few to judge by
    assert fails("\n\n".join([open_ended] * 3)) == "sentence_lines"


@pytest.mark.parametrize(
    "end", ["다", "요", "죠", "까", "네", "음", "구름.", "구름!", "구름?", "구름。", "구름」", "구름”", "구름…"]
)
def test_a_sentence_ends_with_a_mark_or_without(end: str) -> None:
    assert scores(f"구름 {end} \n구름 바람\n구름 하늘")["sentence_lines"] == pytest.approx(1 / 3)


def test_words_with_particles_and_endings() -> None:
    inflected = "책은 나무가 물을 집에서 아이에게 학교까지 그것처럼 간다 먹고 보며 했습니다. 그랬어요! “밥은” 갔다가,"
    bare = "구름 책 은 가 다. a은 B다 2는 하늘은가을색 나무들은1"
    assert scores(inflected)["endings"] == 1.0
    assert scores(bare)["endings"] == 0.0


def test_every_score_by_hand() -> None:
    assert scores("나는 책을 읽는다. ㅋㅋㅋ\n2024년 book 좋은 글 한 편 더 본다") == {
        "words": 12.0,
        "mean_word_length": pytest.approx(28 / 12),
        "hangul": pytest.approx(16 / 28),
        "jamo": pytest.approx(3 / 28),
        "endings": pytest.approx(5 / 12),  # 나는 책을 읽는다. 좋은 본다
        "sentence_lines": None,
    }


def test_prose_passes() -> None:
    assert fails(PROSE) is None
    assert scores(PROSE)["endings"] > 0.6


def test_other_languages_are_not_judged() -> None:
    assert set(scores("word").values()) == {None}
    assert scores("가나다abcdefg")["words"] == 1.0  # three characters in ten are Hangul
    assert scores("가나abcdefgh")["words"] is None


def test_settings_move_the_rules() -> None:
    frame = pl.DataFrame({"doc_id": ["d"], "text": ["구름 바람"]})
    assert rule.decide(rule.score(frame, korean(min_words=2)), korean(min_words=2))["first_failing_rule"][0] is None
    few = korean(endings_from_words=2, min_words=None)
    assert rule.decide(rule.score(frame, few), few)["first_failing_rule"][0] == "korean.endings"
