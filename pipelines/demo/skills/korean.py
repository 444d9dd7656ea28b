"""Skills in Korean and across both languages: syllables, particles, translation, categories."""

from .draws import known_words, korean_word
from .english import look_up
from .skill import Skill
from .vocabulary import CATEGORY, ENGLISH, KOREAN

_FIRST, _FINALS = ord("가"), 28  # the first syllable, and the number of final consonants with none counted


def is_korean_word(content: str) -> bool:
    """Whether the content is one word of Hangul syllables."""
    return bool(content) and all("가" <= syllable <= "힣" for syllable in content)


def _reverse(content: str) -> str | None:
    return content[::-1] if is_korean_word(content) else None


def _count(content: str) -> str | None:
    return str(len(content)) if is_korean_word(content) else None


def _topic(content: str) -> str | None:
    """The word with its topic particle: 은 after a final consonant, 는 after a vowel."""
    if not is_korean_word(content):
        return None
    return content + ("은" if (ord(content[-1]) - _FIRST) % _FINALS else "는")


def _reverse_topic(content: str) -> str | None:
    return _topic(content[::-1])


def _to_english(content: str) -> str | None:
    return look_up(ENGLISH, content)


def _to_korean(content: str) -> str | None:
    return look_up(KOREAN, content)


def _english_category(content: str) -> str | None:
    english = look_up(ENGLISH, content)
    return None if english is None else look_up(CATEGORY, english)


SKILLS: tuple[Skill, ...] = (
    Skill(
        "ko_reverse", "ko", False, ("거꾸로 쓰기: {}", "단어를 뒤집으세요: {}"),
        "뒤집으면 {} 됩니다.", korean_word(2, 5), _reverse,
    ),
    Skill(
        "ko_count", "ko", False, ("글자 수 세기: {}", "몇 글자인가요: {}"),
        "모두 {}글자예요.", korean_word(1, 7), _count,
    ),
    Skill(
        "ko_topic", "ko", False, ("은/는 붙이기: {}", "알맞은 조사를 붙이세요: {}"),
        "문장에서는 {} 하고 씁니다.", korean_word(1, 4), _topic,
    ),
    Skill(
        "ko_to_en", "both", False, ("영어로: {}", "영어 단어로 옮기세요: {}"),
        "영어 사전에는 {} 있어요.", known_words(list(ENGLISH), 3), _to_english, facts=True,
    ),
    Skill(
        "en_to_ko", "both", False, ("In Korean: {}", "Translate into Korean: {}"),
        "A Korean speaker says {}.", known_words(list(KOREAN), 3), _to_korean, facts=True,
    ),
    Skill(
        "ko_category", "both", True, ("영어로 분류: {}", "무엇에 속하는지 영어로: {}"),
        "영어 갈래로는 {} 쪽이에요.", known_words(list(ENGLISH), 3), _english_category, facts=True,
    ),
    Skill(
        "ko_reverse_topic", "ko", True, ("뒤집고 은/는 붙이기: {}", "거꾸로 쓴 다음 조사를 붙이세요: {}"),
        "뒤집은 말로는 {} 맞아요.", korean_word(2, 4), _reverse_topic,
    ),
)  # fmt: skip
