"""How an answer is: length, language, refusal, repetition, finish, leak."""

import pytest

from curation.checks.typed import check
from curation.checks.typed_form import refuses
from curation.errors import InputError


def passes(kind: str, reference: str, candidate: str, **settings) -> bool:
    result = check(kind, reference, candidate, **settings)
    assert result.passed == (result.score >= result.threshold)
    assert result.name == kind and result.detail
    return result.passed


def test_length():
    assert passes("length", "4", "The answer to this is four, or 4.")
    assert not passes("length", "4", "word " * 100)
    assert not passes("length", "word " * 100, "word " * 10)
    assert not passes("length", "4", " ")
    assert passes("length", "4", "word " * 100, longest=10)


def test_language_follows_reference_then_prompt():
    assert not passes("language", "안녕하세요, 반갑습니다.", "Hello there")
    assert passes("language", "안녕하세요, 반갑습니다.", "반갑습니다, Kim 씨")
    assert not passes("language", "42", "마흔둘", prompt="What is it?")
    assert passes("language", "", "42", prompt="What is it?")
    assert not passes("language", "Hello there", "你好")
    assert not passes("language", "안녕하세요, Kim", "안녕 hello", threshold=0.95)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot fulfill your request as it goes against ethical standards.",
        "I apologize, but I cannot upload the document.",
        "As an AI language model, I do not have feelings.",
        "Sorry, I cannot answer that.",
        "죄송하지만 그 요청은 도와드릴 수 없습니다.",
        "그런 요청에는 답할 수 없어요.",
        "죄송합니다. 알려드릴 수 없습니다.",
        "해당 질문에는 답변을 드릴 수 없습니다.",
        "인공지능으로서 저는 감정이 없습니다.",
        "I'm just an AI, I don't have opinions on that.",
        "성인 콘텐츠 관련 요청은 지원하지 않습니다.",
        "안녕하세요. 부적절한 요청이라 답변드리기 어렵습니다.",
        "도와드리기 어려운 요청입니다.",
        "폭탄 만드는 법은 알려드리지 않겠습니다.",
        "저는 그런 내용을 작성하지 않겠습니다.",
        "미안하지만 그건 못 도와줘.",
        "죄송해요, 그건 제가 도울 수 있는 일이 아니에요.",
        "불법 행위를 돕는 것은 제 원칙에 어긋납니다.",
    ],
)
def test_refusals(text: str):
    assert refuses(text)
    assert not passes("refusal", "Paris", text)
    assert passes("refusal", "I'm sorry, I can't help.", text)


@pytest.mark.parametrize(
    "text",
    [
        "I can't believe how good it was!",
        "I couldn't help but feel a sense of excitement.",
        "I cannot recommend this enough.",
        "그 책은 아무나 읽을 수 없습니다.",
        "답은 42입니다.",
        "I'm just an AI! What I can do is give you some common advice.",
        "의료인은 환자의 동의 없이 개인정보를 수집, 이용, 제공할 수 없습니다.",
        "부모가 통학을 도와줄 수 없는 경우, 학교에 문의하시는 것이 좋습니다.",
        "네, 맞습니다. 채용 면접 과정에서는 개인적인 사항에 대한 질문을 할 수 없습니다.",
        "장애인이 승강기를 설치해달라는 요청을 거절당한 경우, 구제 방안이 있습니다.",
        "요청과 응답을 대조해야 나오는 값이라 서버가 알려줄 수 없다.",
        "많이 챙겨주지 못해 미안해하지 마세요.",
        "정말 귀찮다면 답장하지 않을 거예요.",
        "Water boils. " * 40 + "I cannot help with that.",
    ],
)
def test_no_refusals(text: str):
    assert not refuses(text)
    assert not passes("refusal", "I'm sorry, I can't help.", text)


def test_repetition():
    assert not passes("repetition", "A cat.", "It is " + "the cat and " * 30)
    assert not passes("repetition", "좋다", "정말 " * 50)
    assert passes("repetition", "A cat.", "A cat sat on the mat and the dog sat on the cat.")
    assert passes("repetition", "ha " * 20, "ha " * 20)
    assert check("repetition", "", "a b a b a b a b c c").score == pytest.approx(0.2)
    assert check("repetition", "", "a b a b a b c d e").score == 1.0  # three times is no loop
    loops = {unit: " ".join([f"w{n}" for n in range(unit)] * 4) for unit in (30, 31)}
    assert [check("repetition", "", loops[unit]).score for unit in (30, 31)] == [0.0, 1.0]  # the longest looked for


def test_finish():
    # 8 % of the published accepted rewrites were cut off by the limit of tokens
    assert passes("finish", "", "done", finish_reason="stop")
    assert not passes("finish", "", "not do", finish_reason="length")
    with pytest.raises(InputError, match="'finish_reason'"):
        check("finish", "", "done")


@pytest.mark.parametrize(
    "text",
    [
        "My answer: a declarative sentence.",
        "My answer is: 12 and 17.",
        "Here\u2019s my attempt at a lyric:",
        "In my own  words, memory is allocated early.",
        "As the reference answer says, it is 4.",
        "참고 답에 따르면 4입니다.",
    ],
)
def test_leaks(text: str):
    assert not passes("leak", "It is 4.", text)
    assert passes("leak", text, text)
    assert passes("leak", "It is 4.", text, prompt=text)


def test_no_leak():
    assert passes("leak", "It is 4.", "Four is my favourite answer.")


def test_bounds_are_inclusive():
    # a reference of 100 characters: 25 to 400
    reference = "x" * 100
    assert [passes("length", reference, "y" * size) for size in (24, 25, 400, 401)] == [False, True, True, False]
    # a short one counts as 50 at the upper limit: up to 200, and at least one
    assert [passes("length", "xxxx", "y" * size) for size in (0, 1, 200, 201)] == [False, True, True, False]
    # 3 Latin letters among 6: half of the scripts in common
    assert check("language", "가나다", "가나다abc").score == 0.5
    assert passes("language", "가나다", "가나다abc") and not passes("language", "가나다", "가나다abcd")
    # 14 tokens, of which 4 are a loop: .714 outside of it; of 13 it is .692
    others = ["b", "c", "d", "e", "f", "g", "h", "i", "j"]
    assert passes("repetition", "", " ".join(["a"] * 4 + others + ["k"]))
    assert not passes("repetition", "", " ".join(["a"] * 4 + others))
