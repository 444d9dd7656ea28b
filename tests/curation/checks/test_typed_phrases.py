"""Lists of phrases as data: written in the form in which they are looked for, and each of them found."""

import pytest
import re2

from curation.checks import typed_phrases as phrases
from curation.checks.typed import check
from curation.checks.typed_result import folded

PATTERNS = (phrases.DENIAL_BEFORE, phrases.DENIAL_AFTER, phrases.SENTENCE_START, *phrases.REFUSALS)


@pytest.mark.parametrize("listed", ["PARTICLES", "COPULAS", "YES", "NO", "LEAKS"])
def test_phrases_are_in_folded_form_and_stand_once(listed: str):
    found = list(getattr(phrases, listed))
    assert found == [folded(phrase) for phrase in found]
    assert len(set(found)) == len(found)


def test_patterns_are_of_linear_time_and_match_folded_text():
    for pattern in PATTERNS:
        re2.compile(pattern)
        # what is searched is in lower case and has straight quotes: a capital or curly quote would never be found
        literal = pattern.replace("\\p{L}", "").replace("\\p{Hangul}", "")
        assert literal == literal.lower() and not set(literal) & set("‘’“”")


def test_a_longer_copula_is_taken_off_before_a_shorter_one_that_ends_it():
    for place, copula in enumerate(phrases.COPULAS):
        assert not any(copula.endswith(shorter) for shorter in phrases.COPULAS[:place])


@pytest.mark.parametrize("phrase", phrases.LEAKS)
def test_every_leak_is_found_and_allowed_where_the_prompt_has_it(phrase: str):
    said = f"Well, {phrase} 42."
    assert not check("leak", "It is 42.", said).passed
    assert check("leak", "It is 42.", said, prompt=said).passed


@pytest.mark.parametrize("particle", sorted(phrases.PARTICLES))
def test_every_particle_may_follow_an_answer(particle: str):
    assert check("short_answer", "서울", f"그것은 서울{particle} 한다").passed


@pytest.mark.parametrize("copula", phrases.COPULAS)
def test_every_copula_may_end_a_reference(copula: str):
    assert check("short_answer", f"서울{copula}.", "수도는 서울").passed


def test_yes_and_no_do_not_meet():
    assert not phrases.YES & phrases.NO
    for reference, others in (("yes", phrases.YES), ("no", phrases.NO)):
        opposite = "no" if reference == "yes" else "yes"
        for word in others:
            assert check("short_answer", reference, f"{word}, so it is").passed
            assert not check("short_answer", opposite, f"{word}, so it is").passed
