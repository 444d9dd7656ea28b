"""The share of Hangul among letters: what is not a letter counts for nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.script import hangul_share, has_letters, language_of

HANGUL = st.text(st.sampled_from("가나다한글ㄱㅏ"), max_size=20)
OTHER = st.text(st.sampled_from("abcÄßλЖ漢ひ"), max_size=20)
SIGNS = st.text(st.sampled_from("0123456789 .,!?\n-+=<>₩%~🙂"), max_size=20)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0.0),
        ("12 + 30 = 42!", 0.0),
        ("plain words", 0.0),
        ("영어로", 1.0),
        ("영어로: 12 + 3", 1.0),  # figures and signs have no script
        ("사과 ab", 0.5),
        ("한 abc", 0.25),
        ("ㅋㅋㅋ", 1.0),  # jamo by themselves
        ("\u1100\u1161", 1.0),  # the same syllable taken apart (NFD)
        ("漢字 かな", 0.0),
    ],
)
def test_shares_worked_by_hand(text: str, share: float) -> None:
    assert hangul_share(text) == share


@given(hangul=HANGUL, other=OTHER, signs=SIGNS, order=st.randoms(use_true_random=False))
def test_only_letters_count_and_their_order_does_not(hangul: str, other: str, signs: str, order) -> None:
    characters = list(hangul + other + signs)
    order.shuffle(characters)
    text = "".join(characters)
    letters = len(hangul) + len(other)
    assert has_letters(text) == (letters > 0)
    assert hangul_share(text) == (len(hangul) / letters if letters else 0.0)


@pytest.mark.parametrize(
    ("text", "wanted", "language"),
    [("하늘은?", "auto", "ko"), ("the sky", "auto", "en"), ("", "auto", "en"), ("가나다 abcdefg", "auto", "ko"),
     ("가나 abcdefg", "auto", "en"), ("하늘은?", "en", "en"), ("the sky", "ko", "ko")],
)  # fmt: skip
def test_the_language_of_prompts_follows_the_script_unless_one_is_wanted(text: str, wanted: str, language: str) -> None:
    assert language_of(text, wanted) == language
