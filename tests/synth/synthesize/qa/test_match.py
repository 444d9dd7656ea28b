"""Is a reply the expected answer: English and Korean, right and wrong."""

import pytest

from curation.model import Request, Response, Sampling
from synth.synthesize.attempt import Ask, Attempt, Source
from synth.synthesize.qa.match import answers_alike


def reply(text: str, finish: str = "stop") -> Attempt:
    request = Request("r", "p", Sampling(8))
    return Attempt(Ask(Source("s", "t", None, None), request), Response("r", 0, text, (), finish, 1), "e", "m")


@pytest.mark.parametrize(
    ("answer", "text"),
    [("Ada Brand", "ada brand."), ("Ada Brand", "It was built by Ada Brand."), ("in 1904", "1904"),
     ("1904", "In 1904."),
     ("12 piers", "twelve, that is 12"), ("세종대왕", "세종대왕이 만들었다."), ("1443년", "1443년에"),
     ("yes", "Yes, it did."),
     ("3만 5천", "35,000")],
)  # fmt: skip
def test_the_same_answer_in_other_words_is_the_same(answer: str, text: str) -> None:
    assert answers_alike("answerable", answer, reply(text)).passed


@pytest.mark.parametrize(
    ("answer", "text", "finish"),
    [("the engineer Ada Brand, in 1904", "Bert Stone, in 1904", "stop"),
     ("Ada Brand", "Ada", "stop"), ("Ada Brand", "not Ada Brand", "stop"), ("1904", "1905", "stop"),
     ("1904", "", "stop"),
     ("세종대왕", "세종", "stop"), ("yes", "No.", "stop"), ("Ada Brand", "Ada Brand", "length"), ("Ada", "", "refused"),
     ("Ada Brand", "Ada Brand " * 20, "stop")],
)  # fmt: skip
def test_another_answer_or_half_of_one_is_not(answer: str, text: str, finish: str) -> None:
    assert not answers_alike("answerable", answer, reply(text, finish)).passed
