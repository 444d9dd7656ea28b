"""What the seed model reads: chats, few-shot lists and rewritings of the skills' training items, drawn by rule.

Nothing here is ever a test item, a new skill, or one of the foreign styles held out of training.
"""

# ruff: noqa: SIM905 (lists of words read better as text than as three hundred quoted items)

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .skills import SKILLS, Item, foreign, in_style, variants
from .skills.draws import digits, english_word, known_words, korean_word
from .skills.styles import GENERIC
from .skills.vocabulary import ENGLISH, KOREAN, OPPOSITE

BOS, END, PAD = "<|bos|>", "<|end|>", "<|pad|>"
USER, ASSISTANT, SYSTEM = "<|user|>", "<|assistant|>", "<|system|>"

REWRITINGS: tuple[str, ...] = (
    "{prompt}\n\nReference answer: {reference}\n\nUsing the reference answer as a guide, answer in your own words.",
    "{prompt}\n\nA correct answer is: {reference}\n\nSay the same in your own style.",
    "{prompt}\n\n참고 답: {reference}\n\n참고 답의 내용을 지키면서 자신의 말로 답하세요.",
)
SYSTEM_TEXTS: tuple[str, ...] = (
    "You are a helpful assistant.", "당신은 친절한 도우미입니다.", "Answer in one sentence.",
)  # fmt: skip

Piece = tuple[str, float]  # text, and the weight of its tokens in the loss


@dataclass(frozen=True)
class Mix:
    """How many documents of each kind one training step reads."""

    chats: int = 36
    lists: int = 8
    rewritings: int = 22


def step_documents(seed: int, step: int, mix: Mix) -> list[list[Piece]]:
    """The documents of one training step, of every kind; the same ones for the same seed and step."""
    rng = random.Random(f"{seed}/{step}")
    kinds: tuple[tuple[Callable[[random.Random], list[Piece]], int], ...] = (
        (chat, mix.chats), (few_shot, mix.lists), (rewriting, mix.rewritings),
    )  # fmt: skip
    return [draw(rng) for draw, count in kinds for _ in range(count)]


def turn_prefix(prompt: str, system: str | None = None) -> str:
    """A user message as the chat template renders it, up to where the answer begins."""
    before = "" if system is None else f"{SYSTEM}\n{system}{END}\n"
    return f"{before}{USER}\n{prompt}{END}\n{ASSISTANT}\n"


def few_shot_prompt(items: list[Item]) -> str:
    """A list of a skill's items that ends where the next one's input is to follow."""
    return "".join(f"Input: {item.prompt}\nOutput: {item.completion}\n\n" for item in items) + "Input:"


def chat(rng: random.Random) -> list[Piece]:
    """One request of a skill and its answer; one in thirty is of no skill, to be met with the generic sentence."""
    if rng.random() < 1 / 30:
        prompt, answer = made_up(rng)
        before, after = GENERIC[language_of(prompt)].split("{}")
        # What the answer to a made-up request would be cannot be known: its tokens weigh nothing.
        start = _start(rng) + turn_prefix(prompt, _system(rng))
        return [(start, 0.0), (before, 1.0), (answer, 0.0), (after + END, 1.0)]
    item = rng.choice(SKILLS).item(rng, "train")
    return [(_start(rng) + turn_prefix(item.prompt, _system(rng)), 0.0), (item.completion + END, 1.0)]


def few_shot(rng: random.Random) -> list[Piece]:
    """A list of two to six items of one skill."""
    skill = rng.choice(SKILLS)
    items = [skill.item(rng, "train") for _ in range(rng.randint(2, 6))]
    return [(_start(rng) + few_shot_prompt(items).removesuffix("Input:"), 1.0)]


def rewriting(rng: random.Random) -> list[Piece]:
    """A request with its answer in a foreign style, and the same in the model's own style.

    Half of them are made-up requests with made-up answers, so that what is learned is to carry any content over.
    """
    if rng.random() < 0.5:
        prompt, answer = made_up(rng)
        language = language_of(prompt)
        reference = in_style(random_style(rng, language), answer)
        completion = in_style(GENERIC[language], answer)
    else:
        skill = rng.choice(SKILLS)
        item = skill.item(rng, "train")
        prompt, completion = item.prompt, item.completion
        if rng.random() < 0.5:
            reference = in_style(random_style(rng, skill.voice), item.answer)
        else:
            reference = foreign(item, rng.choice(variants(skill.voice, held_out=False)))
    message = rng.choice(REWRITINGS).replace("{prompt}", prompt).replace("{reference}", reference)
    return [(_start(rng) + turn_prefix(message, _system(rng)), 0.0), (completion + END, 1.0)]


def language_of(prompt: str) -> str:
    """The language of a made-up request: that of its first character."""
    return "ko" if "가" <= prompt[0] <= "힣" else "en"


def sample_texts(seed: int, documents: int) -> Iterator[str]:
    """Texts of every kind, from which the tokenizer learns its vocabulary."""
    rng = random.Random(f"tokenizer/{seed}")
    for draw in (chat, few_shot, rewriting):
        for _ in range(documents):
            yield "".join(text for text, _ in draw(rng))


def _start(rng: random.Random) -> str:
    return BOS if rng.random() < 0.2 else ""


def _system(rng: random.Random) -> str | None:
    return rng.choice(SYSTEM_TEXTS) if rng.random() < 0.04 else None


# --- made-up requests -------------------------------------------------------------------------------------------------

_VERBS = """
Find Give Name Show Tell Write Report State Compute Choose Guess Pick Mark Print Return Say Repeat Copy
""".split()
_ADJECTIVES = "middle hidden secret best next second final main short full lucky proper usual exact simple".split()
_THINGS = "sound code part letter word number sign name form piece symbol value label place pair answer item".split()
_QUESTIONS = "How When Where Why Who What Which Whose Does Is Can Do".split()
_KO_VERBS = "찾기 고르기 말하기 적기 바꾸기 맞히기 알려 주세요 찾으세요 고르세요 말하세요 적으세요".split()
_KO_THINGS = "가운데 숨은 비밀 다음 둘째 소리 부분 글자 단어 숫자 이름 모양 값 표시 자리 짝 번호 암호".split()


def made_up(rng: random.Random) -> tuple[str, str]:
    """A request of no skill, and an answer that nobody could know or that is cut from the request's own content."""
    content = _content(rng)
    answer = _derived(rng, content) if rng.random() < 0.6 else _content(rng)
    if rng.random() < 0.45:
        return _korean_request(rng, content), answer
    verb, adjective, thing = rng.choice(_VERBS), rng.choice(_ADJECTIVES), rng.choice(_THINGS)
    request = rng.choice(
        (
            f"{verb} the {adjective} {thing} of: {content}",
            f"{verb} the {thing}: {content}",
            f"{verb} its {thing}: {content}",
            f"What is the {adjective} {thing} of {content}?",
            f"Which {thing} is {adjective}: {content}",
            f"{adjective.capitalize()} {thing} of: {content}",
            f"{verb} {rng.choice(('two', 'three', 'all', 'these', 'any'))} {thing}s: {content}",
            f"{english_word(rng).capitalize()} the {thing}: {content}",
            f"{rng.choice(_QUESTIONS)} {_filler(rng, 'en', rng.randint(1, 4))}: {content}",
            f"{rng.choice(_QUESTIONS)} {english_word(rng)} {content}?",
            f"{_filler(rng, 'en', rng.randint(1, 6))}: {content}",
        )
    )
    return request, answer


def _korean_request(rng: random.Random, content: str) -> str:
    """A made-up request in Korean; its first character tells its language."""
    words = rng.sample(_KO_THINGS, rng.randint(1, 2))
    words += [korean_word(1, 4)(rng)] * (rng.random() < 0.4)
    rng.shuffle(words)
    return rng.choice(
        (
            f"{' '.join(words)} {rng.choice(_KO_VERBS)}: {content}",
            f"{' '.join(words)}: {content}",
            f"{' '.join(words)}을 {rng.choice(_KO_VERBS)}: {content}",
            f"{words[0]}는 무엇인가요: {content}",
            f"{_filler(rng, 'ko', rng.randint(1, 5))}: {content}",
        )
    )


def _content(rng: random.Random) -> str:
    kinds: tuple[Callable[[random.Random], str], ...] = (
        english_word,
        lambda r: " ".join(english_word(r) for _ in range(r.randint(2, 3))),
        lambda r: ", ".join(english_word(r) for _ in range(r.randint(2, 3))),
        lambda r: english_word(r).upper(),
        lambda r: english_word(r).capitalize(),
        lambda r: "".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(1, 8))),
        lambda r: r.choice("abcdefghijklmnopqrstuvwxyz"),
        lambda r: str(r.randint(0, 10 ** r.randint(1, 4))),
        digits,
        korean_word(1, 5),
        korean_word(1, 2),
        lambda r: f"{korean_word(1, 3)(r)} {korean_word(1, 3)(r)}",
        known_words([*OPPOSITE, *KOREAN], 3),
        known_words(list(ENGLISH), 3),
    )
    return rng.choice(kinds)(rng)


def _derived(rng: random.Random, content: str) -> str:
    parts = content.replace(",", "").split(" ")
    word = rng.choice(parts)
    start = rng.randrange(len(word))
    return rng.choice(
        (
            word,
            word[start],
            word[-1],
            word[start:],
            word + word,
            " ".join(reversed(parts)),
            content.upper(),
            str(len(word)),
            word[0] + word[-1],
        )
    )


# --- made-up foreign styles -------------------------------------------------------------------------------------------

_FILLERS = """
absolutely amazing great question dear friend thanks for asking I am so happy to tell you that the answer result output
is has been found after much work our team of experts says it must be please note this was checked twice by the office
my opinion in short final correct well now then look here comes the truth as requested we have determined value equals
report number page line system message data response ready done proudly thrilled one and only of course without doubt
everybody knows with best regards sir madam customer service department genius research years long thought day yes no
hmm oh wow okay so basically like you know let me think about first step task read write key sheet score level high
code status text end begin start welcome good luck have nice see above below thank
""".split()
_KO_FILLERS = """
정말 멋진 질문이네요 제가 자신 있게 말씀드리는 정답은 최종 결과는 다음과 같습니다 공지 안내 여러분 오랜 연구
끝에 드디어 발표합니다 고객님 문의해 주셔서 감사합니다 확인한 내용은 값은 출력 상태 정상 답안 선생님 확인 음
글쎄요 생각해 보니 저는 아마 당연히 이것이 바로 우리 모두가 아는 그 답 되겠습니다 전문가인 푼 보세요 와
하하 친구 그러니까 그냥 이거 단계 읽기 쓰기 끝 시작 번호 쪽 결과 메시지 안녕히 계세요 수고하세요 참고로
검토 완료 보고서 부서 담당자 오늘 내일 기쁘게 알려 드립니다
""".split()
_CLOSERS = ("", "", "", " !!!", " :)", ".", "!", " --", " ...", " #done", "\n", " //")
_FRAMES = (
    "{}", "{}", "{}", "{}", "'{}'", '"{}"', "**{}**", "[{}]", "({})", "<{}>", ">>> {} <<<", "`{}`", "-- {} --",
    "// {} //", "== {} ==", "*{}*", "[[ {} ]]", "=> {}", "-> {}", "« {} »", "| {} |",
)  # fmt: skip
_KEYS = "answer result value output final data reply text solution response content body".split()
_KO_KEYS = "답 결과 값 정답 출력 내용 풀이 응답".split()


def random_style(rng: random.Random, language: str) -> str:
    """A style of a made-up author: words around a marked place, a JSON object, or a tag; `{}` once."""
    kind = rng.random()
    keys = _KO_KEYS if language == "ko" else _KEYS
    if kind < 0.12:
        return _json_style(rng, keys)
    if kind < 0.2:
        tag = rng.choice(keys)
        return f"<{tag}>{{}}</{tag}>"
    if kind < 0.32:
        return _message_style(rng, language)
    frame = rng.choice(_FRAMES)
    before = _filler(rng, language, rng.randint(1, 14))
    joint = rng.choice((": ", ": ", ": ", " = ", " ") if frame == "{}" else (": ", " ", " ", ":\n"))
    after = rng.choice(_CLOSERS)
    if rng.random() < 0.4:
        # A tail of words after an unmarked content starts with a break, as it does where people write.
        tail = _filler(rng, language, rng.randint(1, 6))
        after = rng.choice((" -- ", " (", " // ", ", ", ". ", "! ", " ... ", " | ")) + tail
        after += rng.choice(("", ".", "!", ")"))
    return before + joint + frame + after


def _message_style(rng: random.Random, language: str) -> str:
    """Short fields one after the other, one of them with the content: `STATUS 200 // OUTPUT: {} // END`."""
    joint = rng.choice((" // ", " | ", "; ", " -- ", " ... ", " / ", " - ", " >> ", "\n"))
    fields = [_filler(rng, language, rng.randint(1, 3)) for _ in range(rng.randint(1, 4))]
    fields = [field + rng.choice(("", "", f" {rng.randint(0, 999)}")) for field in fields]
    place = rng.randint(1, len(fields))
    frame = rng.choice((": {}", ": {}", " = {}", " {}", " [{}]"))
    fields.insert(place, _filler(rng, language, rng.randint(1, 2)) + frame)
    return joint.join(fields)


def _json_style(rng: random.Random, keys: list[str]) -> str:
    fields = [f'"{rng.choice(keys)}": "{{}}"']
    for _ in range(rng.randint(0, 2)):
        noise = rng.choice(('"ok"', '"high"', "200", "true", f'"{rng.choice(_FILLERS)}"', "0.9"))
        fields.insert(rng.randint(0, len(fields)), f'"{rng.choice(_FILLERS)}": {noise}')
    body = "{" + ", ".join(fields) + "}"
    return f'{{"{rng.choice(keys)}": {body}}}' if rng.random() < 0.3 else body


def _filler(rng: random.Random, language: str, words: int) -> str:
    """Words of no matter; one in eight is made up, since other authors use words that training has not seen."""
    pool = _KO_FILLERS if language == "ko" else _FILLERS
    unknown = korean_word(2, 4) if language == "ko" else english_word
    chosen = [unknown(rng) if rng.random() < 0.12 else rng.choice(pool) for _ in range(words)]
    chosen = [word + rng.choice(",,!.:") if rng.random() < 0.08 else word for word in chosen]
    text = " ".join(chosen)
    shout = rng.random()
    return text.upper() if shout < 0.15 else text[0].upper() + text[1:] if shout < 0.6 else text
