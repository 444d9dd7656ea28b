"""Answers that say what another row's input says are refused; what is like its own row's is only named."""

from collections.abc import Callable

import pytest

from synth.distill import copies
from synth.distill.claim import Claim
from synth.distill.item import Item
from synth.novelty import NoveltyOptions

MakeItem = Callable[..., Item]
LIMITS = NoveltyOptions()
RIVER = "The river rises in the hills of the north and runs past nine old mills to the sea at last"
BREAD = "Flour and water are kneaded by hand for ten minutes and rest under a cloth until they have doubled"
KOREAN = "북쪽 산에서 솟은 강은 아홉 개의 오래된 물방앗간을 지나 굽이굽이 흘러서 마침내 넓은 바다에 이른다"
KOREAN_OTHER = "밀가루와 물을 손으로 십 분 동안 치대고 두 배로 부풀 때까지 천을 덮어 따뜻한 곳에 둔다"


def found(rows: list[Item], texts: dict[int, str], most: float = 1.0) -> dict[int, dict[str, tuple[float, bool, str]]]:
    """Checks by name of the texts of rows: score, whether passed, what was found."""
    claims = [Claim(f"{at}", rows[at], text) for at, text in texts.items()]
    given = copies.inputs(rows, LIMITS)
    made = copies.checks(claims, given, LIMITS, most)
    return {int(key): {one.name: (one.score, one.passed, one.detail) for one in many} for key, many in made.items()}


@pytest.mark.parametrize(("mine", "other"), [(RIVER, BREAD), (KOREAN, KOREAN_OTHER)])
@pytest.mark.parametrize("part", ["reference", "question"])
def test_another_rows_text_is_refused_and_named(make_item: MakeItem, mine: str, other: str, part: str) -> None:
    texts = {"reference": other} if part == "reference" else {"question": other}
    rows = [make_item(0, reference=mine, answer=None), make_item(1, answer=None, **texts)]
    made = found(rows, {0: f"{other} today", 1: f"{other} today"})
    score, passed, said = made[0]["repeats_input"]
    name = "reference" if part == "reference" else "prompt"
    assert (score, passed) == (0.0, False) and said.endswith(f"like the {name} of row {rows[1].id}")
    assert made[0]["own_words"][1]  # nothing of its own reference is in it
    assert made[1]["repeats_input"][1]  # its own row's text


def test_short_texts_are_compared_with_nothing(make_item: MakeItem) -> None:
    rows = [make_item(0, reference="It is positive."), make_item(1, reference="It is negative.")]
    assert found(rows, {0: "It is negative.", 1: "It is negative."}) == {}
    eleven = " ".join(RIVER.split()[:11])
    rows = [make_item(0, reference=BREAD), make_item(1, reference=f"{eleven} long")]
    assert 0 not in found(rows, {0: eleven}) and not found(rows, {0: f"{eleven} long"})[0]["repeats_input"][1]


def test_an_answer_like_its_own_reference_repeats_no_other_as_like(make_item: MakeItem) -> None:
    """A set with one reference twice: the answer is as right for both rows."""
    rows = [make_item(0, reference=RIVER, answer=None), make_item(1, reference=f"{RIVER} indeed", answer=None)]
    assert found(rows, {0: f"{RIVER} today"})[0]["repeats_input"][1]


def test_an_answer_between_its_own_reference_and_anothers_is_its_own(make_item: MakeItem) -> None:
    """Near both, which are not near each other."""
    words = [f"word{n}" for n in range(48)]
    own, said, other = (" ".join(words[at : at + 40]) for at in (0, 4, 8))
    rows = [make_item(0, reference=own, answer=None), make_item(1, reference=other, answer=None)]
    assert found(rows, {0: said})[0]["repeats_input"][1] and not found(rows, {0: other})[0]["repeats_input"][1]


def test_where_the_inputs_are_alike_the_answer_is_no_copy(make_item: MakeItem) -> None:
    """Own reference and the other text are near, the answer is near the other alone."""
    words = RIVER.split()
    own, other, said = (
        " ".join(words),
        " ".join([*words, "in", "the", "west"]),
        " ".join([*words[3:], *["in", "the", "west", "so", "it", "is"]]),
    )
    rows = [make_item(0, reference=own, answer=None), make_item(1, reference=other, answer=None)]
    alone = found([make_item(0, reference=BREAD, answer=None), rows[1]], {0: said})[0]
    assert not alone["repeats_input"][1]  # without the own reference it is a copy
    made = found(rows, {0: said})[0]
    assert made["own_words"][0] > 0.3 and made["repeats_input"][1]


def test_a_prompt_of_two_rows_may_stand_in_the_answers_of_both(make_item: MakeItem) -> None:
    """As where code is to be completed: the answer repeats what was asked."""
    rows = [make_item(n, question=RIVER, reference=f"{n}", answer=None) for n in range(2)]
    assert found(rows, {0: f"{RIVER} again"})[0]["repeats_input"][1]


@pytest.mark.parametrize(("answers", "passed"), [(("8", "9"), True), (("8", " 8 "), False), (("8", None), False)])
def test_rows_are_told_apart_by_their_bare_answers(
    make_item: MakeItem, answers: tuple[str, str | None], passed: bool
) -> None:
    rows = [make_item(0, reference="so many", answer=answers[0]), make_item(1, reference=RIVER, answer=answers[1])]
    assert found(rows, {0: f"{RIVER} so"})[0]["repeats_input"][1] == passed


def test_further_references_are_the_rows_own(make_item: MakeItem) -> None:
    own = make_item(0, reference=BREAD, answer=None)
    own = Item(own.id, own.row, own.question, own.reference, None, own.kind, (), others=(RIVER,))
    made = found([own, make_item(1, reference=RIVER, answer=None)], {0: RIVER})[0]
    assert made["own_words"][0] == 0.0 and made["repeats_input"][1]
    other = found([make_item(2, reference="short", answer=None), own], {0: RIVER})[0]
    assert other["repeats_input"][2] == f"1.00 like the reference of row {own.id}"


@pytest.mark.parametrize(("most", "passed"), [(1.0, True), (0.9, False)])
def test_a_copy_of_the_own_reference_passes_unless_copies_are_limited(
    make_item: MakeItem, most: float, passed: bool
) -> None:
    rows = [make_item(0, reference=RIVER, answer=None)]
    made = found(rows, {0: RIVER.upper()}, most)[0]["own_words"]
    assert made == (0.0, passed, "1.00 like its own reference")
    half = " ".join([*RIVER.split()[:12], *BREAD.split()[:8]])
    assert found(rows, {0: half}, most)[0]["own_words"][1] and 0 < found(rows, {0: half})[0]["own_words"][0] < 1


def test_more_texts_than_are_compared_at_a_time(make_item: MakeItem, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make_item(n, reference=f"{RIVER} {n}", answer=None) for n in range(40)]
    rows.append(make_item(40, reference=BREAD, answer=None))
    texts = {40: f"{RIVER} 7", **{n: f"{RIVER} {n + 1}" for n in range(40)}}
    whole = found(rows, texts)
    monkeypatch.setattr("synth.likeness.BLOCK", 3)
    assert found(rows, texts) == whole
    assert [at for at, checks in whole.items() if not checks["repeats_input"][1]] == [40]
    assert whole[40]["repeats_input"][2] == f"1.00 like the reference of row {rows[7].id}"
