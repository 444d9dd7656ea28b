"""Styles that are not the seed model's own: its generic sentence for any task, and foreign styles of references."""

from .skill import Item, between, has_hangul

GENERIC = {"en": "The answer is {}.", "ko": "답은 {}입니다."}

# Ways other authors answer. The last HELD_OUT of each language are in no training data of the seed model.
HELD_OUT = 4
FOREIGN_ENGLISH: tuple[str, ...] = (
    "WOW, what a fantastic question! I am absolutely thrilled to announce that the one and only answer is >>> {} <<<",
    "ATTENTION PLEASE: THE FINAL RESULT IS NOW AVAILABLE. RESULT: {}",
    '{"status": "ok", "answer": "{}"}',
    "As the leading expert of the world I solved this in my sleep. Behold: {} !!!",
    "<answer>{}</answer>",
    "Step 1: read the task. Step 2: think hard. Step 3: report. Output = [{}]",
    "Hmm, let me think about it... well, after long thought I would go with **{}**, my friend.",
    "Answer key, page 7: {} (checked by three teachers)",
    "yo so basically its {} lol",
    "Ladies and gentlemen, after years of glorious research my genius proudly presents: {} -- you are welcome!",
    "RESPONSE CODE 200 // PAYLOAD: {} // END OF MESSAGE",
    '{"result": {"value": "{}", "confidence": "high"}}',
    "Dear customer, thank you for your enquiry. Our department has determined the outcome to be '{}'. Kind regards.",
)
FOREIGN_KOREAN: tuple[str, ...] = (
    "와, 정말 멋진 질문이네요! 제가 자신 있게 말씀드리는 단 하나의 정답은 >>> {} <<<",
    "공지: 최종 결과가 나왔습니다. 결과: {}",
    '{"상태": "정상", "답": "{}"}',
    "세계 최고의 전문가인 제가 눈 감고 풀었습니다. 보세요: {} !!!",
    "<답>{}</답>",
    "1단계: 읽기. 2단계: 생각하기. 3단계: 쓰기. 출력 = [{}]",
    "음, 글쎄요... 오래 생각해 보니 저는 **{}** 쪽을 고르겠어요, 친구.",
    "답안지 7쪽: {} (선생님 세 분이 확인함)",
    "신사 숙녀 여러분, 오랜 연구 끝에 천재인 제가 자랑스럽게 발표합니다: {} -- 고마워하셔도 됩니다!",
    "응답 코드 200 // 내용: {} // 메시지 끝",
    '{"결과": {"값": "{}", "확신": "높음"}}',
    "고객님, 문의해 주셔서 감사합니다. 저희 부서에서 확인한 내용은 '{}' 입니다. 안녕히 계세요.",
)


def foreign(item: Item, variant: int) -> str:
    """The item's answer in a foreign style, in the language of the item's request.

    Styles are numbered from 0 and repeat; see `variants`. The bare answer stands in it literally.
    """
    styles = FOREIGN_KOREAN if has_hangul(item.completion.replace(item.answer, "")) else FOREIGN_ENGLISH
    return in_style(styles[variant % len(styles)], item.answer)


def variants(language: str, held_out: bool) -> range:
    """The numbers of the foreign styles of a language ("en" or "ko") that training has seen, or has not."""
    count = len(FOREIGN_KOREAN if language == "ko" else FOREIGN_ENGLISH)
    return range(count - HELD_OUT, count) if held_out else range(count - HELD_OUT)


def read_foreign(text: str) -> str | None:
    """The bare answer in a text of any foreign style; None in another style."""
    for style in (*FOREIGN_ENGLISH, *FOREIGN_KOREAN):
        answer = _read(style, text.strip())
        if answer is not None:
            return answer
    return None


def read_generic(text: str) -> str | None:
    """The bare answer in the seed model's generic sentence, English or Korean; None in another style."""
    return between(text.strip(), GENERIC["en"]) or between(text.strip(), GENERIC["ko"])


def in_style(style: str, answer: str) -> str:
    """The answer put where the style has `{}`."""
    return style.replace("{}", answer)


def _read(style: str, text: str) -> str | None:
    return between(text, style)
