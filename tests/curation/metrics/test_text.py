import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.metrics import text

SAMPLE = st.text(alphabet="ab 가나.-é", max_size=12)


def test_verbatim_ignores_white_space_around_a_text_and_nothing_else():
    assert text.verbatim("RUE", " RUE\n") == 1.0
    assert [text.verbatim("RUE", other) for other in ("rue", "RUE.", "R UE", "")] == [0.0] * 4


def test_exact_match_ignores_case_spaces_form_and_the_full_stop():
    assert text.exact_match("Seoul", " seoul. ") == 1.0
    assert text.exact_match("서울", "\u1109\u1165\u110b\u116e\u11af") == 1.0  # the same syllables, decomposed
    assert text.exact_match("-5", "5") == 0.0
    assert text.exact_match("", "") == 1.0


def test_contains_needs_a_reference():
    assert text.contains("new york", "It is New  York.") == 1.0
    assert text.contains("paris", "It is New York.") == 0.0
    assert text.contains("", "anything") == 0.0


def test_the_first_word_counts_whatever_follows():
    assert [text.first_word("signs", said) for said in ("signs", ' "Signs," he said', "signs of")] == [1.0] * 3
    assert [text.first_word("signs", said) for said in ("signsof", "the signs", "", "sign's")] == [0.0] * 4
    assert text.first_word("서울", "서울, 그리고") == 1.0
    assert text.first_word("서울", "서울은") == 0.0
    assert text.first_word("New York", "new york city") == 1.0
    assert text.first_word("...", "...") == 0.0


def test_tokens_of_mixed_scripts():
    assert text.tokens("GPT4는 서울에서 café 12,345") == ["gpt4", "는", "서", "울", "에", "서", "café", "12", "345"]
    assert text.tokens("-> !") == ["-", ">", "!"]
    assert text.tokens(" \n") == []


def test_rouge_l_by_hand():
    # the example of Lin (2004), section 3.1: "police kill the gunman" shares 3 and 2 words in order with the reference
    assert text.rouge_l("police killed the gunman", "police kill the gunman") == text.Rouge(0.75, 0.75, 0.75)
    assert text.rouge_l("police killed the gunman", "the gunman kill police").f == 0.5
    # candidate of 2, reference of 4 tokens, both of the candidate's in order
    score = text.rouge_l("a b c d", "b d")
    assert (score.precision, score.recall) == (1.0, 0.5)
    assert score.f == pytest.approx(2 / 3)


def test_rouge_l_of_korean_sees_through_particles():
    assert text.rouge_l("학교에 갔다", "학교에 갔다").f == 1.0
    assert text.rouge_l("학교에 갔다", "학교를 갔다").f == pytest.approx(4 / 5)
    assert text.rouge_l("학교", "바다").f == 0.0


def test_rouge_l_of_texts_without_letters():
    assert text.rouge_l("->", "->").f == 1.0
    assert text.rouge_l("", "").f == 1.0
    assert text.rouge_l("", "word") == text.Rouge(0.0, 0.0, 0.0)


@given(SAMPLE, SAMPLE)
def test_rouge_l_properties(first: str, second: str):
    assert text.rouge_l(first, first).f == 1.0
    forward, backward = text.rouge_l(first, second), text.rouge_l(second, first)
    assert forward.f == pytest.approx(backward.f)
    assert forward.precision == pytest.approx(backward.recall) or not (first.strip() and second.strip())
    assert 0.0 <= forward.f <= 1.0


@given(st.lists(SAMPLE, max_size=4), st.lists(SAMPLE, max_size=4))
def test_batches_agree_with_single_pairs(references: list[str], candidates: list[str]):
    table = text.rouge_l_matrix(references, candidates)
    assert table.shape == (len(references), len(candidates))
    for i, reference in enumerate(references):
        for j, candidate in enumerate(candidates):
            assert table[i, j] == pytest.approx(text.rouge_l(reference, candidate).f)
    pairs = min(len(references), len(candidates))
    np.testing.assert_allclose(
        text.rouge_l_pairs(references[:pairs], candidates[:pairs]), np.diagonal(table[:pairs, :pairs])
    )


def test_pairs_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="1 references for 2 candidates"):
        text.rouge_l_pairs(["a"], ["a", "b"])
