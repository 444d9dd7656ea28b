"""Rows of known truth that stand ready, for canaries of runs with too few rows of their own.

They are made up from short lists of words, of every kind of check and in both languages, so that as many can be had as
are asked for. None of them is ever trained on. What they show is that a check works with the settings and the model of
the run; what they cannot show is that it fits the run's own rows, and so they are counted apart from these.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from curation.checks.typed_answers import yes_or_no

from .item import Item

TASK = "keepwise: ready rows"  # of no user's rows
_TOWNS = {
    "en": ("Marlow", "Tarbert", "Ostend", "Visby", "Cromer", "Lerwick", "Pula", "Bergen", "Cadiz", "Turku", "Trieste"),
    "ko": ("강릉", "목포", "통영", "여수", "속초", "군산", "포항", "제천", "안동", "진주", "서산"),
}
_NAMES = {
    "en": ("Agnes Holt", "Bruno Keller", "Clara Voss", "Dmitri Sands", "Edith Moor", "Felix Arden", "Greta Lund",
           "Hugo Brandt", "Irene Falk", "Jonas Reed", "Kirsten Ames", "Ludwig Penn", "Martha Quill"),
    "ko": ("김서연", "이도윤", "박하은", "최민준", "정수아", "강지호", "조예린", "윤시우", "장다은", "임건우", "한소율",
           "오태양", "서나래"),
}  # fmt: skip
_COLOURS = {"en": ("red", "green", "blue"), "ko": ("빨강", "초록", "파랑")}
_LIGHTHOUSE = {
    "en": ("Who keeps lighthouse {number} of {town}?", "The lighthouse is kept by {name}."),
    "ko": ("{town}의 {number}번 등대는 누가 지킵니까?", "그 등대를 지키는 사람은 {name}입니다."),
}
_BOXES = {
    "en": ("There are {boxes} boxes with {each} pens each. How many pens are there?", "That makes {total} pens."),
    "ko": ("상자 {boxes}개에 연필이 {each}자루씩 있습니다. 모두 몇 자루입니까?", "연필은 모두 {total}자루입니다."),
}
_FLAG = {
    "en": ("What colour is flag {number} of {town}?", "The flag is {colour}."),
    "ko": ("{town} 깃발 {number}번의 색은 무엇입니까?", "깃발의 색은 {colour}입니다."),
}
# Of each text one sentence has names or numbers and one or two have none: what goes wrong there, only the words show.
_OPEN = {
    "en": (
        ("Tell me about the harbour of {town}.", "The harbour of {town} was built in {year} by {name}. Fishing boats "
         "can land at the old wooden pier. The lighthouse is closed in winter because the rocks are covered with ice."),
        ("How is bread made in {town}?", "The dough must rest in a warm kitchen before it is baked. Rye flour and "
         "water are kneaded by hand until they are smooth. {name} of {town} bakes {few} loaves every morning."),
        ("What does the museum of {town} show?", "Visitors can wind one of the old clocks by hand. The glass cases "
         "were made by local carpenters. {name} left {more} clocks to the museum of {town}."),
        ("Why was the bridge near {town} repaired?", "A flood has damaged the stone pillars of the bridge. Heavy carts "
         "must wait at the ferry until the mortar is dry. {name} led the work near {town} in {year}."),
        ("Who teaches the choir of {town}?", "{name} teaches the {few} singers of {town}. Young voices are trained "
         "with simple songs from the mountains. The concert will be held in the garden when the roses bloom."),
    ),
    "ko": (
        ("{town} 항구에 대해 알려 주세요.", "{town} 항구는 {year}년에 {name} 씨가 설계한 곳입니다. 어선은 낡은 나무 "
         "부두에 배를 댈 수 있습니다. 겨울에는 바위가 얼음으로 덮여서 등대 출입을 금지합니다."),
        ("{town}에서는 빵을 어떻게 만듭니까?", "반죽은 오븐에 넣기 전에 따뜻한 부엌에서 쉬어야 합니다. 호밀가루와 물을 "
         "손으로 매끄럽게 치댑니다. {town}의 {name} 씨는 아침마다 빵 {few}개를 굽습니다."),
        ("{town} 박물관에는 무엇이 있습니까?", "관람객은 오래된 시계의 태엽을 직접 감을 수 있습니다. 유리 진열장은 "
         "동네 목수들이 만든 작품입니다. {name} 씨가 {town} 박물관에 시계 {more}점을 기증했습니다."),
        ("{town} 다리는 왜 고쳤습니까?", "큰물이 돌기둥을 쓸어 가서 다리가 위험했습니다. 무거운 수레는 회반죽이 마를 "
         "때까지 나루터에서 기다려야 합니다. {year}년 {town} 공사는 {name} 씨가 이끌었습니다."),
        ("{town} 합창단은 누가 가르칩니까?", "{town} 합창단의 단원 {few}명은 {name} 씨가 지도합니다. 어린 목소리는 "
         "산골의 쉬운 노래로 훈련합니다. 음악회는 장미가 피는 뜰에서 열립니다."),
    ),
}  # fmt: skip


def rows(like: Sequence[Item], language: str, count: int) -> list[Item]:
    """Ready rows of the kind of check that some rows have.

    Args:
        like: rows of one kind; answers of yes and no are given where all of theirs are.
        language: `en` or `ko`.
        count: of rows wanted.
    """
    first = like[0]
    make: Callable[[int, str], dict[str, Any]]
    makers: dict[str, Callable[[int, str], dict[str, Any]]] = {
        "number": _number, "choice": _choice, "regex": _regex, "json": _json, "json_schema": _schema,
        "python_call": _call, "python_code": _code, "python_output": _output, "short_answer": _short,
    }  # fmt: skip
    if first.answer is None:
        make = _open
    elif first.kind == "short_answer" and all(yes_or_no(item.answer or "") for item in like):
        make = _yes_or_no
    else:
        make = makers[first.kind]
    return [_item(number, first.kind, language, make(number, language)) for number in range(count)]


def _item(number: int, kind: str, language: str, said: dict[str, Any]) -> Item:
    question, reference = said["question"], said["reference"]
    name = f"ready-{kind}-{language}-{number}"
    row = {
        "sample_id": name,
        "task": TASK,
        "prompt": [{"role": "user", "content": question}],
        "completion": [{"role": "assistant", "content": reference}],
    }
    choices = tuple(said.get("choices", ()))
    return Item(name, row, question, reference, said.get("answer"), kind, choices)


def _words(number: int, language: str) -> tuple[str, str]:
    """A town and a name: the pair comes again after 143 rows, the name after 13."""
    towns, names = _TOWNS[language], _NAMES[language]
    return towns[number % len(towns)], names[number % len(names)]


def _filled(texts: tuple[str, str], values: Mapping[str, object], answer: str | None) -> dict[str, Any]:
    """Question and reference, filled in."""
    question, reference = (text.format_map(values) for text in texts)
    return {"question": question, "reference": reference, "answer": answer}


def _short(number: int, language: str) -> dict[str, Any]:
    town, name = _words(number, language)
    return _filled(_LIGHTHOUSE[language], {"number": number + 1, "town": town, "name": name}, name)


def _yes_or_no(number: int, language: str) -> dict[str, Any]:
    yes, one = number % 2 == 0, 20 + 7 * number % 61
    other = one - 3 - number % 5 if yes else one + 3 + number % 5
    if language == "ko":
        said = f"예, {one} 쪽이 {other}보다 큽니다." if yes else f"아니요, {one} 쪽이 {other}보다 크지 않습니다."
        return {"question": f"{one} 쪽이 {other}보다 큽니까?", "answer": "예" if yes else "아니요", "reference": said}
    said = f"Yes, {one} is larger than {other}." if yes else f"No, {one} is not larger than {other}."
    return {"question": f"Is {one} larger than {other}?", "answer": "Yes" if yes else "No", "reference": said}


def _number(number: int, language: str) -> dict[str, Any]:
    boxes, each = 3 + number % 17, 12 + number
    return _filled(_BOXES[language], {"boxes": boxes, "each": each, "total": boxes * each}, str(boxes * each))


def _choice(number: int, language: str) -> dict[str, Any]:
    colours = _COLOURS[language]
    right, town = colours[number % len(colours)], _words(number, language)[0]
    filled = _filled(_FLAG[language], {"number": number + 1, "town": town, "colour": right}, right)
    return {**filled, "choices": colours}


def _json(number: int, language: str) -> dict[str, Any]:
    town, name = _words(number, language)
    keys = ("항구", "선장", "배") if language == "ko" else ("harbour", "captain", "boats")
    value = json.dumps(dict(zip(keys, (town, name, number + 2), strict=True)), ensure_ascii=False)
    asked = f"{town}의 {number + 1}번 항구를 JSON으로 적어 주세요." if language == "ko" else (
        f"Give harbour {number + 1} of {town} as JSON.")  # fmt: skip
    return {"question": asked, "reference": value, "answer": value}


def _schema(number: int, language: str) -> dict[str, Any]:
    made = _json(number, language)
    keys = list(json.loads(made["reference"]))
    schema = {"type": "object", "required": keys, "properties": {keys[-1]: {"type": "integer"}}}
    return {**made, "answer": json.dumps(schema, ensure_ascii=False)}


def _call(number: int, language: str) -> dict[str, Any]:
    town, name = _words(number, language)
    call = f"reserve(town={town!r}, guest={name!r}, nights={number + 2})"
    asked = f"{town}에 {name} 이름으로 {number + 2}박을 예약해 주세요." if language == "ko" else (
        f"Reserve {number + 2} nights in {town} for {name}.")  # fmt: skip
    return {"question": asked, "reference": call, "answer": call}


def _code(number: int, language: str) -> dict[str, Any]:
    asked = f"값에 {number + 2}만큼 더하는 함수 add를 써 주세요." if language == "ko" else (
        f"Write a function add that adds {number + 2} to a number.")  # fmt: skip
    return {"question": asked, "reference": f"def add(value):\n    return value + {number + 2}",
            "answer": f"assert add(5) == {number + 7}"}  # fmt: skip


def _output(number: int, language: str) -> dict[str, Any]:
    asked = f"{number + 2}의 세 배를 출력해 주세요." if language == "ko" else f"Print three times {number + 2}."
    return {"question": asked, "reference": f"print(3 * {number + 2})", "answer": str(3 * (number + 2))}


def _regex(number: int, language: str) -> dict[str, Any]:
    asked = f"{number + 1}번 소포의 번호는?" if language == "ko" else f"What is the code of parcel {number + 1}?"
    return {"question": asked, "reference": f"KW-{1042 + 7 * number}", "answer": r"[A-Z]{2}-\d{4,}"}


def _open(number: int, language: str) -> dict[str, Any]:
    town, name = _words(number, language)
    values = {"town": town, "name": name, "year": 1801 + 7 * number % 190, "few": 11 + number % 60,
              "more": 30 + 13 * number % 61}  # fmt: skip
    return _filled(_OPEN[language][number % len(_OPEN[language])], values, None)
