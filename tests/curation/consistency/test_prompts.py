"""Prompts that ask the same, and prompts that only look alike."""

import polars as pl
import pytest

from curation.consistency import prompts

SAME = [
    ("Who directed the film Chowk?", "who directed film Chowk"),
    ("What are the symptom of asthma ?", "What are the symptoms of asthma?"),
    ("대한민국의 수도는 어디인가요?", "대한민국의 수도는 어디입니까"),
    ("세종대왕은 언제 태어났나요?", "세종대왕이 언제 태어났나요?"),
    ("책을 어디에서 빌리나요?", "책를 어디에서 빌리니"),
    ("독도는 어느 나라 땅인가요?", "독도는 어느 나라 땅인가?"),
    ("왜 그런가요?", "왜 그런가"),
]
TYPOS = [
    ("What is the enviroment of a brown trout?", "What is the environment of a brown trout?"),
    ("How does a trian work on these long lines?", "How does a train work on these lnog lines?"),
]
OTHER = [
    ("What is 3 + 4?", "What is 3 + 5?"),
    ("What is 3 + 4?", "What is 3 - 4?"),
    ("What is the capital of France?", "What is the capital of Finland?"),
    ("Is it hot?", "Is it not hot?"),
    ("Does smoking cause asthma?", "Does asthma cause smoking?"),
    ("Who directed Martin?", "Who directed Marvin?"),  # names
    ("What causes hypotension?", "What causes hypertension?"),
    ("철수가 영희를 만났나요?", "철수를 영희가 만났나요?"),
    ("먹어도 되나요?", "안 먹어도 되나요?"),
    ("Where is it?", "그것은 어디에 있나요?"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same(one: str, other: str) -> None:
    assert prompts.content_key(one) == prompts.content_key(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_not_the_same(one: str, other: str) -> None:
    assert prompts.key(one) != prompts.key(other)
    assert prompts.content_key(one) != prompts.content_key(other)
    assert not prompts.same_but_for_typos(one, other) and not prompts.same_but_for_typos(other, one)


def test_content_is_text_and_no_cut_bytes() -> None:
    assert prompts.content_key("사과를 어느 나라가 더 먹나요?") == "사과를 어느 나라는 더 먹"


def test_typing_errors() -> None:
    assert prompts.same_but_for_typos(*TYPOS[0])
    assert not prompts.same_but_for_typos(*TYPOS[1])  # short words


def test_keys_fold_case_marks_and_korean_spacing() -> None:
    assert prompts.key("Who  wrote “It”?") == prompts.key("who wrote it")
    assert prompts.key("수도는 어디 인가요?") == prompts.key("수도는어디인가요")
    assert prompts.key("3.5 + 4") != prompts.key("35 + 4")
    assert prompts.key("?!") == ""
    assert prompts.content_key("Is it the?") != "" != prompts.content_key("Is that so?")


def test_groups_whatever_the_order() -> None:
    texts = pl.Series(sorted({text for pair in SAME + TYPOS + OTHER for text in pair} | {"?!"}))
    found = prompts.groups(texts, 0.7)
    assert found.equals(prompts.groups(texts.reverse(), 0.7))
    members = found.group_by("group").agg("prompt").filter(pl.col("prompt").list.len() > 1)["prompt"].to_list()
    assert sorted(map(sorted, members)) == sorted(map(sorted, SAME + TYPOS[:1]))
    typed = found.filter(pl.col("similarity") < 1)
    assert typed["prompt"].to_list() == [TYPOS[0][0]] and typed["similarity"][0] >= 0.7


def test_groups_by_key_alone() -> None:
    found = prompts.groups(pl.Series(["Who?", "who", "the who", "책을  사다", "책을사다"]), None)
    assert dict(found.select("prompt", "group").iter_rows()) == {
        "Who?": "who",
        "who": "who",
        "the who": "the who",
        "책을  사다": "책을사다",
        "책을사다": "책을사다",
    }
