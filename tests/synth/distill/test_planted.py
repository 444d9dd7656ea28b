"""Texts made wrong in one known way, the same way every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.distill import planted

TEXT = "The mill of Anna Keller was built in 1850. It has three stones and can grind barley."
OTHER = "The harbour of Oslo was dredged by Nils Berg. Ships with timber sailed to distant markets."
KOREAN = "물레방아는 1850년에 세워졌습니다. 마을 사람들은 보리를 빻을 수 있습니다."
KOREAN_OTHER = "항구의 선박은 목재를 실었습니다. 상인들이 시장으로 떠났습니다."


@pytest.mark.parametrize("kind", planted.KINDS)
@pytest.mark.parametrize(("text", "other"), [(TEXT, OTHER), (KOREAN, KOREAN_OTHER)])
def test_every_kind_changes_what_it_names(kind: str, text: str, other: str) -> None:
    for seed in range(5):
        made = planted.plant(kind, text, other, seed)
        assert made is not None and made != text and made == planted.plant(kind, text, other, seed)
        if kind == "number":
            assert "1850" not in made and made.replace(made[made.find("18") : made.find("18") + 4], "1850") == text
        if kind == "dropped sentence":
            assert made in text
        if kind == "added claim":
            assert made.startswith(text) and made[len(text) :].strip() in other


def test_negations_are_put_in_and_taken_out() -> None:
    assert planted.plant("negation", "It is green.", "", 1) == "It is not green."
    assert planted.plant("negation", "It isn't green.", "", 1) == "It is green."
    assert planted.plant("negation", "It can't swim.", "", 1) == "It can swim."
    assert planted.plant("negation", "초록색입니다.", "", 1) == "초록색이지 않습니다."
    assert planted.plant("negation", "답이 없습니다.", "", 1) == "답이 있습니다."


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("센 불에서 끓입니다.", "센 불에서 끓이지 않습니다."),  # `끓이 아닙니다` is no Korean and denies nothing
        ("센 불로 끓이다가 식혀요.", "센 불로 끓이지 않다가 식혀요."),
        ("빛이 섞여 있습니다.", "빛이 섞여 있지 않습니다."),
        ("일부를 담고 있어요.", "일부를 담고 있지 않아요."),
        ("수소로 되어 있다.", "수소로 되어 있지 않다."),
        ("점검이 있어요.", "점검이 없어요."),
        ("제가 갈 수 있습니다.", "제가 갈 수 없습니다."),
    ],
)
def test_korean_verbs_are_denied_as_verbs_are(text: str, denied: str) -> None:
    assert planted.plant("negation", text, "", 1) == denied


def test_a_greeting_claims_nothing_that_could_be_denied() -> None:
    assert planted.plant("negation", "안녕하세요.", "", 1) is None
    assert planted.plant("negation", "안녕하세요, 확인하세요.", "", 1) == "안녕하세요, 확인하지 마세요."


def test_names_become_names() -> None:
    made = planted.plant("entity", TEXT, OTHER, 1)
    assert made is not None and ("Anna" not in made or "Keller" not in made)
    assert any(name in made for name in ("Oslo", "Nils", "Berg"))


def test_the_seed_says_which_place_is_changed() -> None:
    text = "In 1850 they were 42, with 17 of them young and 38 old."
    assert len({planted.plant("number", text, "", seed) for seed in range(8)}) > 4


def test_a_text_without_a_place_for_it_gives_none() -> None:
    assert planted.plant("number", "No digits.\n1. None", "", 1) is None
    assert planted.plant("dropped sentence", "One sentence stands alone.", "", 1) is None
    assert planted.plant("added claim", TEXT, "", 1) is None
    assert planted.plant("entity", TEXT, "", 1) is None
    assert planted.plant("negation", "Green grass.", "", 1) is None


def test_other_forms_say_the_same() -> None:
    assert planted.alike("It's green. It doesn't swim.") == {
        "contractions": "It is green. It does not swim.", "sentences in another order": "It doesn't swim. It's green.",
    }  # fmt: skip
    assert planted.alike("1. 초록색입니다.") == {
        "marks of lists": "* 초록색입니다.", "other speech level": "1. 초록색이에요.",
    }  # fmt: skip


@given(
    kind=st.sampled_from(planted.KINDS), text=st.text(max_size=60), other=st.text(max_size=60), seed=st.integers(0, 9)
)
def test_any_text_is_changed_or_left(kind: str, text: str, other: str, seed: int) -> None:
    made = planted.plant(kind, text, other, seed)
    assert made is None or " ".join(made.split()) != " ".join(text.split())
