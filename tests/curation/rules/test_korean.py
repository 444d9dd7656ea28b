"""Rules for Korean at their thresholds, from both sides; what they count, by hand."""

import polars as pl
import pytest

from curation.rules import rule
from curation.rules.korean import korean
from curation.rules.rule import Rule

RULES = korean()
PROSE = (
    "훈민정음은 세종대왕이 만든 문자의 이름이다. 백성이 쉽게 배워 쓰도록 하려는 뜻에서 1443년에 만들어졌으며, "
    "3년 뒤에 해설서와 함께 널리 알려졌다. 오늘날에는 한글이라고 부른다."
)
LINE = "백성이 쉽게 배워 쓰도록 하려는 뜻에서 만들었다."


def scores(text: str) -> dict[str, float | None]:
    row = rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), RULES).row(0, named=True)
    return {name.removeprefix("korean."): value for name, value in row.items() if name != "doc_id"}


def fails(text: str, rules: tuple[Rule, ...] = RULES) -> str | None:
    scored = rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), rules)
    failing = rule.decide(scored, rules)["first_failing_rule"][0]
    return failing and failing.removeprefix("korean.")


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        ("구름 바람", "words"),
        ("구름 바람 하늘", None),
        ("가나 다라 마 바", None),  # 6 characters in 4 words
        ("가나 다 마 바", "mean_word_length"),
        ("가나" * 5 + " " + "다라" * 5 + " " + "마바" * 5, None),
        ("가나" * 5 + " " + "다라" * 5 + " " + "마바" * 5 + "사", "mean_word_length"),
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
    rules = korean(max_duplicate_lines=None, max_duplicate_line_characters=None, max_duplicate_grams=None,
                   max_top_gram=None)  # fmt: skip
    assert fails("\n".join([ended] * 3 + [open_ended] * 22), rules) is None  # .12
    assert fails("\n".join([ended] * 2 + [open_ended] * 23), rules) == "sentence_lines"
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
        "emoticons": 0.0,
        "foreign": 0.0,
        "spacing": None,
        "endings": pytest.approx(5 / 12),  # 나는 책을 읽는다. 좋은 본다
        "sentence_lines": None,
        "duplicate_lines": None,
        "duplicate_line_characters": None,
        "duplicate_grams": None,
        "top_gram": None,
        "runs": 0.0,
    }


@pytest.mark.parametrize(
    ("text", "name", "score"),
    [
        ("정말 좋아요 ^^ !!", "emoticons", 4 / 9),
        ("좋다 ㅇㅅㅇ 😀 ♥", "emoticons", 5 / 7),
        ("좋다! (정말?) - 1;", "emoticons", 0.0),
        ("가나다 щфя 漢 ab", "foreign", 3 / 9),
        ("가나다라마바사아자차카타파하거너더러머버", "spacing", 1 / 20),
        ("가 나 다 라 마 바 사 아 자 차 카 타 파 하 거 너 더 러 머 버", "spacing", 1.0),
        ("가나\n다라\n가나\n가나다라", "duplicate_lines", 1 / 4),
        ("가나\n다라\n가나\n가나다라", "duplicate_line_characters", 2 / 10),
        ("좋다 굿굿굿굿굿굿", "runs", 6 / 8),
    ],
)
def test_scores_by_hand(text: str, name: str, score: float) -> None:
    assert scores(text)[name] == pytest.approx(score)


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        (PROSE + " ^^" * 17, None),  # 34 characters among 114
        (PROSE + " ^^" * 20, "emoticons"),
        (PROSE + " " + "щ" * 17, None),
        (PROSE + " " + "щ" * 8 + " " + "я" * 13, "foreign"),
        (PROSE.replace(" ", ""), "words"),
        (" ".join(PROSE.replace(" ", "")), "mean_word_length"),
        ("가나다라마바사아자차카타 1 2 파하거너더러머버서어저처 3 4", "spacing"),
        ("\n".join([PROSE, "문의해 주세요.", "문의해 주세요."]), "duplicate_lines"),
        ("\n".join([LINE, "짧다.", "길다.", LINE]), "duplicate_line_characters"),
        (PROSE + " " + PROSE, "duplicate_grams"),
        (" ".join(f"무료상담은 {each}번입니다." for each in "가나다라마바사아자차카타파하"), "top_gram"),
        ("정말 좋다 " + "아" * 9, "runs"),
    ],
)
def test_what_the_newer_rules_drop(text: str, failing: str | None) -> None:
    assert fails(text) == failing


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
