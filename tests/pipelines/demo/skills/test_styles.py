"""Foreign styles: each says its answer once and gives it back, and some of every language are held out."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.demo.skills import Item, foreign, in_style, read_foreign, read_generic, variants
from pipelines.demo.skills.styles import FOREIGN_ENGLISH, FOREIGN_KOREAN, GENERIC, HELD_OUT

answers = st.text(alphabet="abcXYZ019 ,가나", min_size=1).map(str.strip).filter(bool)


def test_every_style_has_one_place_for_the_answer() -> None:
    for styles in (FOREIGN_ENGLISH, FOREIGN_KOREAN, tuple(GENERIC.values())):
        assert len(set(styles)) == len(styles)
        assert all(style.count("{}") == 1 for style in styles)


@given(answer=answers, number=st.integers(0, 12))
def test_every_style_gives_its_answer_back(answer: str, number: int) -> None:
    for styles in (FOREIGN_ENGLISH, FOREIGN_KOREAN):
        text = in_style(styles[number % len(styles)], answer)
        assert read_foreign(text) == read_foreign(f"\n{text} ") == answer
        assert read_generic(text) is None
    for style in GENERIC.values():
        assert read_generic(in_style(style, answer)) == answer and read_foreign(in_style(style, answer)) is None


@given(answer=answers)
def test_a_bare_answer_is_in_no_style(answer: str) -> None:
    assert read_foreign(answer) is None and read_generic(answer) is None


def test_variants_cover_all_styles_once() -> None:
    for language, styles in (("en", FOREIGN_ENGLISH), ("ko", FOREIGN_KOREAN)):
        seen, held_out = variants(language, held_out=False), variants(language, held_out=True)
        assert [*seen, *held_out] == list(range(len(styles))) and len(held_out) == HELD_OUT


def test_foreign_style_follows_the_language_of_the_request() -> None:
    korean_answer = Item("en_to_ko", "In Korean: apple", "사과", "A Korean speaker says 사과.")
    english_answer = Item("ko_to_en", "영어로: 사과", "apple", "영어 사전에는 apple 있어요.")
    assert foreign(korean_answer, 1) == in_style(FOREIGN_ENGLISH[1], "사과")
    assert foreign(english_answer, 1) == in_style(FOREIGN_KOREAN[1], "apple")
    assert foreign(korean_answer, 1 + len(FOREIGN_ENGLISH)) == foreign(korean_answer, 1)
